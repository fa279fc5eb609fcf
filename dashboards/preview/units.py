"""Numbers with their unit, as Grafana writes them.

https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/#unit
"""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

SIGNIFICANT = 3  # digits, where nobody says how many decimals
_DIGITS = 10  # of a tick, at most
_WHOLE = 100  # percent

_MINUTE, _HOUR, _DAY, _WEEK, _MONTH, _YEAR = 60, 3600, 86_400, 604_800, 2_628_000, 31_536_000
_DURATIONS = (("year", _YEAR), ("month", _MONTH), ("week", _WEEK), ("day", _DAY), ("hour", _HOUR), ("minute", _MINUTE))
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_CLOCK_STEPS = (1, 2, 5, 10, 15, 30, _MINUTE, 120, 300, 600, 1800, _HOUR, 7200, 14_400, 28_800, _DAY, 172_800, _WEEK)

Scale = Sequence[tuple[float, str]]  # (one of it in the base unit, its suffix), the largest first

_SHORT: Scale = ((1e12, " Tri"), (1e9, " Bil"), (1e6, " Mil"), (1e3, " K"), (1, ""))
_COUNT: Scale = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"), (1, ""))
_IEC: Scale = ((2**40, " TiB"), (2**30, " GiB"), (2**20, " MiB"), (2**10, " KiB"), (1, " B"))
_SI: Scale = ((1e12, " TB"), (1e9, " GB"), (1e6, " MB"), (1e3, " kB"), (1, " B"))
_TIME: Scale = (
    *((_YEAR, " years"), (_WEEK, " weeks"), (_DAY, " days"), (_HOUR, " hours"), (_MINUTE, " min")),
    *((1, " s"), (1e-3, " ms"), (1e-6, " µs"), (1e-9, " ns")),
)
_RATES = {"reqps": "req/s", "rps": "rd/s", "wps": "wr/s", "ops": "ops/s", "iops": "io/s", "eps": "evt/s", "cps": "c/s"}
_RATES |= {"cpm": "c/m", "opm": "ops/m", "mps": "msg/s", "pps": "p/s", "recps": "rec/s", "rowsps": "rows/s"}
_SECONDS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "us": 1e-6, "ns": 1e-9, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_BYTES: dict[str, tuple[float, Scale, str]] = {
    "bytes": (1, _IEC, ""),
    "kbytes": (2**10, _IEC, ""),
    "mbytes": (2**20, _IEC, ""),
    "gbytes": (2**30, _IEC, ""),
    "decbytes": (1, _SI, ""),
    "deckbytes": (1e3, _SI, ""),
    "decmbytes": (1e6, _SI, ""),
    "Bps": (1, _SI, "/s"),
    "binBps": (1, _IEC, "/s"),
}
_BOOLEANS = {"bool": ("False", "True"), "bool_yes_no": ("No", "Yes"), "bool_on_off": ("Off", "On")}
_PLAIN = {"", "none", "string", "locale", "short"}


def show(value: float, unit: str, decimals: int | None = None) -> str:
    """A number with its unit; an unknown unit is written behind it, as Grafana does. NaN is ``NaN``."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"
    if unit in _BOOLEANS:
        return _BOOLEANS[unit][value != 0]
    if unit in _WRITERS:
        return _WRITERS[unit](value, decimals)
    for family in (_times, _sizes, _rates):
        if (text := family(value, unit, decimals)) is not None:
            return text
    kind, _, own = unit.rpartition(":")
    digits = _digits(value, decimals)
    if kind == "prefix":
        return own + digits
    return digits if unit in _PLAIN else f"{digits} {own.strip()}"


def ticks(low: float, high: float, unit: str, count: int = 5) -> list[tuple[float, str]]:
    """About ``count`` round values from ``low`` to ``high``, each as it is written beside an axis."""
    if not low < high:
        return [(low, show(low, unit))]
    step = _step((high - low) / count, unit)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [_rounded(number * step) for number in range(first, last + 1)]
    for decimals in (None, *range(1, _DIGITS)):  # as few as tell them apart
        texts = [show(value, unit, decimals) for value in values]
        if len(set(texts)) == len(texts):
            break
    return list(zip(values, texts, strict=True))


def _step(rough: float, unit: str) -> float:
    """The next round number: of a clock, of two's powers, or 1, 2, 2.5 or 5 of ten's."""
    if unit in _SECONDS and 1 < rough * _SECONDS[unit] <= _WEEK:
        return next(step for step in _CLOCK_STEPS if step >= rough * _SECONDS[unit]) / _SECONDS[unit]
    if unit in _BYTES and _BYTES[unit][1] is _IEC and rough >= 1:
        return float(2 ** math.ceil(math.log2(rough)))
    power = float(10.0 ** math.floor(math.log10(rough)))
    return next(step for step in _STEPS if step * power >= rough * (1 - 1e-9)) * power


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _digits(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}"
    if value == 0 or float(value).is_integer():
        return f"{value:.0f}"
    places = max(0, SIGNIFICANT - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(places, 12)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scaled(value: float, scale: Scale, decimals: int | None) -> str:
    if value == 0:
        return _digits(0, decimals) + next(suffix for one, suffix in scale if one == 1)
    one, suffix = next(((one, suffix) for one, suffix in scale if abs(value) >= one), scale[-1])
    text = _digits(value / one, decimals)
    return text + (suffix[:-1] if text == "1" and one > _MINUTE and suffix.endswith("s") and scale is _TIME else suffix)


def _percent(value: float, decimals: int | None) -> str:
    """Percent; what is not quite 100 is not rounded up to it, unless so few ``decimals`` are asked for."""
    text = _digits(value, decimals)
    places = 0
    while decimals is None and value < _WHOLE <= float(text) and places < _DIGITS:
        places += 1
        text = f"{value:.{places}f}"
    return f"{text}%"


def _times(value: float, unit: str, decimals: int | None) -> str | None:
    return _scaled(value * _SECONDS[unit], _TIME, decimals) if unit in _SECONDS else None


def _sizes(value: float, unit: str, decimals: int | None) -> str | None:
    if unit not in _BYTES:
        return None
    one, scale, behind = _BYTES[unit]
    return _scaled(value * one, scale, decimals) + behind


def _rates(value: float, unit: str, decimals: int | None) -> str | None:
    return f"{_scaled(value, _COUNT, decimals)} {_RATES[unit]}" if unit in _RATES else None


def _short(value: float, decimals: int | None) -> str:
    return _scaled(value, _SHORT, decimals) if abs(value) >= 1 else _digits(value, decimals)


def _duration(value: float, decimals: int | None) -> str:
    """The largest part in words, and ``decimals`` more, 0 or not (grafana-data's dateTimeFormatters.ts, toDuration)."""
    rest, parts = round(abs(value) * 1000), list[str]()
    for name, length in (*((name, 1000 * length) for name, length in _DURATIONS), ("second", 1000), ("millisecond", 1)):
        number, rest = divmod(rest, length)
        if number or parts:
            parts.append(f"{number} {name}{'s' * (number != 1)}")
    text = ", ".join(parts[: (decimals or 0) + 1]) or "0 seconds"
    return f"{text} ago" if value < 0 else text


def _when(value: float, _: int | None) -> str:
    return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


_WRITERS: dict[str, Callable[[float, int | None], str]] = {
    "short": _short,
    "percent": _percent,
    "percentunit": lambda value, decimals: _percent(_rounded(value * 100), decimals),
    "locale": lambda value, decimals: f"{value:,.{decimals or 0}f}",
    "dtdurations": _duration,
    "dtdurationms": lambda value, decimals: _duration(value / 1000, decimals),
    "dateTimeAsIso": _when,
    "dateTimeAsSystem": _when,
    "dateTimeFromNow": _when,
}
