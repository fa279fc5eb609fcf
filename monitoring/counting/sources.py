"""Which source a run counts: what the settings say."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from monitoring.counting.log_source import LogSource
from monitoring.counting.snapshot import Snapshot, archives
from monitoring.counting.source import Progress, Source, SourceError
from monitoring.counting.store import Store
from monitoring.settings import Settings

if TYPE_CHECKING:
    from monitoring.counting.bigquery.source import BigQuerySource


@contextmanager
def source_of(store: Store, settings: Settings, work: Path, progress: Progress) -> Iterator[Source]:
    """The log of a run: files that are counted here or by a cluster, or the tables of a sink.

    Args:
        store: Where its counts come.
        settings: Where it is, and what counts it.
        work: A folder of the run's own; with Spark, on the disk that the cluster sees.
        progress: Told what is being done.

    Raises:
        SourceError, ArchiveError, OSError: if it can't be read.
    """
    if settings.events_table:
        with in_bigquery(store, settings) as source:
            yield source
    elif settings.spark_master:
        with _on_spark(store, settings, work) as source:
            yield source
    else:
        yield LogSource.of(store, settings, work, progress)


@contextmanager
def in_bigquery(store: Store, settings: Settings) -> Iterator["BigQuerySource"]:
    """The log in the tables of a sink.

    Raises:
        SourceError: if it can't be read.
    """
    try:  # only those who use it have the client, whose import takes 0.7 s
        from monitoring.counting.bigquery.source import BigQuerySource
        from monitoring.counting.bigquery.warehouse import Warehouse
    except ImportError as error:
        raise SourceError(f"PUERTA_EVENTS_TABLE needs BigQuery's client, google-cloud-bigquery: {error}") from error
    warehouse = Warehouse(settings.events_table, settings)
    try:
        yield BigQuerySource(store, warehouse, settings)
    finally:
        warehouse.close()


@contextmanager
def _on_spark(store: Store, settings: Settings, work: Path) -> Iterator[Source]:
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession

        from monitoring.counting.spark.source import SparkSource
        from monitoring.counting.spark.store import SparkStore
    except ImportError as error:
        raise SourceError(f"PUERTA_SPARK_MASTER needs Spark's client, pyspark: {error}") from error
    snapshot = Snapshot(settings.events_dir, settings.labels_dir, *archives(settings.archive_dir), work)
    try:
        session = SparkSession.builder.master(settings.spark_master).appName("puerta-monitoring").getOrCreate()
        with SparkStore(session) as there:
            yield SparkSource(store, there, snapshot, settings.pace.grain)
    except PySparkException as error:
        raise SourceError(f"{settings.spark_master}: {error}") from error
