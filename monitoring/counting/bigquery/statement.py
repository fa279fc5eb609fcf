"""One model's counting as a statement, for whoever runs it by hand or on a schedule of BigQuery's own."""

from datetime import datetime

from monitoring.counting.bigquery.compiler import sql
from monitoring.counting.bigquery.sink import expected
from monitoring.counting.cube import cube
from monitoring.watched import Watched


def count_sql(watched: Watched, table: str, since: datetime | None = None, until: datetime | None = None) -> str:
    """The statement that counts one model's events, with the columns of ``CUBE_COLUMNS``.

    Args:
        watched: Whose events.
        table: The sink's table, ``project.dataset.run_googleapis_com_stdout``.
        since: A whole hour in UTC: only events from it on, and only the partitions that may hold them.
        until: The same, to before it.

    Raises:
        SinkError: if the sink has one column for two of the model's features.
    """
    return sql(cube(expected(watched, table).events(watched.manifest, since, until), watched))
