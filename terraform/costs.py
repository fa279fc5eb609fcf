"""What prod costs a month, by how many requests: prices and assumptions are in costs.yaml, the arithmetic is here."""

import argparse
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

PRICES: Final = Path(__file__).parent / "costs.yaml"
README: Final = Path(__file__).parent / "README.md"
LEVELS: Final = (1, 10, 100)  # million requests a month

_PLACE = re.compile(r"(?<=<!-- BEGIN COSTS -->\n).*?(?=<!-- END COSTS -->)", re.DOTALL)
_DAYS = 365 / 12
_SECONDS = _DAYS * 24 * 3600
_ACTIVE_DAYS = 90
_GIB = 2**30
_MILLION = 1_000_000
_LEAST_ROW = 1024  # bytes: what BigQuery counts for a smaller one
_SAMPLES = 2 * 60 * 24  # a day and series


@dataclass(frozen=True)
class Costs:
    """Dollars a month; each method is a row of the table and takes millions of requests."""

    prices: dict[str, float]
    free: dict[str, float]
    assumed: dict[str, float]

    @classmethod
    def read(cls, path: Path = PRICES) -> "Costs":
        """Prices and assumptions from their file."""
        document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        return cls(**document)

    def instances(self, _millions: float) -> float:
        """Cloud Run: the instances that are always there; they carry all of these levels."""
        seconds = self.assumed["instances"] * _SECONDS
        cpu = seconds * self.assumed["instance_cpus"] - self.free["cpu_seconds"]
        memory = seconds * self.assumed["instance_gib"] - self.free["memory_gib_seconds"]
        return cpu * self.prices["cpu_second"] + memory * self.prices["memory_gib_second"]

    def gateway(self, millions: float) -> float:
        """API Gateway: calls, and what leaves for the internet."""
        calls = max(0.0, millions - self.free["gateway_millions"]) * self.prices["gateway_million"]
        return calls + _gib(millions, self.assumed["answer_bytes"]) * self.prices["internet_gib"]

    def edge(self, millions: float) -> float:
        """The load balancer, and Cloud Armor."""
        fixed = 24 * _DAYS * self.prices["forwarding_hour"] + self.prices["armor_policy"]
        fixed += self.assumed["armor_rules"] * self.prices["armor_rule"]
        bytes_both_ways = self.assumed["request_bytes"] + self.assumed["answer_bytes"]
        return (
            fixed
            + _gib(millions, bytes_both_ways) * self.prices["balanced_gib"]
            + millions * self.prices["armor_million"]
        )

    def predictions(self, millions: float) -> float:
        """BigQuery: rows written, and kept as long as is asked, once that long has passed."""
        written = _gib(millions, max(_LEAST_ROW, self.assumed["event_bytes"])) * self.prices["insert_gib"]
        a_day = _gib(millions, self.assumed["event_bytes"]) / _DAYS
        active = max(0.0, a_day * _ACTIVE_DAYS - self.free["stored_gib"]) * self.prices["active_gib"]
        old = a_day * (self.assumed["retention_days"] - _ACTIVE_DAYS) * self.prices["old_gib"]
        return written + active + old

    def reports(self, millions: float) -> float:
        """The drift job each day, and what it has BigQuery read."""
        read = _gib(millions, self.assumed["event_bytes"]) * self.assumed["query_days"]  # GiB a month, all columns
        seconds = self.assumed["job_seconds"] * _DAYS
        run = seconds * (2 * self.prices["cpu_second"] + 4 * self.prices["memory_gib_second"])
        return run + max(0.0, read / 1024 - self.free["query_tib"]) * self.prices["query_tib"]

    def logs(self, millions: float) -> float:
        """Cloud Logging: an entry of Cloud Run and one of the gateway for each request, some of the edge."""
        each = self.assumed["log_bytes"] + self.assumed["edge_log_bytes"] * self.assumed["edge_log_share"]
        return max(0.0, _gib(millions, each) - self.free["log_gib"]) * self.prices["log_gib"]

    def monitoring(self, _millions: float) -> float:
        """Managed Prometheus and alert conditions."""
        samples = self.assumed["instances"] * self.assumed["series"] * _SAMPLES * _DAYS / _MILLION
        return (
            samples * self.prices["metric_million_samples"]
            + self.assumed["conditions"] * self.prices["alert_condition"]
        )

    def images(self, _millions: float) -> float:
        """Artifact Registry."""
        return self.assumed["image_gib"] * self.prices["image_gib"]

    def rows(self) -> list[tuple[str, list[float]]]:
        """What each part costs at each level, and all of it."""
        parts: tuple[tuple[str, Callable[[float], float]], ...] = (
            ("Cloud Run, two instances with sidecars, always on", self.instances),
            ("API Gateway, calls and answers", self.gateway),
            ("edge: load balancer, Cloud Armor", self.edge),
            ("BigQuery, predictions kept 400 days", self.predictions),
            ("drift reports each day", self.reports),
            ("Cloud Logging, an entry a request", self.logs),
            ("Managed Prometheus, alerts", self.monitoring),
            ("images", self.images),
        )
        rows = [(title, [part(level) for level in LEVELS]) for title, part in parts]
        return [*rows, ("**all of it**", [sum(column) for column in zip(*(costs for _, costs in rows), strict=True)])]


def table(costs: Costs) -> str:
    """The table as Markdown."""
    head = [
        "| USD a month | " + " | ".join(f"{level} million requests" for level in LEVELS) + " |",
        "| --- |" + " ---: |" * len(LEVELS),
    ]
    lines = [f"| {title} | " + " | ".join(_dollars(cost) for cost in row) + " |" for title, row in costs.rows()]
    return "\n".join([*head, *lines]) + "\n"


def with_table(page: str, costs: Costs) -> str:
    """A page with the table between its markers as it has to be.

    Raises:
        ValueError: if the markers are not there.
    """
    if not _PLACE.search(page):
        raise ValueError("no place between <!-- BEGIN COSTS --> and <!-- END COSTS -->, expected one")
    return _PLACE.sub(lambda _: table(costs), page)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    parser = commands.add_parser("costs", help="work out README.md's table of costs from costs.yaml")
    parser.add_argument("--check", action="store_true", help="write nothing; say whether it is stale")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    page = README.read_text(encoding="utf-8")
    made = with_table(page, Costs.read())
    if options.check and made != page:
        sys.stderr.write(f"{README}: its costs are stale; run `python -m terraform costs`\n")
        return 1
    if not options.check:
        README.write_text(made, encoding="utf-8")
        sys.stdout.write(table(Costs.read()))
    return 0


def _gib(millions: float, bytes_each: float) -> float:
    return millions * _MILLION * bytes_each / _GIB


def _dollars(cost: float) -> str:
    return f"{cost:,.0f}" if cost >= 1 else ("0" if cost <= 0 else "< 1")
