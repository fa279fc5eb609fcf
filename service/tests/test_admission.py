"""No more requests under way than the limits say, and whoever leaves makes room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge

from service.admission import Admission
from service.problem import Problem


def _gauge() -> Gauge:
    return Gauge("in_flight", "-", registry=CollectorRegistry())


def test_one_too_many_is_503() -> None:
    """The whole instance is full: Retry-After, and the one refused has not entered."""
    admission = Admission(2, 9, _gauge())
    admission.enter("a")
    admission.enter(None)
    with pytest.raises(Problem) as refused:
        admission.enter("b")
    assert (refused.value.status, refused.value.retry_after) == (503, 1)
    assert admission.count == 2
    admission.leave("a")
    admission.enter("b")


def test_one_too_many_of_a_client_is_429() -> None:
    """One client does not keep the others out."""
    admission = Admission(9, 1, _gauge())
    admission.enter("a")
    with pytest.raises(Problem, match="client 'a'") as refused:
        admission.enter("a")
    assert (refused.value.status, refused.value.retry_after) == (429, 1)
    admission.enter("b")
    admission.enter(None)
    admission.enter(None)  # nobody in particular has no limit of its own
    admission.leave("a")
    admission.enter("a")


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["a", "b", None]))))
def test_the_counts_are_always_right(moves: list[tuple[bool, str | None]]) -> None:
    """Whatever comes and goes: never above the limits, never refused below them, and the gauge says how many."""
    gauge = _gauge()
    admission = Admission(3, 2, gauge)
    inside: list[str | None] = []
    for enters, client in moves:
        if enters:
            full = len(inside) >= 3 or (client is not None and inside.count(client) >= 2)
            try:
                admission.enter(client)
            except Problem:
                assert full
            else:
                assert not full
                inside.append(client)
        elif client in inside:
            admission.leave(client)
            inside.remove(client)
        assert admission.count == len(inside)
        assert gauge._value.get() == len(inside)
