"""The headers that the gateway gives a meaning to."""

KEY = "x-api-key"  # from the caller; never reaches the backend
CLIENT = "x-gateway-client"  # to the backend: whose key it was
TOKEN = "x-gateway-token"  # noqa: S105 - a header's name; to the backend: proof that the gateway asks
LIMIT = "x-gateway-limit"  # to the caller: which limit refused the request

# A caller could use these to pass for somebody else: taken off every request before anything looks at it.
FORGEABLE = ("x-apigateway-api-userinfo", "x-forwarded-authorization")
FORGEABLE_PREFIX = "x-gateway-"
