"""Pages run and load only what is their own."""

import base64
import hashlib

from service.docs.html import html_response, policy


def test_inline_code_is_allowed_by_its_hash() -> None:
    """The policy names the hash of each inline script and style, and of nothing else."""
    data = '<script type="application/json">{"b": 1}</script><script src="d"></script>'
    html = f"<style>a{{}}</style>{data}<script>c()</script>"
    directives = dict(directive.split(" ", 1) for directive in policy(html).split("; "))
    for directive, code in (("script-src", b"c()"), ("style-src", b"a{}")):
        assert directives[directive] == f"'sha256-{base64.b64encode(hashlib.sha256(code).digest()).decode()}'"
    assert directives["default-src"] == "'none'"


def test_a_page_without_code_may_run_none() -> None:
    """Without inline code no script and no style is allowed."""
    assert "script-src 'none'" in policy("<p>words</p>")
    assert "style-src 'none'" in policy("<p>words</p>")


def test_a_page_names_what_it_needs_besides() -> None:
    """Sources are added to the policy, whether or not the page has code of its own."""
    assert "img-src data: 'self'" in policy("", {"img-src": "'self'"})
    assert "font-src 'self'" in policy("", {"font-src": "'self'"})


def test_a_response_carries_the_policy() -> None:
    """The headers keep a page from being framed, guessed at, or telling where its reader came from."""
    headers = html_response("<p>words</p>").headers
    assert headers["content-security-policy"] == policy("<p>words</p>")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
