"""``python -m service predict``: answers for a file of instances, asked of the service through its gateway."""

import argparse
import asyncio
import signal
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

if TYPE_CHECKING:
    from service.client.file_prediction import Counts
    from service.client.progress import Progress
    from service.client.table import Table

KEY_VARIABLE: Final = "PUERTA_API_KEY"
EXIT_CODES: Final = """\
exit codes:
  0    every row has an answer
  1    no file was written; a line on standard error says why
  2    the command line can't be understood
  3    the file was written, and has rows without an answer (--on-error skip)
  130  interrupted (143: terminated); no file was written
"""
_SKIPPED_EXIT = 3
_SIGNAL_EXIT = 128
_ENDED: Final = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


class KeyFileError(ValueError):
    """A key file that can't be used; the message never holds what is in it."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = "Predict every row of a file."
    parser.epilog = f"The key comes from --key-file or the variable {KEY_VARIABLE}.\n\n{EXIT_CODES}"
    parser.add_argument("file", type=Path, help="CSV (.csv, .tsv) or Parquet (.parquet), with the model's columns")
    parser.add_argument("--out", type=Path, required=True, help="file to write: .csv, .tsv or .parquet")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="the gateway (default: %(default)s)")
    parser.add_argument("--key-file", type=Path, help="file that holds the key, such as .local/demo.key")
    parser.add_argument("--model", help="model to ask (default: the service's own)")
    parser.add_argument("--version", help="its version (default: the newest)")
    parser.add_argument("--batch", type=_count, default=1000, help="rows in a request (default: %(default)s)")
    parser.add_argument("--in-flight", type=_count, default=4, help="requests at a time (default: %(default)s)")
    parser.add_argument("--retries", type=_number, default=8, help="how often to ask again (default: %(default)s)")
    parser.add_argument("--id-column", help="column with the rows' own ids, each there once (default: ids made here)")
    parser.add_argument("--prefix", default="", help="put before the names of the columns that are added")
    parser.add_argument(
        "--on-error",
        choices=("fail", "skip"),
        default="fail",
        help="what a row at fault does: end the run, or get an empty answer and an error beside it (default: fail)",
    )
    parser.add_argument("--delimiter", help="what stands between the values of a CSV file (default: , or a tab)")
    parser.add_argument("--encoding", help="encoding of a CSV file (default: utf-8)")


def run(options: argparse.Namespace, environment: Mapping[str, str], stdout: TextIO, stderr: TextIO) -> int:
    """Run the command; the exit code is one of ``EXIT_CODES``."""
    began = time.monotonic()
    try:
        ended = _run(options, environment, stderr)
    except ModuleNotFoundError as error:  # where only what serves is installed
        print(f"service: predict needs {error.name}: pip install 'puerta[client]'", file=stderr)
        return 1
    except KeyboardInterrupt:
        ended = signal.SIGINT
    if isinstance(ended, str):
        print(f"service: {ended}; {options.out} was not written", file=stderr)
        return 1
    if isinstance(ended, signal.Signals):
        print(f"service: {_ENDED[ended]}; {options.out} was not written", file=stderr)
        return _SIGNAL_EXIT + ended
    skipped = f", {ended.skipped:,} skipped" if ended.skipped else ""
    seconds = time.monotonic() - began
    print(f"{options.out}: {ended.answered:,} rows answered{skipped} in {seconds:.1f} s", file=stdout)
    return _SKIPPED_EXIT if ended.skipped else 0


def read_key(path: Path | None, environment: Mapping[str, str]) -> str | None:
    """The key from a file, else from the environment; None where neither has one. It is never on the command line.

    Raises:
        KeyFileError: if the file can't be read or is empty.
    """
    if path is None:
        return environment.get(KEY_VARIABLE) or None
    try:
        key = path.read_text("ascii").strip()
    except OSError as error:
        raise KeyFileError(f"--key-file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise KeyFileError(f"--key-file {path}: not a key, which is plain ASCII text") from error
    if not key:
        raise KeyFileError(f"--key-file {path}: empty, expected a key")
    return key


def _run(
    options: argparse.Namespace, environment: Mapping[str, str], stderr: TextIO
) -> "Counts | signal.Signals | str":
    """What came of the rows, the signal that ended the run, or what is wrong."""
    from service.client.endpoint import EndpointError
    from service.client.progress import progress
    from service.client.table import TableError, kind_of, open_table

    try:
        kind_of(options.out)
        key = read_key(options.key_file, environment)
        table = open_table(options.file, delimiter=options.delimiter, encoding=options.encoding)
        with progress(options.file.name, stderr) as shown:
            return asyncio.run(_until_signal(_predict(options, key, table, shown)))
    except (EndpointError, TableError, KeyFileError) as error:
        return str(error)


async def _predict(options: argparse.Namespace, key: str | None, table: "Table", shown: "Progress") -> "Counts":
    from service.client.endpoint import Endpoint
    from service.client.file_prediction import Plan, predict_file

    plan = Plan(options.batch, options.in_flight, options.on_error == "skip", options.id_column, options.prefix)
    async with Endpoint(options.url, key, retries=options.retries, note=shown.note) as endpoint:
        model = await endpoint.describe(options.model, options.version)
        return await predict_file(options.file, table, options.out, endpoint, model, plan, shown)


async def _until_signal(work: Coroutine[Any, Any, "Counts"]) -> "Counts | signal.Signals":
    """The work's result, or the signal that ended it."""
    received: list[signal.Signals] = []
    task = asyncio.ensure_future(work)

    def stop(number: signal.Signals) -> None:
        received.append(number)
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in _ENDED:
        loop.add_signal_handler(number, stop, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not received:
            raise
        return received[0]


def _number(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number} came, expected 0 or more")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} came, expected 1 or more")
    return number
