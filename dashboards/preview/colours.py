"""Grafana's colours by name, its palette, and what a value's colour is by thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

TEXT = "#d8d9da"
MUTED = "#8e9097"
PANEL = "#181b1f"
LINE = "#2c2f36"

_SHADES = {  # super-light, light, as it is, semi-dark, dark: the dark theme's
    "red": ("#ffa6b0", "#ff7383", "#f2495c", "#e02f44", "#c4162a"),
    "orange": ("#ffcb7d", "#ffb357", "#ff9830", "#ff780a", "#fa6400"),
    "yellow": ("#fff899", "#ffee52", "#fade2a", "#f2cc0c", "#e0b400"),
    "green": ("#c8f2c2", "#96d98d", "#73bf69", "#56a64b", "#37872d"),
    "blue": ("#c0d8ff", "#8ab8ff", "#5794f2", "#3274d9", "#1f60c4"),
    "purple": ("#deb6f2", "#ca95e5", "#b877d9", "#a352cc", "#8f3bb8"),
}
_TONES = ("super-light-", "light-", "", "semi-dark-", "dark-")
NAMED = {
    f"{tone}{name}": colour for name, shades in _SHADES.items() for tone, colour in zip(_TONES, shades, strict=True)
}
NAMED |= {"text": TEXT, "white": "#ffffff", "black": "#000000", "gray": "#808080", "grey": "#808080"}
NAMED |= {"transparent": "rgba(0,0,0,0)"}

PALETTE = (
    *("green", "semi-dark-yellow", "light-blue", "semi-dark-orange", "red", "blue", "purple", "#705da0", "dark-green"),
    *("yellow", "#447ebc", "#c15c17", "#e5a8e2", "#6ed0e0", "super-light-orange", "light-red", "light-purple"),
)
_RAMPS = {
    "continuous-GrYlRd": ("green", "yellow", "red"),
    "continuous-RdYlGr": ("red", "yellow", "green"),
    "continuous-BlYlRd": ("dark-blue", "super-light-yellow", "dark-red"),
    "continuous-YlRd": ("super-light-yellow", "dark-red"),
    "continuous-BlPu": ("dark-blue", "super-light-purple"),
    "continuous-blues": ("#1b2636", "blue"),
    "continuous-reds": ("#361b1f", "red"),
    "continuous-greens": ("#1d301b", "green"),
    "continuous-purples": ("#2b1b36", "purple"),
}


@dataclass(frozen=True)
class Step:
    """From ``least`` on (the first: from minus infinity), this colour."""

    least: float
    colour: str


@dataclass(frozen=True)
class Thresholds:
    """Steps in rising order. With ``percentage`` they are parts in 100 of the way from the field's least to its most."""

    steps: tuple[Step, ...] = ()
    percentage: bool = False

    def absolute(self, least: float, most: float) -> tuple[Step, ...]:
        """The steps as values."""
        if not self.percentage:
            return self.steps
        return tuple(Step(least + (most - least) * step.least / 100, step.colour) for step in self.steps)

    def colour(self, value: float, least: float = 0.0, most: float = 100.0) -> str:
        """The colour of the last step that the value has reached."""
        reached = [step.colour for step in self.absolute(least, most) if value >= step.least]
        return hexadecimal(reached[-1]) if reached else MUTED


def hexadecimal(name: str) -> str:
    """A named colour of Grafana as CSS knows it; what is no such name is CSS already."""
    return NAMED.get(name, name)


def of_series(number: int) -> str:
    """The palette's colour of the panel's n-th series."""
    return hexadecimal(PALETTE[number % len(PALETTE)])


def faded(colour: str, opacity: float) -> str:
    """The same colour, with so much of it (0 to 1)."""
    red, green, blue = _parts(colour)
    return f"rgba({red},{green},{blue},{opacity:g})"


def along(mode: str, part: float) -> str | None:
    """The colour at ``part`` (0 to 1) of one of Grafana's ramps; None where ``mode`` is none of them."""
    if mode not in _RAMPS:
        return None
    ramp = [_parts(hexadecimal(name)) for name in _RAMPS[mode]]
    place = min(max(part, 0.0), 1.0) * (len(ramp) - 1)
    (low, high), rest = list(pairwise(ramp))[min(int(place), len(ramp) - 2)], place - min(int(place), len(ramp) - 2)
    return _joined([round(a + (b - a) * rest) for a, b in zip(low, high, strict=True)])


def readable_on(colour: str) -> str:
    """Black or white, whichever is easier to read on it (by relative luminance)."""
    red, green, blue = _parts(colour)
    return "#111217" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#ffffff"  # noqa: PLR2004 - of 255


def _parts(colour: str) -> tuple[int, int, int]:
    if colour.startswith("#") and len(colour) == len("#rrggbb"):
        return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
    if colour.startswith("rgb"):
        red, green, blue, *_ = colour[colour.index("(") + 1 : -1].split(",")
        return int(float(red)), int(float(green)), int(float(blue))
    return _parts(MUTED)


def _joined(parts: Sequence[int]) -> str:
    return "#" + "".join(f"{part:02x}" for part in parts)
