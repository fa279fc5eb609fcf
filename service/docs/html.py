"""HTML pages that may run and load only what is their own."""

import base64
import hashlib
import re
from collections.abc import Mapping

from starlette.responses import HTMLResponse

# Elements without attributes are inline code; one with a type or a source is data or comes from elsewhere.
_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)
_NOTHING: Mapping[str, str] = {}


def html_response(html: str, sources: Mapping[str, str] = _NOTHING) -> HTMLResponse:
    """A page with a content security policy that names its inline code by hash.

    ``sources`` adds to the policy what the page needs besides, by directive.
    """
    headers = {
        "cache-control": "no-cache",
        "content-security-policy": policy(html, sources),
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return HTMLResponse(html, headers=headers)


def policy(html: str, sources: Mapping[str, str] = _NOTHING) -> str:
    """The policy (https://www.w3.org/TR/CSP3/): nothing but the page's own inline code, its own origin to talk to."""
    allowed = {
        "default-src": "'none'",
        "script-src": _hashes("script", html),
        "style-src": _hashes("style", html),
        "img-src": "data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    for directive, source in sources.items():
        allowed[directive] = f"{allowed.get(directive, '')} {source}".strip()
    return "; ".join(f"{directive} {source}" for directive, source in allowed.items())


def _hashes(element: str, html: str) -> str:
    codes = [code for name, code in _INLINE.findall(html) if name == element]
    digests = [base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in codes]
    return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
