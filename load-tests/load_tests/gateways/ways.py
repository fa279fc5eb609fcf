"""All ways, in the order in which they are measured and told."""

from load_tests.gateways import layers, proxies
from load_tests.gateways.way import Way

DIRECT, BARE, POLICY = "direct", "bare", "policy"

WAYS = (
    Way(DIRECT, "direct", "nothing"),
    Way(BARE, "bare gateway", "nothing", layers.open_bare, "a hop through Envoy", DIRECT),
    Way("public", "policy, all public", "routes, sizes, headers; log", layers.open_public, "routes, sizes, log", BARE),
    Way("key", "key", "and a hashed key, its operations", layers.open_keyed, "the key", "public"),
    Way("allowlist", "key + allowlist", "and the key's addresses", layers.open_listed, "the allowlist", "key"),
    Way(POLICY, "full policy", "and rates, quotas", layers.open_policy, "rates, quotas", "allowlist"),
    Way("tls", "full policy + TLS", "the same, over TLS", layers.open_tls, "TLS", POLICY),
    Way(
        "haproxy",
        "HAProxy",
        "hashed key, addresses, rate, size, one path; log",
        proxies.open_haproxy,
        program="haproxy",
    ),
    Way("nginx", "nginx", "plain key, addresses, rate, size, one path; log", proxies.open_nginx, program="nginx"),
)


def there(ways: tuple[Way, ...]) -> tuple[Way, ...]:
    """Those of the ways whose program is installed."""
    return tuple(way for way in ways if not way.program or proxies.find(way.program))
