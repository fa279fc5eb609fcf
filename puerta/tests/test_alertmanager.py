"""Alertmanager's configuration on this machine is the committed one, and a webhook where one is wanted."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from puerta import alertmanager
from puerta.configuration import ConfigurationError
from puerta.settings import Settings

FOLDER = Path(__file__).parents[2] / "monitoring" / "alertmanager"
COMMITTED = FOLDER / "alertmanager.yaml"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """State in a folder of the test, everything else as committed."""
    return Settings(state_dir=tmp_path, alertmanager_config=COMMITTED)


def committed() -> Any:
    """The file that containers read."""
    return yaml.safe_load(COMMITTED.read_text())


def test_same_as_in_containers(settings: Settings) -> None:
    """All but where the templates are, which the file says from its own folder on."""
    made = alertmanager.configuration(settings)
    assert made == committed() | {"templates": [str(FOLDER / "templates" / "*.tmpl")]}


def test_webhook(settings: Settings) -> None:
    """Every receiver sends there too, that it fires and that it is over; routes and inhibition stay."""
    url = "http://127.0.0.1:1234/alerts"
    made = alertmanager.configuration(replace(settings, alert_webhook=url))
    assert [receiver["name"] for receiver in made["receivers"]] == ["page", "ticket"]
    assert [receiver["webhook_configs"] for receiver in made["receivers"]] == [
        [{"url": url, "send_resolved": True}]
    ] * 2
    assert {key: made[key] for key in ("route", "inhibit_rules")} == {
        key: committed()[key] for key in ("route", "inhibit_rules")
    }


def test_webhook_beside_an_empty_list(settings: Settings, tmp_path: Path) -> None:
    """``webhook_configs:`` with nothing after it is none yet."""
    mine = tmp_path / "mine.yaml"
    mine.write_text("receivers: [{name: page, webhook_configs: }]\n")
    made = alertmanager.configuration(replace(settings, alertmanager_config=mine, alert_webhook="http://127.0.0.1:1/"))
    assert [one["url"] for one in made["receivers"][0]["webhook_configs"]] == ["http://127.0.0.1:1/"]


def test_files_are_found_from_elsewhere(settings: Settings, tmp_path: Path) -> None:
    """A file of your own may name its secrets and templates from its own folder on; an absolute name stays."""
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "global: {slack_api_url_file: secrets/slack}\n"
        "receivers: [{name: page, pagerduty_configs: [{routing_key_file: /run/secrets/key}]}]\n"
    )
    made = alertmanager.configuration(replace(settings, alertmanager_config=mine))
    assert made["global"]["slack_api_url_file"] == str(tmp_path / "secrets" / "slack")
    assert made["receivers"][0]["pagerduty_configs"][0]["routing_key_file"] == "/run/secrets/key"


def test_no_receivers(settings: Settings, tmp_path: Path) -> None:
    """Nobody would be told: it is said."""
    mine = tmp_path / "mine.yaml"
    mine.write_text("route: {receiver: page}\n")
    with pytest.raises(ConfigurationError, match=f"^{mine}: receivers is no list of receivers$"):
        alertmanager.configuration(replace(settings, alertmanager_config=mine))


def test_either_name(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's name and upstream's; the first one that is installed, and none where none is."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert alertmanager.find(settings) is None
    for name in ("alertmanager", "prometheus-alertmanager"):
        program = tmp_path / name
        program.touch(0o755)
        assert alertmanager.find(settings) == str(program)
    assert alertmanager.find(replace(settings, alertmanager="alertmanager")) == str(tmp_path / "alertmanager")


def test_loopback_only(settings: Settings) -> None:
    """Nobody but this machine reaches it, and it looks for no other of its kind."""
    words = alertmanager.command(settings, "/usr/bin/alertmanager")
    assert "--web.listen-address=127.0.0.1:9093" in words
    assert "--cluster.listen-address=" in words
