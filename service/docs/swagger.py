"""The page at ``/docs``: Swagger UI from the package ``fastapi-swagger``, served from here and not from elsewhere."""

from importlib import metadata, resources
from pathlib import Path

from starlette.responses import FileResponse, HTMLResponse

from service.docs.html import html_response
from service.problem import Problem

_PACKAGE = "fastapi-swagger"  # Swagger UI's own distribution, file for file
_MEDIA_TYPES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
ASSETS = tuple(_MEDIA_TYPES)

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Puerta: the API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css?v={version}">
<style>body {{ margin: 0 }}</style>
</head>
<body>
<div id="documentation"><noscript>The documentation needs JavaScript; /openapi.json does not.</noscript></div>
<script src="docs/swagger-ui-bundle.js?v={version}"></script>
<script>
SwaggerUIBundle({{
  url: "openapi.json",
  dom_id: "#documentation",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
  validatorUrl: null,
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
}});
</script>
</body>
</html>
"""


class Documentation:
    """Swagger UI over this service's OpenAPI document."""

    def __init__(self) -> None:
        self._folder = Path(str(resources.files(_PACKAGE.replace("-", "_")))) / "resources"
        self._html = _PAGE.format(version=metadata.version(_PACKAGE))

    def page(self) -> HTMLResponse:
        """The page."""
        return html_response(self._html, {"script-src": "'self'", "style-src": "'self'"})

    def asset(self, name: str) -> FileResponse:
        """One of the files that the page loads; its address changes with its content.

        Raises:
            Problem: 404.
        """
        if name not in _MEDIA_TYPES:
            raise Problem(404, f"there is no file {name[:80]!r}; there are: {', '.join(ASSETS)}")
        headers = {"cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff"}
        return FileResponse(self._folder / name, media_type=_MEDIA_TYPES[name], headers=headers)
