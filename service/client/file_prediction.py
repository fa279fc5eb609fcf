"""A file of instances, predicted: its rows go out in batches, several at a time, and come back in the file's order.

An id is made of the file's content, the model and the row's number (or is a column of the file), so that asking again
after a failure, or running the whole again, predicts nothing twice for whoever reads the prediction log.
"""

import asyncio
import hashlib
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from service.client.cell import converter
from service.client.endpoint import Description, Endpoint, EndpointError, Fault, Prediction, RefusedInputError
from service.client.output import Output, create
from service.client.progress import Progress
from service.client.table import Batch, Table, TableError

ID, LABEL, PROBABILITY, ERROR = "id", "label", "probability", "error"
_DIGITS: Final = 24  # hexadecimal ones of an id: 96 bits tell any two files apart


class Plan(NamedTuple):
    """How to go through a file: ``batch`` rows a request, ``in_flight`` requests at a time.

    ``skip`` gives a row at fault an empty answer and goes on. ``prefix`` is put before the names of added columns.
    """

    batch: int
    in_flight: int
    skip: bool
    id_column: str | None
    prefix: str


class Counts(NamedTuple):
    """What came of a file's rows."""

    answered: int
    skipped: int


async def predict_file(
    source: Path, table: Table, target: Path, endpoint: Endpoint, model: Description, plan: Plan, progress: Progress
) -> Counts:
    """Predict every row of ``table``, which is the file ``source``, and write ``target``: whole, or not at all.

    Raises:
        TableError: if a row is at fault, or a file can't be read or written.
        EndpointError: if the endpoint gives no answers.
    """
    job = _Job(source, table, endpoint, model, plan)
    with create(target, table, job.columns) as output:
        return await job.run(output, progress)


class _Answers(NamedTuple):
    """What came of a batch. A row without a prediction has an error."""

    batch: Batch
    ids: list[str]
    predictions: list[Prediction | None]
    errors: list[str]


class _Job:
    def __init__(self, source: Path, table: Table, endpoint: Endpoint, model: Description, plan: Plan) -> None:
        self._source = source
        self._table = table
        self._endpoint = endpoint
        self._model = model
        self._plan = plan
        self._require([feature.name for feature in model.features], f"the model {model.name} takes")
        self._require([plan.id_column] if plan.id_column else [], "--id-column names")
        self._features = [(each.name, converter(each.type, each.categories)) for each in model.features]
        self._id_stem = "" if plan.id_column else _digest(source, model)
        self.columns = self._columns()

    async def run(self, output: Output, progress: Progress) -> Counts:
        """Send, receive and write, in order; no more than ``in_flight`` requests are out."""
        waiting: deque[asyncio.Task[_Answers]] = deque()
        written: list[Counts] = []

        async def write_next() -> None:
            answers = await waiting.popleft()
            output.write(answers.batch, self._answer_columns(answers))
            skipped = answers.predictions.count(None)
            written.append(Counts(len(answers.batch) - skipped, skipped))
            progress.advance(len(answers.batch), answers.batch.share)

        try:
            for batch in self._table.batches(self._plan.batch):
                if len(waiting) == self._plan.in_flight:
                    await write_next()
                waiting.append(asyncio.create_task(self._answer(batch)))
                await asyncio.sleep(0)  # let it go out while the next batch is read
            while waiting:
                await write_next()
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        return Counts(sum(each.answered for each in written), sum(each.skipped for each in written))

    async def _answer(self, batch: Batch) -> _Answers:
        columns = [list(map(convert, batch.column(name))) for name, convert in self._features]
        instances = list(zip(*columns, strict=True))
        answers = _Answers(batch, self._ids(batch), [None] * len(batch), [""] * len(batch))
        rows = list(range(len(batch)))
        while rows:
            try:
                predictions = await self._endpoint.predict(
                    self._model.path, [instances[row] for row in rows], [answers.ids[row] for row in rows]
                )
            except RefusedInputError as refusal:
                faults = self._by_row(refusal, rows)
                if not faults or not self._plan.skip:
                    raise self._failure(refusal, batch, faults) from refusal
                for row, found in faults.items():
                    answers.errors[row] = "; ".join(map(str, found))
                rows = [row for row in rows if row not in faults]
            else:
                for row, prediction in zip(rows, predictions, strict=True):
                    answers.predictions[row] = prediction
                break
        return answers

    def _ids(self, batch: Batch) -> list[str]:
        if self._plan.id_column:
            return ["" if cell is None else str(cell) for cell in batch.column(self._plan.id_column)]
        return [f"{self._id_stem}-{batch.first + row}" for row in range(len(batch))]

    def _by_row(self, refusal: RefusedInputError, rows: Sequence[int]) -> dict[int, list[Fault]]:
        """What is wrong with the rows of a batch, of which the request held ``rows``."""
        faults: dict[int, list[Fault]] = defaultdict(list)
        for fault in refusal.faults:
            if fault.row is not None and fault.row < len(rows):
                field = self._plan.id_column or ID if fault.field == "ids" else fault.field
                faults[rows[fault.row]].append(fault._replace(field=field))
        return dict(sorted(faults.items()))

    def _failure(self, refusal: RefusedInputError, batch: Batch, faults: Mapping[int, list[Fault]]) -> Exception:
        if not faults:
            advice = "; a smaller --batch makes smaller requests" if len(batch) > 1 else ""
            return EndpointError(f"{refusal}{advice}")
        row, found = next(iter(faults.items()))
        more = f" (and {len(faults) - 1} or more rows of the {len(batch)} around it)" if len(faults) > 1 else ""
        return TableError(f"{self._source}, {batch.where(row)}: {'; '.join(map(str, found))}{more}")

    def _columns(self) -> dict[str, type]:
        added = {ID: str, LABEL: _label_type(self._model.classes), PROBABILITY: float}
        if self._plan.skip:
            added[ERROR] = str
        columns = {self._plan.prefix + name: kind for name, kind in added.items()}
        if self._plan.id_column == self._plan.prefix + ID:
            del columns[self._plan.prefix + ID]  # it is there already, and says the same
        for name in columns:
            if name in self._table.names:
                raise TableError(f"{self._source} has a column {name!r} already; --prefix renames those that are added")
        return columns

    def _answer_columns(self, answers: _Answers) -> dict[str, Sequence[Any]]:
        predictions = answers.predictions
        as_text = self.columns[self._plan.prefix + LABEL] is str
        labels = [each and each.label for each in predictions]
        values: dict[str, Sequence[Any]] = {
            ID: answers.ids,
            LABEL: [None if label is None else str(label) for label in labels] if as_text else labels,
            PROBABILITY: [each and each.probability for each in predictions],
            ERROR: [error or None for error in answers.errors],
        }
        return {name: values[name.removeprefix(self._plan.prefix)] for name in self.columns}

    def _require(self, names: Sequence[str], why: str) -> None:
        missing = [name for name in names if name not in self._table.names]
        if missing:
            there = ", ".join(self._table.names)
            hint = "; is the --delimiter right?" if len(self._table.names) == 1 else ""
            raise TableError(f"{self._source} has no column {', '.join(missing)}, which {why}; it has {there}{hint}")


def _digest(source: Path, model: Description) -> str:
    """What the ids of a file's rows share: the same for the same bytes and the same version of the same model."""
    try:
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
    except OSError as error:
        raise TableError(f"{source}: can't be read: {error.strerror}") from error
    digest.update(f"\n{model.name}/{model.version}".encode())
    return digest.hexdigest()[:_DIGITS]


def _label_type(classes: Sequence[Any]) -> type:
    kinds = {type(label) for label in classes}
    if not kinds:
        return float  # a regression
    kind = kinds.pop()
    return kind if not kinds and kind in {int, bool} else str
