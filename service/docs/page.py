"""The page at ``/``: a form made from the manifests to try a prediction, with the curl line that does the same."""

from importlib import resources
from typing import Any

import msgspec
from starlette.responses import HTMLResponse

from service.description import describe, list_models
from service.docs.html import html_response
from service.registry import Registry

_MODELS = "__MODELS__"
# Inside a script element: nothing that could end it, open a comment or be taken for markup.
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


class Page:
    """The page over the models being served. It is one document and loads nothing."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._html = resources.files("service.docs").joinpath("page.html").read_text(encoding="utf-8")

    def response(self) -> HTMLResponse:
        """The page as the models are now."""
        models = [describe(self._registry, model) for model in self._registry]
        data = {"default": list_models(self._registry).default, "models": models}
        return html_response(self._html.replace(_MODELS, embed(data)))


def embed(data: Any) -> str:
    """Data as JSON that may stand inside a script element, whatever its texts are."""
    return msgspec.json.encode(data).decode().translate(_ESCAPES)
