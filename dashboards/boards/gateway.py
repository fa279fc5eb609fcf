"""Gateway: who calls, what is refused and why, what the gateway adds, and whose fault an error is."""

from dashboards.frame import Board, Row, choice
from dashboards.limits import Limits
from dashboards.palette import BROKEN, CODES, Step, plain, rising
from dashboards.panels import LOG, PART, UPWARD, Builder, Query, Text, chart_panel, stat_panel
from dashboards.promql import lately, matchers, quantile, rate, ratio, share

REQUESTS = "gateway_requests_total"
SECONDS = "gateway_request_duration_seconds"
OVERHEAD = "gateway_overhead_seconds"
REFUSED = "gateway_refused_total"
SERVICE = "http_server_request_duration_seconds"
CLIENT = 'client=~"$client"'
OURS = 'code=~"5.."'


def board(limits: Limits) -> Board:
    """All callers, or those that are chosen."""
    return Board(
        name="gateway",
        title="Puerta: gateway",
        description="What callers see: by client, by reason of refusal, and what the gateway adds to the service's time.",
        rows=(
            Row("Now", _now(limits)),
            Row("Clients", _clients()),
            Row("Refusals", _refusals()),
            Row("Gateway and service", _attribution(limits)),
        ),
        variables=(choice("client", "Client", 'label_values(gateway_requests_total{job=~"$job"}, client)'),),
    )


def _now(limits: Limits) -> list[Builder]:
    def text(title: str, description: str) -> Text:
        return Text(title, description, width=4, height=4)

    total, bad = (rate(one.metric, CLIENT, *matchers(one)) for one in limits.events("gateway-availability"))
    every = rate(REQUESTS, CLIENT)
    allowed = limits.allowed("gateway-availability")
    return [
        stat_panel(text("Requests", "Requests a second."), [Query(every)], "reqps", plain(), decimals=1),
        stat_panel(
            text("Errors", "Part of the requests that were answered with 5xx; no data where there was no request."),
            [Query(share(bad, total))],
            "percentunit",
            rising(notice=allowed, broken=10 * allowed),
            decimals=2,
        ),
        stat_panel(
            text("Refused", "Part of the requests that the gateway answered itself, whatever the reason."),
            [Query(share(rate(REFUSED, CLIENT), every))],
            "percentunit",
            plain(),
            decimals=1,
        ),
        stat_panel(
            text("P90", "Nine of ten answers are faster, as callers see them; refusals are among them."),
            [Query(quantile(0.9, SECONDS, CLIENT))],
            "s",
            rising(notice=limits.seconds("latency") / 2, broken=limits.seconds("latency")),
            decimals=1,
        ),
        stat_panel(
            text("Overhead, P99", "What the gateway adds to all but one of a hundred requests."),
            [Query(quantile(0.99, OVERHEAD, CLIENT))],
            "s",
            rising(notice=limits.seconds("gateway-overhead") / 2, broken=limits.seconds("gateway-overhead")),
            decimals=1,
        ),
        stat_panel(
            text(
                "Access log unreadable", "Lines of an hour's access log that are none: what they told is in no figure."
            ),
            [Query(lately("gateway_access_log_unreadable_total"))],
            "short",
            rising(broken=0.5),
            decimals=0,
        ),
    ]


def _clients() -> list[Builder]:
    other = rate(REQUESTS, CLIENT, 'code!~"2.."', by="client")
    return [
        chart_panel(
            Text("Requests by client", "Requests a second; none: nobody's key was recognised."),
            [Query(f"{rate(REQUESTS, CLIENT, by='client')} > 0", "{{client}}")],
            "reqps",
            stacked=True,
        ),
        chart_panel(
            Text("P90 by client", "As each client sees it."),
            [Query(quantile(0.9, SECONDS, CLIENT, by="client"), "{{client}}")],
            "s",
        ),
        chart_panel(
            Text(
                "Answers that are not 2xx, by client",
                "Part of each client's requests; clients without requests are not shown.",
            ),
            [Query(share(other, rate(REQUESTS, CLIENT, by="client"), on="client"), "{{client}}")],
            "percentunit",
            axis=PART,
        ),
        chart_panel(
            Text("Requests by route", "Requests a second by operation.", width=12),
            [Query(f"{rate(REQUESTS, CLIENT, by='route')} > 0", "{{route}}")],
            "reqps",
            stacked=True,
        ),
        chart_panel(
            Text("Requests by code", "Requests a second by what came of them.", width=12),
            [Query(f"{rate(REQUESTS, CLIENT, by='code')} > 0", "{{code}}")],
            "reqps",
            stacked=True,
            lines=CODES,
        ),
    ]


def _refusals() -> list[Builder]:
    return [
        chart_panel(
            Text("Refused, by reason", "Requests a second that the gateway answered itself.", width=12),
            [Query(rate(REFUSED, CLIENT, by="reason"), "{{reason}}")],
            "reqps",
        ),
        chart_panel(
            Text("Refused, by client", "The same by client: whose key, whose limit?", width=12),
            [Query(rate(REFUSED, CLIENT, by="client"), "{{client}}")],
            "reqps",
        ),
    ]


def _attribution(limits: Limits) -> list[Builder]:
    threshold = limits.seconds("gateway-overhead")
    every, within = rate(f"{OVERHEAD}_count", CLIENT), rate(f"{OVERHEAD}_bucket", CLIENT, f'le="{threshold}"')
    behind = matchers(limits.counted("latency"))
    unanswered = rate(REFUSED, 'reason=~"unavailable|deadline"')
    return [
        chart_panel(
            Text(
                "5xx: the gateway's and the service's",
                "All that callers saw, those of them that the service answered, and those that the gateway answered for it.",
            ),
            [
                Query(rate(REQUESTS, OURS), "seen by callers"),
                Query(f"{rate(f'{SERVICE}_count', OURS)} or 0 * {rate(f'{SERVICE}_count')}", "answered by the service"),
                Query(f"{unanswered} or 0 * {rate(REQUESTS)}", "answered by the gateway"),
            ],
            "reqps",
        ),
        chart_panel(
            Text(
                "Latency: callers and service", "P90 as callers see it, refusals among it, and at the service itself."
            ),
            [Query(quantile(0.9, SECONDS, CLIENT), "callers"), Query(quantile(0.9, SERVICE, *behind), "service")],
            "s",
            (Step(limits.seconds("latency"), BROKEN),),
            axis=LOG.up_to(limits.seconds("latency")),
        ),
        chart_panel(
            Text(
                "What the gateway adds",
                "Measured at each request, never as a difference of quantiles. The line is the objective.",
            ),
            [Query(quantile(part, OVERHEAD, CLIENT), f"P{part * 100:.0f}") for part in (0.5, 0.9, 0.99)],
            "s",
            (Step(threshold, BROKEN),),
            axis=LOG.up_to(threshold),
        ),
        chart_panel(
            Text(
                f"Part with more than {threshold * 1000:g} ms added",
                "Of the requests that a backend answered; the line is what the objective allows.",
                width=12,
            ),
            [Query(ratio(f"({every} - {within})", every), "over")],
            "percentunit",
            (Step(limits.allowed("gateway-overhead"), BROKEN),),
            axis=UPWARD.up_to(limits.allowed("gateway-overhead")),
        ),
        chart_panel(
            Text(
                "Requests: gateway and service",
                "What came in, what was refused, and what reached the service.",
                width=12,
            ),
            [
                Query(rate(REQUESTS), "came in"),
                Query(f"{rate(REFUSED)} or 0 * {rate(REQUESTS)}", "refused"),
                Query(rate(f"{SERVICE}_count"), "at the service"),
            ],
            "reqps",
        ),
    ]
