"""The conformance table as a page: every case is in it, and the committed page is that of today's cases."""

import io
from pathlib import Path

from gateway_config.__main__ import run
from gateway_config.trials.cases import CASES, render_table

ROOM = Path(__file__).parents[3]


def test_committed_page() -> None:
    """The page is what would be rendered now."""
    assert (ROOM / "generated" / "conformance.md").read_text() == render_table()


def test_page() -> None:
    """A line for every case, with what is asked, what has to come back, and of whom."""
    lines = [line for line in render_table().splitlines() if line[2:3].isdigit()]
    assert [line.split(" | ")[0] for line in lines] == [f"| {case.number}" for case in CASES]
    assert all(line.count(" | ") == 3 for line in lines)
    assert lines[0] == (
        "| 1a | a right key from an allowed address: `GET /v1/models` | "
        "200; reaches the backend, which does not see x-api-key | L G |"
    )


def test_table_command() -> None:
    """The page can be had without asking anybody."""
    out = io.StringIO()
    assert run(["conformance", "--table"], {}, out, io.StringIO()) == 0
    assert out.getvalue() == render_table()


def test_what_can_be_asked_where() -> None:
    """What GCP documents is asked of both; a deployed gateway has no second address of this machine."""
    for case in CASES:
        assert set(case.where) <= {"L", "G"}
        if "G" in case.where and not case.cannot:
            assert case.source == "127.0.0.1"
            assert case.given in ("", "refusing")
        if case.key in ("second", "removed", "modelled", "late", "metered", "counted") and not case.cannot:
            assert case.where == "L"
