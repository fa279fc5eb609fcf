"""A provider's schema out of its bindings."""

from pathlib import Path

import pytest

from terraform.provider.extraction import ExtractionError, schemas
from terraform.provider.store import Store
from terraform.provider.tests.bindings import THING, wheel


def test_everything_that_the_bindings_tell_is_in_the_schema(tmp_path: Path) -> None:
    """Flags, types, descriptions, write-only arguments, and blocks with their least and most."""
    ((kind, name, schema),) = schemas(wheel(tmp_path))
    assert (kind, name) == ("resource", "google_thing")
    block = schema["block"]
    assert block["attributes"] == {
        "conditions": {"type": ["list", ["object", {"state": "string"}]], "computed": True},
        "labels": {"type": ["map", "string"], "optional": True},
        "password_wo": {"type": "string", "optional": True, "write_only": True},
        "purpose": {
            "type": "string",
            "optional": True,
            "computed": True,
            "description": 'What it is for. Possible values: ["GOOD", "BAD"]',
        },
        "zones": {"type": ["set", "string"], "optional": True},
    }
    inner = {
        "attributes": {
            "first_one": {"type": "number", "required": True, "description": "The first of it."},
            "seen": {"type": "bool", "computed": True},
        }
    }
    assert block["block_types"] == {
        "main": {"nesting_mode": "list", "block": inner, "min_items": 1, "max_items": 1},
        "other": {"nesting_mode": "set", "block": inner},
    }


@pytest.mark.parametrize(
    ("typescript", "archives", "said"),
    [
        (THING, 0, "0 archives of bindings in it, expected 1"),
        (
            THING.replace("this.getStringAttribute('password_wo')", "magic()").replace(
                "      password_wo:", "      x:"
            ),
            1,
            "password_wo: no type can be read",
        ),
        (
            THING.replace("class ThingConditionsOutputReference", "class Other"),
            1,
            "no class ThingConditionsOutputReference",
        ),
        (THING.replace("tfResourceType", "another"), 1, "class Thing: no tfResourceType in it"),
    ],
    ids=["no archive", "no type", "no class", "no name"],
)
def test_bindings_of_another_form_are_refused_by_name(
    tmp_path: Path, typescript: str, archives: int, said: str
) -> None:
    """A generator that changed its ways is noticed, rather than a schema with holes served."""
    with pytest.raises(ExtractionError, match=said):
        list(schemas(wheel(tmp_path, typescript, archives)))


def test_what_is_no_wheel_is_refused(tmp_path: Path) -> None:
    """A broken download is named."""
    path = tmp_path / "broken.whl"
    path.write_bytes(b"half of it")
    with pytest.raises(ExtractionError, match="broken.whl: "):
        list(schemas(path))


@pytest.mark.platform
def test_the_real_provider_is_all_there(store: Store) -> None:
    """Of the real wheels: as many resources as the provider has, and known shapes among them."""
    assert len(store.names("google", "resource")) > 1300
    assert len(store.names("google-beta", "resource")) > 1400
    assert store.get("google", "resource", "google_api_gateway_api") is None  # in beta only
    assert store.get("google-beta", "resource", "google_api_gateway_api")
    service = store.get("google", "resource", "google_cloud_run_v2_service")
    assert service is not None
    template = service["block"]["block_types"]["template"]
    assert (template["min_items"], template["max_items"]) == (1, 1)
    container = template["block"]["block_types"]["containers"]["block"]
    assert container["attributes"]["image"]["required"]
    assert container["block_types"]["env"]["nesting_mode"] == "set"
    assert service["block"]["attributes"]["uri"] == {"type": "string", "computed": True}
    version = store.get("google", "resource", "google_secret_manager_secret_version")
    assert version is not None
    assert version["block"]["attributes"]["secret_data_wo"]["write_only"]
    provider = store.get("google", "provider", "google")
    assert provider is not None
    assert provider["block"]["attributes"]["default_labels"]["type"] == ["map", "string"]


@pytest.mark.platform
def test_a_name_that_is_a_path_finds_nothing(store: Store) -> None:
    """Names come from HCL, and lead nowhere but into the schema."""
    assert store.get("google", "resource", "../data/google_project") is None
