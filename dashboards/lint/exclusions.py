"""Where a rule makes no sense, and why."""

from dataclasses import dataclass

from dashboards.lint.model import Complaint


@dataclass(frozen=True)
class Exclusion:
    """Complaints of some rules about something that is named first in them."""

    rules: tuple[str, ...]
    about: str
    reason: str

    def covers(self, complaint: Complaint) -> bool:
        """Whether the complaint is excused."""
        return complaint.rule in self.rules and complaint.what.startswith(self.about)


EXCLUSIONS = (
    Exclusion(
        ("target-job-rule", "target-instance-rule"),
        "slo:",
        "Records of the objectives' rules are sums over every job and instance, and have neither label.",
    ),
    Exclusion(
        ("target-job-rule", "target-instance-rule"),
        "ALERTS",
        "An alert of an objective is about the sum over every job and instance.",
    ),
)
