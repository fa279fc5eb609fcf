"""Settings come from the environment alone, and one that makes no sense is refused by name."""

from dataclasses import FrozenInstanceError, fields

import pytest

from service.settings import Settings, SettingsError, describe, read_settings


def test_an_empty_environment_gives_the_defaults() -> None:
    """Nothing has to be set; an empty variable counts as not set."""
    assert read_settings({}) == Settings()
    assert read_settings({"PUERTA_PORT": "", "PUERTA_UNSEEN": ""}) == Settings()


def test_contract_defaults() -> None:
    """The defaults that other parts of the platform rely on."""
    settings = Settings()
    assert (settings.host, settings.port, settings.metrics_port) == ("127.0.0.1", 8001, 9101)
    assert (settings.events_dir, settings.labels_dir) == (".local/events", ".local/labels")
    assert (settings.models_dir, settings.max_instances) == ("model-files", 10_000)
    assert (settings.trace_ratio, settings.otlp_endpoint, settings.gateway_token) == (0.01, "", "")
    assert settings.name == "service-8001"


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("PUERTA_HOST", "0.0.0.0", "host", "0.0.0.0"),  # noqa: S104 - a container's address
        ("PUERTA_PORT", "0", "port", 0),
        ("AIP_HTTP_PORT", "8080", "port", 8080),
        ("PORT", "8080", "port", 8080),
        ("PUERTA_TRACE_RATIO", "1", "trace_ratio", 1.0),
        ("PUERTA_DEADLINE_SECONDS", "0.5", "deadline_seconds", 0.5),
        ("PUERTA_ACCESS_LOG", "Yes", "access_log", True),
        ("PUERTA_ACCESS_LOG", "0", "access_log", False),
        ("PUERTA_LOG_LEVEL", "WARNING", "log_level", "warning"),
        ("PUERTA_UNSEEN", "a=count,b=reject", "unseen", (("a", "count"), ("b", "reject"))),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:4318/v1/traces", "otlp_endpoint", "http://c:4318/v1/traces"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "Api-Key=a%3Db, x = y,", "otlp_headers", (("api-key", "a=b"), ("x", "y"))),
        ("AIP_PREDICT_ROUTE", "/predict", "predict_route", "/predict"),
        ("AIP_HEALTH_ROUTE", "/health", "health_route", "/health"),
    ],
)
def test_a_variable_is_read(variable: str, text: str, name: str, value: object) -> None:
    """Each kind of value, and the names that Vertex AI and Cloud Run give."""
    assert getattr(read_settings({variable: text}), name) == value


def test_our_own_name_comes_before_the_platforms() -> None:
    """What was said to this program in so many words counts."""
    assert read_settings({"PORT": "1", "AIP_HTTP_PORT": "2", "PUERTA_PORT": "3"}).port == 3
    assert read_settings({"PORT": "1", "AIP_HTTP_PORT": "2"}).port == 2


@pytest.mark.parametrize("text", ["hush", "=hush", "na me=hush", "name=hush%0Ax: y"])
def test_a_secret_that_makes_no_sense_is_not_printed(text: str) -> None:
    """The variable is named, and what was expected; a header that holds two is refused."""
    with pytest.raises(SettingsError, match="^PUERTA_OTLP_HEADERS can't be read, expected name=value") as refused:
        read_settings({"PUERTA_OTLP_HEADERS": text})
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("PUERTA_PORT", "http"),
        ("PUERTA_PORT", "65536"),
        ("PUERTA_PORT", "-1"),
        ("PORT", "80.5"),
        ("PUERTA_MAX_INSTANCES", "0"),
        ("PUERTA_MAX_INSTANCES", "65537"),
        ("PUERTA_MAX_BODY_BYTES", "8MB"),
        ("PUERTA_TRACE_RATIO", "1.1"),
        ("PUERTA_TRACE_RATIO", "nan"),
        ("PUERTA_DEADLINE_SECONDS", "-1"),
        ("PUERTA_DEADLINE_SECONDS", "inf"),
        ("PUERTA_GRACE_SECONDS", "nan"),
        ("PUERTA_ACCESS_LOG", "maybe"),
        ("PUERTA_LOG_LEVEL", "loud"),
        ("PUERTA_UNSEEN", "reject"),
        ("PUERTA_UNSEEN", "a=ignore"),
        ("PUERTA_UNSEEN", "=reject"),
        ("PUERTA_OTLP_ENDPOINT", "127.0.0.1:4318"),
        ("PUERTA_PREDICT_ROUTE", "predict"),
    ],
)
def test_nonsense_is_refused_by_name(variable: str, text: str) -> None:
    """The message names the variable, what came and what was expected."""
    with pytest.raises(SettingsError) as refused:
        read_settings({variable: text})
    message = str(refused.value)
    assert variable in message
    assert text in message
    assert "expected" in message
    assert "\n" not in message


def test_the_two_logs_do_not_share_a_folder() -> None:
    """Labels among predictions would make neither log readable; standard output takes both, line by line."""
    with pytest.raises(SettingsError, match="PUERTA_LABELS_DIR"):
        read_settings({"PUERTA_EVENTS_DIR": "logs", "PUERTA_LABELS_DIR": "./logs/"})
    assert read_settings({"PUERTA_EVENTS_DIR": "-", "PUERTA_LABELS_DIR": "-"}).events_dir == "-"


def test_every_setting_is_described() -> None:
    """The documentation's table has a line for each, with help, and its default is what an empty environment gives."""
    rows = list(describe())
    assert len(rows) == len(fields(Settings))
    for variable, default, text in rows:
        assert text
        name = variable.removeprefix("PUERTA_").lower()
        assert getattr(read_settings({variable: default}), name) == getattr(Settings(), name)


def test_the_settings_are_frozen_and_keep_their_secret() -> None:
    """Made once; printed by accident, they do not show the gateway's token."""
    settings = read_settings({"PUERTA_GATEWAY_TOKEN": "hush"})
    with pytest.raises(FrozenInstanceError):
        settings.port = 1  # type: ignore[misc]
    assert settings.gateway_token == "hush"  # noqa: S105 - a made-up one
    assert "hush" not in repr(settings)
