"""The estimate in README.md is worked out from costs.yaml, and its arithmetic holds."""

from dataclasses import replace
from pathlib import Path

import pytest

from terraform.costs import LEVELS, README, Costs, table, with_table
from terraform.folders import Folder
from terraform.inventory import read as read_inventory

DOLLAR = 0.5  # the table is rounded to whole ones


@pytest.fixture
def costs() -> Costs:
    """As they are committed."""
    return Costs.read()


def test_the_readme_has_this_table(costs: Costs) -> None:
    """Whoever changes a price or an assumption sees the README fail."""
    page = README.read_text()
    assert with_table(page, costs) == page, "run `python -m terraform costs`"
    assert table(costs) in page


def test_the_last_row_is_the_sum(costs: Costs) -> None:
    """All of it is what the parts are together."""
    *parts, (_, together) = costs.rows()
    assert together == [pytest.approx(sum(row[n] for _, row in parts)) for n in range(len(LEVELS))]


def test_the_gateway_is_free_up_to_two_million(costs: Costs) -> None:
    """10 million calls are 8 that cost 3 dollars each, and 9.3 GiB of answers at 0.12."""
    assert costs.gateway(2) < 1
    assert costs.gateway(10) == pytest.approx(8 * 3 + 10e6 * 1000 / 2**30 * 0.12)


def test_two_instances_cost_what_google_says(costs: Costs) -> None:
    """A month of two instances with two CPUs and one GiB each, less what is free."""
    seconds = 2 * 730 * 3600
    expected = (2 * seconds - 240_000) * 0.000018 + (seconds - 450_000) * 0.000002
    assert costs.instances(1) == pytest.approx(expected, abs=DOLLAR)


def test_more_traffic_never_costs_less(costs: Costs) -> None:
    """No part becomes cheaper with more requests, and none is below nothing."""
    for title, row in costs.rows():
        assert row == sorted(row), title
        assert row[0] >= 0, title


def test_a_price_moves_the_table(costs: Costs) -> None:
    """The table rests on the file, not on numbers of its own."""
    dearer = replace(costs, prices=costs.prices | {"gateway_million": 6.0})
    assert dearer.gateway(100) == pytest.approx(costs.gateway(100) + 98 * 3)
    assert table(dearer) != table(costs)


def test_the_conditions_are_about_as_many_as_there_are(costs: Costs) -> None:
    """The alerts that are counted are about those that prod makes."""
    made = read_inventory(Folder("environments/prod")).types["google_monitoring_alert_policy"]
    assert made <= costs.assumed["conditions"] <= 2 * made


def test_a_page_without_a_place_is_refused(costs: Costs) -> None:
    """Nothing is written where there are no markers."""
    with pytest.raises(ValueError, match="BEGIN COSTS"):
        with_table(Path(__file__).name, costs)
