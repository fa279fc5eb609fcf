"""Regular expressions as Grafana reads them (grafana/grafana, packages/grafana-data/src/text/string.ts)."""

import re

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


def pattern(text: str) -> re.Pattern[str]:
    """Between slashes it is looked for anywhere, as in ``/^5/``; without them it has to be the whole of a text.

    Raises:
        ValueError: if it begins with a slash and has no other, or is no regular expression.
    """
    told = re.fullmatch(r"/(.*?)/([gimys]*)", text, re.DOTALL)
    if told is None and text.startswith("/"):
        raise ValueError(f"{text!r} is no regular expression that Grafana reads")
    body, flags = (told[1], told[2]) if told else (f"^{text}$", "")
    chosen = sum(_FLAGS.get(flag, 0) for flag in flags)
    try:
        return re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", body), chosen)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from error
