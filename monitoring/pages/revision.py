"""What there is to say of a report that was made again."""

from monitoring.report import Report, Revised


def revision(report: Report) -> str:
    """One sentence of when and why; empty where the report is the first one, or of a window that is not over.

    Such as: Revision 2, made again on 2026-07-11 00:05 UTC: 312 labels came late.
    """
    revised = report.revised
    if revised is None:
        return ""
    return f"Revision {report.revision}, made again on {revised.at[:16].replace('T', ' ')} UTC: {_cause(revised)}."


def _cause(revised: Revised) -> str:
    if revised.cause == "settings":
        return "the settings or the package are others"
    counts = {"prediction": revised.predictions, "label": revised.labels}
    came = [_number(count, noun) for noun, count in counts.items() if count > 0]
    gone = [_number(-count, noun) for noun, count in counts.items() if count < 0]
    said = [f"{' and '.join(numbers)} {what}" for numbers, what in ((came, "came late"), (gone, "less")) if numbers]
    return ", ".join(said) or "late events, or labels that changed"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
