"""What a demonstration has otherwise, and what it leaves alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway_config.settings import SettingsError
from puerta.settings import Settings
from puerta.stage import monitoring_environment, stage

DEMO = Settings(demo=True)


def test_without_a_demonstration_nothing_is_otherwise() -> None:
    """Not even a length of a day that would be refused."""
    settings = Settings(demo_day_seconds=7)
    assert stage(settings, {}) is settings
    assert monitoring_environment(settings, {}) == {}


def test_it_has_a_folder_of_its_own() -> None:
    """Below the usual one, unless a folder was named."""
    assert stage(DEMO, {}).state_dir == Path(".local/demo")
    named = replace(DEMO, state_dir=Path("elsewhere"))
    assert stage(named, {"PUERTA_STATE_DIR": "elsewhere"}).state_dir == Path("elsewhere")


@pytest.mark.parametrize(("seconds", "schedule"), [(30, "*/30 * * * * *"), (60, "0 * * * * *")])
def test_reports_are_made_at_its_midnight(seconds: int, schedule: str) -> None:
    """A day of the reports is one of the demonstration; what somebody has set stays."""
    short = replace(DEMO, demo_day_seconds=seconds)
    assert monitoring_environment(short, {})["PUERTA_DRIFT_SCHEDULE"] == schedule
    assert monitoring_environment(short, {})["PUERTA_DRIFT_DAY_SECONDS"] == str(seconds)
    assert monitoring_environment(short, {"PUERTA_EVIDENTLY": "true"})["PUERTA_EVIDENTLY"] == "true"


def test_a_length_that_no_schedule_can_have() -> None:
    """It is refused by name, before anything is started."""
    with pytest.raises(SettingsError, match="PUERTA_DEMO_DAY_SECONDS is 25, expected one of 10, 12, 15, 20, 30, 60"):
        stage(replace(DEMO, demo_day_seconds=25), {})
