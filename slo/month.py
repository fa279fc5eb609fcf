"""The calendar month in PromQL: which one it is and how much of it has passed, in UTC as Prometheus counts.

What is recorded is labelled with its month, and summed up over the longest month there is, of this month alone: so a
budget is full again when the month turns (https://prometheus.io/docs/prometheus/latest/querying/functions/).
"""

LONGEST = "31d"
NOW = 'count_values("month", month())'  # 1, with the number of the month as a label
DAYS = "days_in_month()"
ELAPSED = f"(day_of_month() - 1 + time() % 86400 / 86400) / {DAYS}"  # part of 1
LEFT = f"(1 - {ELAPSED}) * {DAYS} * 86400"  # seconds


def labelled(series: str) -> str:
    """A series with the month of each of its samples as a label."""
    return f"{series} * on () group_left (month) {NOW}"


def summed(series: str) -> str:
    """The sum of such a series' samples of this month."""
    return f"sum without (month) (sum_over_time({series}[{LONGEST}]) and on (month) {NOW})"
