"""Every row of a file gets its own answer, in the file's order, once; what is at fault is named by the file's row."""

import asyncio
import csv
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.application import Application
from service.client.endpoint import Description, Endpoint, EndpointError, Feature
from service.client.file_prediction import Counts, Plan, predict_file
from service.client.table import TableError, open_table
from service.tests.packages import delay_probability

HEADER = "AIRLINE,KIND,MONTH,note"
PLAN = Plan(batch=10, in_flight=3, skip=False, id_column=None, prefix="")
ECHO = Description("echo", "1", (Feature("n", "integer", ()),), (0, 1))


class Silent:
    """Progress that is only counted."""

    def __init__(self) -> None:
        self.rows = 0
        self.shares: list[float] = []

    def advance(self, rows: int, share: float) -> None:
        """Count."""
        self.rows += rows
        self.shares.append(share)

    def note(self, text: str) -> None:
        """Nothing is told."""


class Run:
    """Predicts files of a folder."""

    def __init__(self, folder: Path, transport: httpx2.AsyncBaseTransport) -> None:
        self.folder = folder
        self.source = folder / "in.csv"
        self.target = folder / "out.csv"
        self._transport = transport
        self.progress = Silent()

    def write(self, *lines: str) -> None:
        """Write the input."""
        self.source.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def predict(self, plan: Plan = PLAN, model: Description | None = None) -> Counts:
        """Predict the file, with the default model of the service if none is given."""

        async def work() -> Counts:
            async with Endpoint(
                "http://localhost", None, retries=0, note=self.progress.note, transport=self._transport
            ) as endpoint:
                said = model or await endpoint.describe(None, None)
                return await predict_file(
                    self.source, open_table(self.source), self.target, endpoint, said, plan, self.progress
                )

        return asyncio.run(work())

    def rows(self) -> list[dict[str, str]]:
        """The output, row by row."""
        with self.target.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def files(self) -> set[str]:
        """The names of the folder's files."""
        return {path.name for path in self.folder.iterdir()}


@pytest.fixture
def run(tmp_path: Path, application: Application) -> Run:
    """Predicts with the service itself, called without a network."""
    folder = tmp_path / "files"
    folder.mkdir()
    return Run(folder, httpx2.ASGITransport(application))


def echo(answer: Callable[[int], Any] = lambda number: number) -> httpx2.MockTransport:
    """A model that answers, in no particular time, what its one feature says."""

    async def handle(request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        for _ in range(random.randrange(20)):  # noqa: S311 - the order in which answers come
            await asyncio.sleep(0)
        predictions = [
            {"id": each, "label": answer(number), "probability": number / 1000}
            for each, (number,) in zip(body["ids"], body["instances"], strict=True)
        ]
        return httpx2.Response(200, json={"predictions": predictions})

    return httpx2.MockTransport(handle)


def test_every_row_gets_its_answer(run: Run) -> None:
    """Columns that the model does not take go through untouched; its own may stand in any order."""
    run.write("note,MONTH,KIND,AIRLINE", '"a, b",1,N,Sur', "007,7,I,Grupo Ñandú", ",12,I,Norte")
    assert run.predict() == Counts(3, 0)
    rows = run.rows()
    assert [row["note"] for row in rows] == ["a, b", "007", ""]
    wanted = [delay_probability("Sur", 1), delay_probability("Grupo Ñandú", 7), delay_probability("Norte", 12)]
    assert [float(row["probability"]) for row in rows] == wanted
    assert [row["label"] for row in rows] == [str(int(each >= 0.1)) for each in wanted]
    assert list(rows[0]) == ["note", "MONTH", "KIND", "AIRLINE", "id", "label", "probability"]


@settings(deadline=None, max_examples=50)
@given(
    count=st.integers(0, 60),
    batch=st.integers(1, 20),
    in_flight=st.integers(1, 6),
    kind=st.sampled_from(["csv", "parquet"]),
)
def test_order_and_completeness(
    tmp_path_factory: pytest.TempPathFactory, count: int, batch: int, in_flight: int, kind: str
) -> None:
    """However the file is cut, and in whatever order answers come: each row once, in order, with its own answer."""
    run = Run(tmp_path_factory.mktemp("order"), echo())
    run.target = run.target.with_suffix(f".{kind}")
    run.write("n", *map(str, range(count)))
    assert run.predict(PLAN._replace(batch=batch, in_flight=in_flight), ECHO) == Counts(count, 0)
    [*batches] = open_table(run.target).batches(max(1, count))
    found = [(int(text[0]), text[1].rpartition("-")[2], text[2]) for each in batches for text in each.texts()]
    assert found == [(number, str(number + 1), str(number)) for number in range(count)]
    assert run.progress.rows == count
    assert run.progress.shares == sorted(run.progress.shares)


@settings(deadline=None, max_examples=50)
@given(faulty=st.sets(st.integers(0, 29)), batch=st.integers(1, 30), listed=st.integers(1, 5))
def test_skipping_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory, faulty: set[int], batch: int, listed: int
) -> None:
    """However few of the rows at fault a refusal lists: exactly those have an error, and all others their answer."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        errors = [
            {"pointer": f"/instances/{row}/0", "field": "n", "received": number, "expected": "another"}
            for row, (number,) in enumerate(body["instances"])
            if number in faulty
        ][:listed]
        if errors:
            return httpx2.Response(422, json={"detail": "wrong", "errors": errors})
        predictions = [
            {"id": each, "label": number % 2, "probability": 0.5}
            for each, (number,) in zip(body["ids"], body["instances"], strict=True)
        ]
        return httpx2.Response(200, json={"predictions": predictions})

    run = Run(tmp_path_factory.mktemp("skip"), httpx2.MockTransport(handle))
    run.write("n", *map(str, range(30)))
    counts = run.predict(PLAN._replace(batch=batch, skip=True), ECHO)
    assert counts == Counts(30 - len(faulty), len(faulty))
    for number, row in enumerate(run.rows()):
        assert row["n"] == str(number)
        if number in faulty:
            assert (row["label"], row["probability"]) == ("", "")
            assert row["error"] == f"n: {number} came, expected another"
        else:
            assert (row["label"], row["error"]) == (str(number % 2), "")


def test_a_row_at_fault_ends_the_run_by_its_number_in_the_file(run: Run) -> None:
    """Row, line, field, what came and what was expected; nothing is written."""
    run.write(HEADER, *["Sur,N,1,x"] * 25, "Sur,N,13,x", "Sur,N,1,x")
    with pytest.raises(TableError) as refused:
        run.predict()
    expected = "MONTH: 13 came, expected one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12"
    assert str(refused.value) == f"{run.source}, row 26 (line 27): {expected}"
    assert run.files() == {"in.csv"}


def test_skipping_writes_why(run: Run) -> None:
    """Empty answers and the reason beside the rows at fault alone; more of them than a refusal lists are no limit."""
    rows = [f"{'Sur' if number % 3 else 'Nowhere'},{'N' if number % 2 else ''},1,{number}" for number in range(100)]
    run.write(HEADER, *rows)
    counts = run.predict(PLAN._replace(batch=100, skip=True))
    bad = [number for number in range(100) if number % 3 == 0 or number % 2 == 0]
    assert counts == Counts(100 - len(bad), len(bad))
    assert [int(row["note"]) for row in run.rows() if row["error"]] == bad
    assert [int(row["note"]) for row in run.rows() if not row["label"]] == bad


def test_too_large_a_batch_is_told_with_advice(run: Run, make_application: Callable[..., Application]) -> None:
    """No row is at fault, so none is named or skipped."""
    small = Run(run.folder, httpx2.ASGITransport(make_application(max_instances=5)))
    small.write(HEADER, *["Sur,N,1,x"] * 10)
    for skip in (True, False):
        with pytest.raises(
            EndpointError, match=r"expected 1 to 5 instances.*; a smaller --batch makes smaller requests"
        ):
            small.predict(PLAN._replace(skip=skip))
    assert small.files() == {"in.csv"}


def test_ids_are_the_same_every_time(run: Run) -> None:
    """Made of the content, the model and the row; another file or another version has others."""
    ids = []
    for lines in (["Sur,N,1,x"] * 3, ["Sur,N,1,x"] * 3, ["Sur,N,1,y"] * 3):
        run.write(HEADER, *lines)
        run.predict(PLAN._replace(batch=2))
        ids.append([row["id"] for row in run.rows()])
    assert ids[0] == ids[1]
    assert len(set(ids[0] + ids[2])) == 6
    assert all(each.endswith(f"-{row}") for row, each in enumerate(ids[0], 1))
    other = Run(run.folder, echo(lambda _: 0))
    for version in ("1", "2"):
        other.write("n", "1")
        other.predict(PLAN, ECHO._replace(version=version))
        ids.append([row["id"] for row in other.rows()])
    assert ids[-1] != ids[-2]


def test_ids_may_be_a_column(run: Run) -> None:
    """They are sent as they are; a column called id is not there twice; one at fault is named by its column."""
    run.write(f"id,{HEADER}", "first,Sur,N,1,x", "second,Sur,N,1,x")
    run.predict(PLAN._replace(id_column="id"))
    assert [row["id"] for row in run.rows()] == ["first", "second"]
    assert list(run.rows()[0])[-2:] == ["label", "probability"]
    run.write(f"key,{HEADER}", "same,Sur,N,1,x", "same,Sur,N,1,x", ",Sur,N,1,x")
    run.predict(PLAN._replace(id_column="key", skip=True))
    assert [bool(row["error"]) for row in run.rows()] == [False, True, True]
    assert run.rows()[1]["error"] == 'key: "same" came, expected an id that is not in the request already'


def test_the_added_columns_can_be_renamed(run: Run) -> None:
    """A file that has a column of such a name is refused until they are; nothing is overwritten."""
    run.write(f"label,{HEADER}", "truth,Sur,N,1,x")
    with pytest.raises(TableError, match="has a column 'label' already; --prefix renames those that are added"):
        run.predict()
    run.predict(PLAN._replace(prefix="model_"))
    assert list(run.rows()[0])[-3:] == ["model_id", "model_label", "model_probability"]
    assert run.rows()[0]["label"] == "truth"


@pytest.mark.parametrize(
    ("header", "plan", "complaint"),
    [
        ("AIRLINE,note", PLAN, "has no column KIND, MONTH, which the model delays takes; it has AIRLINE, note"),
        ("AIRLINE;KIND;MONTH", PLAN, r"it has AIRLINE;KIND;MONTH; is the --delimiter right\?"),
        (HEADER, PLAN._replace(id_column="key"), "has no column key, which --id-column names"),
    ],
)
def test_missing_columns_are_named(run: Run, header: str, plan: Plan, complaint: str) -> None:
    """Before anything is sent or written."""
    run.write(header)
    with pytest.raises(TableError, match=complaint):
        run.predict(plan)
    assert run.files() == {"in.csv"}


@pytest.mark.parametrize(
    ("classes", "labels", "kind"),
    [
        ((0, 1), [0, 1], "int64"),
        (("no", "yes"), ["no", "yes"], "string"),
        (("no", 1), ["no", 1], "string"),
        ((), [0.5, 2.0], "double"),
        ((True, False), [True, False], "bool"),
    ],
)
def test_labels_have_the_type_that_the_model_announced(
    tmp_path: Path, classes: tuple[Any, ...], labels: Sequence[Any], kind: str
) -> None:
    """Where the output has types at all."""
    run = Run(tmp_path, echo(lambda number: labels[number]))
    run.target = tmp_path / "out.parquet"
    run.write("n", "0", "1")
    run.predict(PLAN, ECHO._replace(classes=classes))
    table = open_table(run.target)
    assert str(table.schema().field("label").type) == kind
    [batch] = table.batches(2)
    assert batch.column("label") == (list(map(str, labels)) if kind == "string" else labels)


def test_no_more_is_under_way_than_asked_for(tmp_path: Path) -> None:
    """The bound on requests is the bound on memory."""
    under_way = [0, 0]

    async def handle(request: httpx2.Request) -> httpx2.Response:
        under_way[0] += 1
        under_way[1] = max(under_way)
        for _ in range(10):
            await asyncio.sleep(0)
        under_way[0] -= 1
        ids = json.loads(request.content)["ids"]
        return httpx2.Response(200, json={"predictions": [{"id": each, "label": 0} for each in ids]})

    run = Run(tmp_path, httpx2.MockTransport(handle))
    run.write("n", *map(str, range(100)))
    run.predict(PLAN._replace(batch=5, in_flight=4), ECHO)
    assert under_way == [0, 4]


def test_a_failure_ends_what_is_under_way(tmp_path: Path) -> None:
    """When one batch fails the others are called off, and no file is left."""
    asked: list[int] = []

    async def handle(request: httpx2.Request) -> httpx2.Response:
        [[number], *_] = json.loads(request.content)["instances"]
        asked.append(number)
        if number == 0:
            return httpx2.Response(400, json={"detail": "no"})
        await asyncio.Event().wait()
        raise AssertionError

    run = Run(tmp_path, httpx2.MockTransport(handle))
    run.write("n", *map(str, range(100)))
    with pytest.raises(EndpointError, match="answers 400: no"):
        run.predict(PLAN._replace(batch=10, in_flight=3), ECHO)
    assert asked == [0, 10, 20]
    assert run.files() == {"in.csv"}
