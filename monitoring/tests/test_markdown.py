"""Runbooks as HTML: all that they are written in is marked up, and nothing else."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.console.markdown import render, title
from monitoring.tests.conftest import ROOT

RUNBOOKS = sorted((ROOT / "monitoring" / "runbooks").glob("*.md"))
TAGS = {"h1", "h2", "h3", "h4", "p", "ol", "ul", "li", "table", "tr", "th", "td", "pre", "code", "strong", "a"}


class Html(HTMLParser):
    """Collects tags, links and text; complains of what does not belong there."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        self.tags.append(tag)
        for name, value in attributes:
            assert (tag, name) == ("a", "href")
            self.links.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_runbook_is_marked_up_whole(path: object) -> None:
    """No mark of Markdown is left as text, and its links lead to runbooks that are there."""
    assert hasattr(path, "read_text")
    text = path.read_text()
    html = Html(render(text))
    assert title(text)
    assert html.tags[0] == "h1"
    for mark in ("`", "](", "**", "\n#", "|--"):
        assert mark not in html.text
    names = {f"/runbooks/{one.name}" for one in RUNBOOKS}
    assert set(html.links) <= names
    assert html.tags.count("h2") == sum(line.startswith("## ") for line in text.splitlines())
    assert html.tags.count("li") == sum(line[:2] in {"- ", "1.", "2.", "3.", "4.", "5."} for line in text.splitlines())


def test_blocks() -> None:
    """A paragraph over two lines, an item over two lines, a table with its head, code that is left as it is."""
    text = "# A `b`\n\nfirst\nsecond\n\n1. one\n   more\n2. two\n- three\n\n| a | b |\n|---|---|\n| 1 | |\n\n```\n# <x>\n```\nend"
    assert render(text).splitlines() == [
        "<h1>A <code>b</code></h1>",
        "<p>first second</p>",
        "<ol><li>one more</li><li>two</li></ol>",
        "<ul><li>three</li></ul>",
        "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td></td></tr></table>",
        "<pre><code># &lt;x&gt;</code></pre>",
        "<p>end</p>",
    ]
    assert title(text) == "A b"


def test_links() -> None:
    """Only to another runbook; where others lead is said, and code holds no mark-up."""
    assert render("[a](drift.md)") == '<p><a href="/runbooks/drift.md">a</a></p>'
    assert render("[a](drift.md#b)") == '<p><a href="/runbooks/drift.md">a</a></p>'
    assert render("[a](javascript:alert(1))") == "<p>a (javascript:alert(1))</p>"
    assert render("[a](https://x.example/?a=1&b)") == "<p>a (https://x.example/?a=1&amp;b)</p>"
    assert render("`**a** [b](c.md)` **d**") == "<p><code>**a** [b](c.md)</code> <strong>d</strong></p>"


@pytest.mark.parametrize(
    "text",
    [
        "<i>a</i> `b` <i>",
        "`<i>`",
        "**<i>**",
        "[<i>](drift.md)",
        "[a](<i>)",
        "# <i>",
        "- <i>",
        "| <i> |",
        "```\n<i>\n```",
    ],
)
def test_tags_are_text(text: str) -> None:
    """Wherever they stand."""
    html = render(text)
    assert "<i>" not in html
    assert "&lt;i&gt;" in html


@given(st.text(st.sampled_from("ab <>&\"'`*[]()|#-1.\n\\/:"), max_size=120) | st.text(max_size=60))
def test_any_text_is_harmless(text: str) -> None:
    """It ends, makes no tag nor attribute but its own, and links only to runbooks."""
    html = Html(render(text))
    assert all(link.startswith("/runbooks/") for link in html.links)


@given(
    st.text(
        st.characters(codec="utf-8", exclude_characters="`*[]()|#\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), min_size=1
    )
)
def test_plain_text_is_kept(text: str) -> None:
    """What is not marked up is read as it was written."""
    html = Html(render(f"x{text}"))
    assert html.text == f"x{text}".strip()
