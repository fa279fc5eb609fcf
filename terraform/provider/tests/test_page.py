"""A schema as a page."""

from pathlib import Path

from terraform.provider.extraction import schemas
from terraform.provider.page import page
from terraform.provider.tests.bindings import wheel


def test_a_page_tells_every_argument_and_block(tmp_path: Path) -> None:
    """Required ones first, blocks with how many, and what is only computed last."""
    ((_, _, schema),) = schemas(wheel(tmp_path))
    assert list(page(schema)) == [
        "  labels  map(string), optional",
        "  password_wo  string, optional, write-only",
        '  purpose  string, optional - What it is for. Possible values: ["GOOD", "BAD"]',
        "  zones  set(string), optional",
        "  main {}  list, 1 to 1",
        "    first_one  number, required - The first of it.",
        "    (computed: seen bool)",
        "  other {}  set, 0 to any number",
        "    first_one  number, required - The first of it.",
        "    (computed: seen bool)",
        "  (computed: conditions list(object({state=string})))",
    ]
