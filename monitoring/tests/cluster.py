"""A real standalone Spark cluster on this machine: a master and two workers from pip's pyspark, each a process."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyspark

from gateway_config.ports import free_port

_HOST = "127.0.0.1"
_SECONDS = 60.0
_QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # a test is over before a better compiler has paid


@contextmanager
def spark_session(folder: Path) -> Iterator[Any]:
    """A session on a cluster of its own, whose logs and scratch files are in ``folder``; all of it ends with the block.

    Raises:
        RuntimeError: if a part does not come up within a minute; the message has what it said.
    """
    from pyspark.sql import SparkSession

    os.environ["SPARK_LOCAL_IP"] = _HOST
    port = free_port()
    with ExitStack() as stack:
        stack.callback(os.environ.pop, "SPARK_LOCAL_IP")
        master = f"spark://{_HOST}:{port}"
        master_log = _start(stack, folder, "master.Master", "--host", _HOST, "--port", str(port), "--webui-port", "0")
        for number in range(2):
            work = folder / f"work-{number}"
            worker = ("worker.Worker", "--host", _HOST, "--webui-port", "0", "--cores", "1", "--memory", "600m")
            _start(stack, folder, *worker, "--work-dir", str(work), master, name=f"worker-{number}")
        _wait(master_log, "Registering worker", 2)
        settings: dict[str, Any] = {
            "spark.driver.host": _HOST,
            "spark.driver.memory": "512m",
            "spark.executor.memory": "512m",
            "spark.driver.extraJavaOptions": _QUICK,
            "spark.executor.extraJavaOptions": _QUICK,
            "spark.cores.max": "2",
            "spark.scheduler.minRegisteredResourcesRatio": "1.0",  # no job before both workers are there
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
        }
        builder = SparkSession.builder.master(master).appName("puerta-monitoring")
        session = builder.config(map=settings).getOrCreate()
        stack.callback(session.stop)
        session.sparkContext.setLogLevel("ERROR")
        yield session


def _start(stack: ExitStack, folder: Path, part: str, *arguments: str, name: str = "master") -> Path:
    log = folder / f"{name}.log"
    program = Path(pyspark.__file__).parent / "bin/spark-class"
    own = {
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": _QUICK,
        "SPARK_WORKER_DIR": str(folder),
        "SPARK_NO_DAEMONIZE": "1",
    }
    with log.open("wb") as file:
        process = subprocess.Popen(
            [program, f"org.apache.spark.deploy.{part}", *arguments],
            stdout=file,
            stderr=subprocess.STDOUT,
            env=os.environ | own,
        )
    stack.callback(_stop, process)
    return log


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(log: Path, what: str, times: int) -> None:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        if len(re.findall(what, log.read_text())) >= times:
            return
        time.sleep(0.1)
    raise RuntimeError(log.read_text()[-2000:])
