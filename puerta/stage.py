"""What is otherwise where the platform is a demonstration: a folder of its own, and days that last seconds."""

from collections.abc import Mapping
from dataclasses import replace

from gateway_config.settings import SettingsError
from puerta.settings import Settings

_DAYS = (10, 12, 15, 20, 30, 60)  # seconds: a cron expression can say so, and a run has time enough


def stage(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """The settings, in a folder of its own where it is a demonstration: no flight of it is ever taken for a real one.

    Raises:
        SettingsError: if its days have no length that reports can be made at.
    """
    if not settings.demo:
        return settings
    if settings.demo_day_seconds not in _DAYS:
        lengths = ", ".join(map(str, _DAYS))
        raise SettingsError(f"PUERTA_DEMO_DAY_SECONDS is {settings.demo_day_seconds}, expected one of {lengths}")
    if environment.get("PUERTA_STATE_DIR"):
        return settings
    return replace(settings, state_dir=settings.state_dir / "demo")


def monitoring_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """What the reports are made with in a demonstration; whoever has set it is not overruled."""
    if not settings.demo:
        return {}
    day = str(settings.demo_day_seconds)
    wanted = {
        "PUERTA_DRIFT_DAY_SECONDS": day,
        "PUERTA_DRIFT_SCHEDULE": "0 * * * * *" if day == "60" else f"*/{day} * * * * *",
        "PUERTA_LABEL_DUE_DAYS": "2",
        "PUERTA_EVIDENTLY": "false",  # it takes longer than a day
    }
    return {name: environment.get(name) or value for name, value in wanted.items()}
