"""The extracted schema, one file a resource: small enough to look into, and read only for what a tree names."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from terraform.provider import extraction
from terraform.provider.environment import HOME, WHEELS, Say, digest, made, wheels
from terraform.provider.extraction import Json, Kind

# The provider's local name -> its wheel's name.
PROVIDERS = {"google": "cdktn_provider_google", "google-beta": "cdktn_provider_google_beta"}


@dataclass(frozen=True)
class Store:
    """A folder of schemas: ``<provider>/<kind>/<name>.json``."""

    folder: Path

    def get(self, provider: str, kind: Kind, name: str) -> Json | None:
        """One schema, or nothing if the provider has none of that name."""
        path = self.folder / provider / kind / f"{name}.json"
        if not re.fullmatch(r"[\w-]+", name) or not path.is_file():
            return None
        read: Json = json.loads(path.read_text())
        return read

    def names(self, provider: str, kind: Kind) -> list[str]:
        """Everything of a kind that the provider has."""
        return sorted(path.stem for path in (self.folder / provider / kind).glob("*.json"))


def store(say: Say, home: Path = HOME) -> Store:
    """The schema of the pinned provider, extracted when the wheels or the extraction changed.

    Raises:
        FetchError: if the wheels cannot be fetched.
        ExtractionError: if they are not what the extraction knows.
    """
    folder = home / "schema"
    with made(folder, digest(WHEELS, Path(extraction.__file__)), say) as needed:
        if needed:
            found = {wheel.name.split("-")[0]: wheel for wheel in wheels(say, home)}
            for provider, wheel in PROVIDERS.items():
                for kind, name, schema in extraction.schemas(found[wheel]):
                    path = folder / provider / kind / f"{name}.json"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(json.dumps(schema))
    return Store(folder)
