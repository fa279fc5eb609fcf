"""The truth may arrive late and more than once; what is not a label is explained, and what can't be kept is not taken."""

import errno
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.caller import CallerReader
from service.label_log import MAX_LABELS, LabelLog
from service.metrics import Metrics
from service.problem import Problem
from service.tests.exposition import scrape

CALLER = CallerReader("t").read(
    [(b"x-gateway-client", b"acme"), (b"x-gateway-token", b"t"), (b"content-type", b"application/json")]
)


class Memory:
    """A sink that keeps the lines, or has no room for them."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.full = False

    def append(self, lines: bytes) -> None:
        """Take whole lines."""
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        assert lines.endswith(b"\n")
        self.lines += map(json.loads, lines.splitlines())


class Log(LabelLog):
    """A label log, with its sink and metrics in reach."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.counted = Metrics()
        super().__init__(self.memory, self.counted)

    def say(self, *labels: object) -> int:
        """Have labels accepted."""
        return self.accept(json.dumps({"labels": labels}).encode(), CALLER, "r-1")

    def count(self, name: str) -> float:
        """The value of a counter."""
        return scrape(self.counted.registry).value(name)


def refusal(body: bytes) -> Problem:
    """The problem of a body, of which nothing is kept."""
    log = Log()
    with pytest.raises(Problem) as refused:
        log.accept(body, CALLER, "r-1")
    assert log.memory.lines == []
    json.loads(refused.value.body("r-1"))
    return refused.value


def test_a_line_a_label() -> None:
    """Who said what of which prediction, and when."""
    log = Log()
    assert log.say({"id": "p-1", "label": 1}, {"id": "p-2", "label": "red"}) == 2
    first, second = log.memory.lines
    assert first.pop("ts").endswith("Z")
    assert first == {"schema": 1, "request_id": "r-1", "client": "acme", "id": "p-1", "label": 1}
    assert (second["id"], second["label"]) == ("p-2", "red")
    assert log.count("label_log_written_total") == 2


@pytest.mark.parametrize("label", [0, 1, -7, 0.5, 3.0, 1e308, "", "red", "ñ" * 128, True, False, 2**63 - 1])
def test_any_label_is_kept_as_it_came(label: object) -> None:
    """A class by number or name, a value, a truth."""
    log = Log()
    log.say({"id": "p-1", "label": label})
    assert json.dumps(log.memory.lines[0]["label"]) == json.dumps(label)


def test_the_same_again() -> None:
    """Sent twice, in one request or two, a label is accepted twice: the sender need not know whether it arrived."""
    log = Log()
    assert log.say({"id": "p-1", "label": 1}, {"id": "p-1", "label": 1}) == 2
    assert log.say({"id": "p-1", "label": 1}) == 1
    assert log.say({"id": "p-1", "label": 0}) == 1  # corrected later: readers keep what was said last
    assert [line["label"] for line in log.memory.lines] == [1, 1, 1, 0]


def test_two_labels_for_one_prediction_in_one_request() -> None:
    """Nobody could say which is the later one, so neither is taken."""
    problem = refusal(json.dumps({"labels": [{"id": "a", "label": 1}, {"id": "a", "label": 0}]}).encode())
    assert (problem.status, problem.reason) == (422, "ids")
    (error,) = problem.errors
    assert (error.pointer, error.received) == ("/labels/1/label", 0)


BAD = {
    "nothing": (b"", 400),
    "not JSON": (b"labels", 400),
    "NaN": (json.dumps({"labels": [{"id": "a", "label": math.nan}]}).encode(), 400),
    "NaN after an error": (json.dumps({"labels": [{"id": 1, "label": math.nan}]}).encode(), 400),
    "half a surrogate pair": (b'{"labels": [{"id": "\\ud800", "label": 1}]}', 400),
    "half a surrogate pair after an error": (b'{"labels": [{"label": null, "id": "\\ud800"}]}', 400),
    "cut short after an error": (b'{"labels": [{"label": null}', 400),
    "not UTF-8": (b'{"labels": [{"id": "\xff", "label": 1}]}', 400),
    "nested too deep": (b'{"labels": ' + b"[" * 100_000, 400),
    "an array": (b"[]", 422, "", "body", "an array of 0", 'an object with "labels"'),
    "nothing in it": (b"{}", 422, "/labels", "labels", "nothing", "an array of 1 to"),
    "null": (b'{"labels": null}', 422, "/labels", "labels", None, "an array of 1 to"),
    "none": (b'{"labels": []}', 422, "/labels", "labels", "0 labels", "an array of 1 to"),
    "too many": (
        json.dumps({"labels": [{"id": "a", "label": 1}] * (MAX_LABELS + 1)}).encode(),
        422,
        "/labels",
        "labels",
        f"{MAX_LABELS + 1} labels",
        "an array of 1 to 10000 labels",
    ),
    "no object": (b'{"labels": [1]}', 422, "/labels/0", "labels", 1, 'an object with "id" and "label"'),
    "no id": (b'{"labels": [{"label": 1}]}', 422, "/labels/0/id", "id", "nothing", "text of 1 to 128"),
    "an empty id": (b'{"labels": [{"id": "", "label": 1}]}', 422, "/labels/0/id", "id", "", "text of 1 to 128"),
    "a number as id": (b'{"labels": [{"id": 7, "label": 1}]}', 422, "/labels/0/id", "id", 7, "text of 1 to 128"),
    "no label": (b'{"labels": [{"id": "a"}]}', 422, "/labels/0/label", "label", "nothing", "text of up to 128"),
    "a null label": (b'{"labels": [{"id": "a", "label": null}]}', 422, "/labels/0/label", "label", None, "text of"),
    "a long label": (
        json.dumps({"labels": [{"id": "a", "label": "x" * 129}]}).encode(),
        422,
        "/labels/0/label",
        "label",
    )
    + ("x" * 80 + "…", "text of up to 128"),
    "an infinite label": (
        b'{"labels": [{"id": "a", "label": 1e999}]}',
        422,
        "/labels/0/label",
        "label",
        "inf",
        "finite",
    ),
    "a huge label": (b'{"labels": [{"id": "a", "label": 1' + b"0" * 30 + b"}]}", 422, "/labels/0/label", "label")
    + ("a huge number", "finite"),
    "the second one": (b'{"labels": [{"id": "a", "label": 1}, {"id": "b", "label": []}]}', 422)
    + ("/labels/1/label", "label", "an array of 0", "text of"),
    "an unknown field": (b'{"labels": [{"id": "a", "label": 1, "x/": 2}]}', 422)
    + ("/labels/0/x~1", "x/", 2, 'no field besides "id" and "label"'),
    "an unknown field beside": (
        b'{"labels": [{"id": "a", "label": 1}], "x": 2}',
        422,
        "/x",
        "x",
        2,
        "no field besides",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_a_label_is_explained(case: str) -> None:
    """400 for what is not JSON; 422 with the place, what came there and what was expected."""
    body, status, *first = BAD[case]
    assert isinstance(body, bytes)
    problem = refusal(body)
    assert problem.status == status
    if status == 400:
        assert problem.reason == "malformed"
        return
    error = problem.errors[0]
    assert [error.pointer, error.field, error.received] == first[:3]
    assert str(first[3]) in error.expected
    assert problem.reason == "invalid"


def test_a_full_disk_takes_no_labels() -> None:
    """503 with Retry-After, counted, nothing of it kept: the sender sends them again."""
    log = Log()
    log.memory.full = True
    with pytest.raises(Problem) as refused:
        log.say({"id": "a", "label": 1}, {"id": "b", "label": 1})
    assert (refused.value.status, refused.value.retry_after) == (503, 30)
    assert (log.count("label_log_failed_total"), log.count("label_log_written_total")) == (2, 0)
    log.memory.full = False
    assert log.say({"id": "a", "label": 1}) == 1


def test_another_content_type() -> None:
    """As everywhere: 415."""
    with pytest.raises(Problem) as refused:
        Log().accept(b"{}", CallerReader("").read([(b"content-type", b"text/csv")]), "r-1")
    assert refused.value.status == 415


VALUE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(exclude_categories=()))),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(), inner, max_size=2)),
    max_leaves=4,
)
LABEL = st.one_of(st.fixed_dictionaries({"id": st.one_of(st.text(), VALUE), "label": VALUE}), VALUE)


@given(st.one_of(st.fixed_dictionaries({"labels": st.lists(LABEL, max_size=3)}), VALUE))
def test_any_json(request: object) -> None:
    """Accepted and kept, or a problem that names what is wrong; never anything else."""
    log = Log()
    try:
        count = log.accept(json.dumps(request).encode(), CALLER, "r-1")
    except Problem as problem:
        assert problem.status in {400, 422}
        assert problem.status == 400 or all(error.pointer or error.field == "body" for error in problem.errors)
        assert not any("Expected `" in error.received for error in problem.errors if isinstance(error.received, str))
        json.loads(problem.body("r-1"))
        assert log.memory.lines == []
    else:
        assert len(log.memory.lines) == count


@given(st.binary())
def test_any_bytes(body: bytes) -> None:
    """Random bytes are a problem, and nothing but a problem."""
    assert refusal(body).status in {400, 422}
