"""The filters that say how often: for every address before anybody is known, then for every client.

Three of Envoy's local rate limit filters. A bucket lives as long as its filter's configuration: it starts full again
when Envoy does, and when a rate or quota of that filter changes; a change of keys, routes or instances leaves it.
"""

import math
from typing import Any

from gateway_config.envoy import headers
from gateway_config.policy.model import Policy, Rate

ADDRESS_RATE = "address-rate"
RATES = "rates"
QUOTAS = "quotas"

LOCAL_RATE_LIMIT = "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"

METADATA = "gateway"  # the routes' metadata of that name hold what an operation costs
COST = "cost"

_DAY = 86_400  # seconds
_MOST = 4_294_967_295  # tokens; a bucket of so many is never empty
_ADDRESSES = 10_000  # remembered at once; who comes back after so many others finds a full bucket
_ALWAYS = {"default_value": {"numerator": 100}}

# Seconds that a refused caller is asked to wait.
_SECOND = 1  # a rate gains a token every second, at least
_HOUR = 3600  # a quota gains the 24th part of its tokens in that time


def address_rate_filter(policy: Policy) -> dict[str, Any]:
    """A bucket for every address, so that guessing keys is slow. An IPv6 caller has a whole /64: that is one address."""
    rate = policy.defaults.address_rate
    actions = [{"masked_remote_address": {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": 64}}]
    buckets = [] if rate is None else [{"entries": [{"key": "masked_remote_address"}], "token_bucket": _bucket(rate)}]
    return _filter(ADDRESS_RATE, [{"actions": actions}], buckets, _SECOND)


def rates_filter(policy: Policy) -> dict[str, Any]:
    """A bucket for every client that has a rate; an operation takes as many tokens as it costs.

    A refused caller is asked to wait until even the slowest bucket has gained what the dearest operation costs.
    """
    given = {name: policy.rate(client) for name, client in policy.clients.items()}
    rates = {name: rate for name, rate in given.items() if rate is not None}
    cost = max((operation.cost for operation in policy.operations.values() if operation.keyed), default=1)
    seconds = max((math.ceil(cost / rate.per_second) for rate in rates.values()), default=_SECOND)
    return _of_clients(RATES, {name: _bucket(rate) for name, rate in rates.items()}, seconds)


def quotas_filter(policy: Policy) -> dict[str, Any]:
    """A bucket of a day's requests for every client that has a quota, filled evenly over the day.

    It stands behind the rate, so that what the rate refused is not counted.
    """
    quotas = ((name, policy.daily_quota(client)) for name, client in policy.clients.items())
    return _of_clients(
        QUOTAS,
        {
            name: {"max_tokens": quota, "tokens_per_fill": quota, "fill_interval": f"{_DAY}s"}
            for name, quota in quotas
            if quota is not None
        },
        _HOUR,
    )


def _of_clients(name: str, buckets: dict[str, dict[str, Any]], seconds: int) -> dict[str, Any]:
    limit = {
        "actions": [{"request_headers": {"header_name": headers.CLIENT, "descriptor_key": "client"}}],
        "hits_addend": {"format": f"%METADATA(ROUTE:{METADATA}:{COST})%"},
    }
    descriptors = [
        {"entries": [{"key": "client", "value": client}], "token_bucket": bucket} for client, bucket in buckets.items()
    ]
    return _filter(name, [limit], descriptors, seconds)


def _bucket(rate: Rate) -> dict[str, Any]:
    return {"max_tokens": rate.burst, "tokens_per_fill": rate.per_second, "fill_interval": "1s"}


def _filter(name: str, limits: list[dict[str, Any]], descriptors: list[dict[str, Any]], seconds: int) -> dict[str, Any]:
    """Without descriptors nothing is looked up at all; ``seconds`` is what a refused caller is asked to wait."""
    return {
        "@type": LOCAL_RATE_LIMIT,
        "stat_prefix": name,
        "filter_enabled": _ALWAYS if descriptors else {"default_value": {"numerator": 0}},
        "filter_enforced": _ALWAYS,
        # For whom none of the descriptors stands.
        "token_bucket": {"max_tokens": _MOST, "tokens_per_fill": _MOST, "fill_interval": "1s"},
        "always_consume_default_token_bucket": False,
        "max_dynamic_descriptors": _ADDRESSES,
        "rate_limits": limits if descriptors else [],
        "descriptors": descriptors,
        "response_headers_to_add": [
            {"header": {"key": headers.LIMIT, "value": name}},
            {"header": {"key": "retry-after", "value": str(seconds)}},
        ],
    }
