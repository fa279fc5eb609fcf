"""The ways to the service that are compared: direct, through our gateway with ever more of its policy, other proxies."""
