"""The platform's settings are the gateway's and its own, in one table."""

from pathlib import Path

import pytest

from gateway_config.settings import Settings as GatewaySettings
from gateway_config.settings import SettingsError, describe, read_settings
from puerta.settings import Settings


def test_one_table() -> None:
    """What holds for the gateway alone holds for the platform too, with the same defaults."""
    gateway = list(describe(GatewaySettings))
    assert list(describe(Settings))[: len(gateway)] == gateway


def test_read() -> None:
    """Both kinds come from the same environment."""
    settings = read_settings(Settings, {"PUERTA_INSTANCES": "3", "PUERTA_GATEWAY_PORT": "80"})
    assert (settings.instances, settings.gateway_port, settings.service_port) == (3, 80, 8001)


@pytest.mark.parametrize(
    ("text", "wanted"), [("false", False), ("No", False), ("0", False), ("TRUE", True), ("", True)]
)
def test_left_out(text: str, wanted: bool) -> None:
    """What is not wanted is said not to be."""
    assert read_settings(Settings, {"PUERTA_MONITORING": text}).monitoring is wanted


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PUERTA_INSTANCES", "none", "a whole number, 1 or more"),
        ("PUERTA_START_SECONDS", "0", "seconds, more than 0"),
        ("PUERTA_STOP_SECONDS", "inf", "seconds, more than 0"),
        ("PUERTA_MONITORING", "perhaps", "true or false"),
        ("PUERTA_ALERT_WEBHOOK", "me@example.com", "a URL that starts with http:// or https://"),
    ],
)
def test_refused(variable: str, value: str, expected: str) -> None:
    """A value that makes no sense is named, with what was expected."""
    with pytest.raises(SettingsError, match=f"^{variable} is '{value}', expected {expected}$"):
        read_settings(Settings, {variable: value})


def test_every_setting_is_documented() -> None:
    """The README has a line for every setting that is not the gateway's own."""
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    own = {variable for variable, _, _ in describe(Settings)} - {
        variable for variable, _, _ in describe(GatewaySettings)
    }
    assert {variable for variable in own if f"`{variable}`" not in readme} == set()
