"""Reading what a Prometheus server would read."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Exemplar, Sample

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
TEXT = "text/plain; version=0.0.4"


def scrape(registry: CollectorRegistry, accept: str = TEXT) -> "Exposition":
    """What a scrape of a registry gives."""
    encode, content_type = choose_encoder(accept)
    return Exposition(encode(registry).decode(), content_type)


class Exposition:
    """A parsed exposition of either format."""

    def __init__(self, text: str, content_type: str) -> None:
        parse = parse_openmetrics if "openmetrics" in content_type else parse_text
        self.families: dict[str, Metric] = {family.name: family for family in parse(text)}
        self.samples: list[Sample] = [sample for family in self.families.values() for sample in family.samples]

    def series(self, name: str) -> dict[tuple[tuple[str, str], ...], float]:
        """Every sample of a name, by its labels."""
        return {tuple(sorted(s.labels.items())): s.value for s in self.samples if s.name == name}

    def value(self, name: str, **labels: str) -> float:
        """One sample; 0 where there is none."""
        return self.series(name).get(tuple(sorted(labels.items())), 0.0)

    def exemplars(self, name: str) -> Iterable[Exemplar]:
        """The exemplars of a name."""
        return [sample.exemplar for sample in self.samples if sample.name == name and sample.exemplar]
