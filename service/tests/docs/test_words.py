"""What is published is in words that do not depend on docstrings."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from service import __main__ as program
from service.application import Application
from service.docs.words import WORDS, Words, schema_components

_ROOT = Path(__file__).parents[3]


class Stranger(msgspec.Struct):
    """A type that nobody has put into words."""

    name: str


def _titled(node: Any) -> Iterator[tuple[str, str]]:
    """Title and description of every schema below a node that has both."""
    if isinstance(node, dict):
        match node:
            case {"title": str(title), "description": str(description), "type": "object"}:
                yield title, description
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from _titled(value)


def test_every_published_type_has_its_words(application: Application) -> None:
    """Each type of the document, inside a route's answer too, is described by the table, and the table by nothing else."""
    said = dict(_titled(application.api.openapi()))
    assert said == {name: words.description for name, words in WORDS.items()}


def test_a_type_without_words_is_refused() -> None:
    """Its docstring does not help, because it is not there when the service runs."""
    with pytest.raises(KeyError, match="Stranger"):
        schema_components([list[Stranger]])


def test_words_for_a_field_that_is_not_there_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that got another name takes its words along."""
    words = Words("A stranger.", {"surname": {"description": "What they are called."}})
    monkeypatch.setitem(WORDS, "Stranger", words)
    with pytest.raises(KeyError, match="surname"):
        schema_components([Stranger])


def test_words_take_the_place_of_a_docstring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Title, description, the rest: in this order, with or without a docstring, so that the document stays the same."""

    class Bare(msgspec.Struct):
        name: str

    for kind in (Stranger, Bare):
        words = Words("Somebody.", {"name": {"description": "What they are called."}})
        monkeypatch.setitem(WORDS, kind.__name__, words)
        _, components = schema_components([kind])
        assert list(components[kind.__name__].items()) == [
            ("title", kind.__name__),
            ("description", "Somebody."),
            ("type", "object"),
            ("properties", {"name": {"type": "string", "description": "What they are called."}}),
            ("required", ["name"]),
        ]


@pytest.mark.slow
def test_the_document_is_the_same_without_docstrings(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -OO -m service openapi`` prints, byte for byte, what this interpreter makes with its docstrings."""
    monkeypatch.setenv("PUERTA_MODELS_DIR", str(models_dir))
    monkeypatch.setenv("PUERTA_PREDICT_ROUTE", "/predict")
    monkeypatch.setenv("PUERTA_HEALTH_ROUTE", "/health")
    assert program.main(["openapi"]) == 0
    document = capsys.readouterr().out
    assert {"/predict", "/health"} <= set(json.loads(document)["paths"])
    assert _optimized("openapi") == document


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["--help"], "Serve models, check a set-up, or predict a file"),
        (["predict", "--help"], "Predict every row of a file."),
        (["settings"], "PUERTA_MODELS_DIR"),
    ],
)
def test_the_commands_explain_themselves_without_docstrings(command: list[str], words: str) -> None:
    """Help and settings are data as well."""
    assert words in _optimized(*command)


def _optimized(*arguments: str) -> str:
    """What a command prints where neither docstrings nor assertions are."""
    command = [sys.executable, "-OO", "-m", "service", *arguments]
    return subprocess.run(command, cwd=_ROOT, env=os.environ, capture_output=True, text=True, check=True).stdout
