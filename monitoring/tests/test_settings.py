"""Settings from the environment."""

from pathlib import Path

import pytest

from monitoring import __main__
from monitoring.settings import Settings, SettingsError, describe, read_settings


def test_without_an_environment_there_are_the_defaults() -> None:
    """An empty variable is one that is not set."""
    assert read_settings({}) == Settings()
    assert read_settings({"PUERTA_DRIFT_MIN_ROWS": ""}) == Settings()


def test_the_state_folder_holds_what_is_not_set() -> None:
    """As the platform has it: events, labels and reports below it."""
    found = read_settings({"PUERTA_STATE_DIR": "/state", "PUERTA_LABELS_DIR": "/labels"})
    assert found.events_dir == Path("/state/events")
    assert found.labels_dir == Path("/labels")
    assert found.reports_dir == Path("/state/reports")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("EVENTS_DIR", "-", "a folder on this machine"),
        ("MODELS_DIR", "gs://bucket/models", "a folder on this machine"),
        ("CONSOLE_NAMES", "localhost,", "hosts, separated by commas"),
        ("MONITORING_METRICS_PORT", "99999", "a port, 1 to 65535"),
        ("DRIFT_SCHEDULE", "hourly", "a cron expression"),
        ("DRIFT_SCHEDULE", "61 * * * *", "a cron expression"),
        ("DRIFT_MIN_ROWS", "0", "a whole number, 1 or more"),
        ("DRIFT_STEP_HOURS", "-1", "whole hours, 0 or more"),
        ("LABEL_DUE_DAYS", "0", "days, more than 0"),
        ("QUALITY_DELTA", "5", "a ratio, 0 to 1"),
        ("EVIDENTLY", "perhaps", "true or false"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(name: str, text: str, expected: str) -> None:
    """With what came and what was expected."""
    with pytest.raises(SettingsError, match=f"PUERTA_{name} is '.*', expected {expected}"):
        read_settings({f"PUERTA_{name}": text})


def test_every_setting_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    """The list of them is the table itself."""
    assert __main__.main(["settings"]) == 0
    said = capsys.readouterr().out
    for name, default, summary in describe():
        assert name in said
        assert default in said
        assert summary in said


def test_a_wrong_setting_ends_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With exit code 2: it could not be done."""
    monkeypatch.setenv("PUERTA_DRIFT_MIN_ROWS", "many")
    assert __main__.main(["drift", "run"]) == 2
    assert "PUERTA_DRIFT_MIN_ROWS is 'many'" in capsys.readouterr().err
