"""Configuration files of other programs come through as they were written."""

import json
import subprocess
from pathlib import Path

import pytest

from puerta import configuration
from puerta.configuration import ConfigurationError
from tests.parts import require

OFFICE_HOURS = """\
route: {receiver: team, routes: [{mute_time_intervals: [night], matchers: ['severity="ticket"']}]}
time_intervals:
  - name: night
    time_intervals: [{times: [{start_time: 17:00, end_time: 24:00}], years: [2026], days_of_month: ['1:31']}]
receivers: [{name: team, webhook_configs: [{url: http://127.0.0.1:1/, send_resolved: yes, max_alerts: 10}]}]
"""


def test_times_of_day_are_no_numbers(tmp_path: Path) -> None:
    """Nor are dates anything but text: that is how Prometheus and Alertmanager read them."""
    mine = tmp_path / "mine.yaml"
    mine.write_text("{time: 17:00, date: 2026-01-01, whole: 17, octal: 017, float: 1.5, flag: yes, none: null}\n")
    read = configuration.read(mine, "PUERTA_X")
    assert read == {
        "time": "17:00",
        "date": "2026-01-01",
        "whole": 17,
        "octal": 15,
        "float": 1.5,
        "flag": True,
        "none": None,
    }
    configuration.write(tmp_path / "made.json", read)
    assert json.loads((tmp_path / "made.json").read_text()) == read


@pytest.mark.platform
def test_amtool_takes_office_hours(tmp_path: Path) -> None:
    """A configuration that amtool takes, it takes when it has been read and written too."""
    amtool = require("amtool", "apt install prometheus-alertmanager")
    mine, made = tmp_path / "mine.yaml", tmp_path / "made.json"
    mine.write_text(OFFICE_HOURS)
    configuration.write(made, configuration.read(mine, "PUERTA_X"))
    for path in (mine, made):
        done = subprocess.run([amtool, "check-config", str(path)], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("content", [b"a: \xff", b"a: [", b"a: !!python/object:os.system {}", b"a: \x00"])
def test_what_is_no_yaml(tmp_path: Path, content: bytes) -> None:
    """It is named, and nothing in it is run."""
    mine = tmp_path / "mine.yaml"
    mine.write_bytes(content)
    with pytest.raises(ConfigurationError, match=f"^{mine}: not YAML: "):
        configuration.read(mine, "PUERTA_X")
