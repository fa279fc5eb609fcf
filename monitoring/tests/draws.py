"""Windows drawn by chance, for tests."""

from monitoring.scenarios.draws import Draws, Shares

__all__ = ["Draws", "Shares"]
