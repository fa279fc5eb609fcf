"""Settings come from the environment, or keep their defaults, or are refused by name."""

from pathlib import Path

import pytest

from gateway_config.settings import Settings, SettingsError, describe, read_settings


def test_defaults() -> None:
    """Nothing set, or set to nothing, is the default."""
    assert read_settings(Settings, {}) == Settings()
    assert read_settings(Settings, {"PUERTA_GATEWAY_PORT": ""}) == Settings()


def test_read() -> None:
    """A variable replaces its default."""
    settings = read_settings(Settings, {"PUERTA_GATEWAY_PORT": "1234", "PUERTA_STATE_DIR": "/elsewhere", "OTHER": "x"})
    assert settings == Settings(gateway_port=1234, state_dir=Path("/elsewhere"))


def test_receiver_headers() -> None:
    """Headers are given as OpenTelemetry's own variable has them."""
    settings = read_settings(Settings, {"PUERTA_OTLP_HEADERS": "Authorization=Basic%20eA==, x-team = a%2Cb"})
    assert settings.otlp_headers == (("authorization", "Basic eA=="), ("x-team", "a,b"))


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PUERTA_GATEWAY_PORT", "http", "a port, 1 to 65535"),
        ("PUERTA_GATEWAY_PORT", "0", "a port, 1 to 65535"),
        ("PUERTA_GATEWAY_ADMIN_PORT", "65536", "a port, 1 to 65535"),
        ("PUERTA_GATEWAY_WORKERS", "0", "a whole number, 1 or more"),
        ("PUERTA_TRACE_RATIO", "1.01", "a ratio, 0 to 1"),
        ("PUERTA_TRACE_RATIO", "nan", "a ratio, 0 to 1"),
        ("PUERTA_OTLP_ENDPOINT", "127.0.0.1:4318", "a URL that starts with http:// or https://"),
        ("PUERTA_OTLP_ENDPOINT", "http://:4318", "a URL that starts with http:// or https://"),
        ("PUERTA_OTLP_ENDPOINT", "http://x:y", "a URL that starts with http:// or https://"),
        ("PUERTA_OTLP_HEADERS", "secret", "name=value, separated by commas, percent-encoded"),
        ("PUERTA_OTLP_HEADERS", "a=b%0Ac", "name=value, separated by commas, percent-encoded"),
    ],
)
def test_refused(variable: str, value: str, expected: str) -> None:
    """A value that makes no sense is named, with what was expected."""
    with pytest.raises(SettingsError, match=f"^{variable} is '{value}', expected {expected}$"):
        read_settings(Settings, {variable: value})


def test_every_setting_is_described() -> None:
    """The table has a line for every setting, with a help text."""
    table = list(describe(Settings))
    assert all(variable.startswith("PUERTA_") and text for variable, _, text in table)
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert [variable for variable, _, _ in table if f"`{variable}`" not in readme] == []
