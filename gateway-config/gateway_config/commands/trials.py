"""``conformance`` and ``storm``: does the gateway do what the policy says, and does nobody get in?"""

import argparse
import secrets
from pathlib import Path
from typing import TextIO

from gateway_config.settings import SettingsError
from gateway_config.trials.cases import CASES, render_table
from gateway_config.trials.conformance import (
    DeployedTarget,
    LocalTarget,
    Outcome,
    Target,
    run_cases,
)
from gateway_config.trials.outputs import read_output
from gateway_config.trials.storm import Report, Storm, volley_of, volleys_of

_WIDTH = 58  # characters of a column
_SHOWN = 20  # of what went wrong


class TrialError(SettingsError):
    """A trial that can't be held as asked."""


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe both commands' arguments."""
    conformance = commands.add_parser(
        "conformance",
        help="ask a gateway every case of the table: one made for it, or with --url or --outputs a deployed one",
    )
    conformance.add_argument("--url", default="", help="of a deployed gateway; only the cases marked G are asked")
    conformance.add_argument(
        "--outputs",
        type=Path,
        metavar="FILE",
        help="of `terraform output -json`: --url is gateway_url there, --direct is service_url",
    )
    for option, whose in (
        ("key", "that is right, from here"),
        ("narrow-key", "for another API or operation"),
        ("elsewhere-key", "that is not allowed from this machine"),
    ):
        conformance.add_argument(f"--{option}", default="", metavar="KEY|@FILE", help=f"a key {whose}")
    conformance.add_argument("--direct", default="", metavar="URL", help="the backend's own, past the gateway")
    conformance.add_argument("--table", action="store_true", help="print the table as it is committed, and ask nobody")
    storm = commands.add_parser("storm", help="try to get in, many times, and have the backend say who did")
    storm.add_argument("--requests", type=int, default=200_000, metavar="N", help="how many; default: 200000")
    storm.add_argument("--seed", default="", help="the same requests again, but for the keys; default: a new one")
    storm.add_argument("--volley", type=int, metavar="N", help="only this one, with every request in full")
    storm.add_argument("--write", type=Path, metavar="FILE", help="keep the result there too")


def run_trial(options: argparse.Namespace, out: TextIO) -> int:
    """Run one of the two; 1 if the gateway does not stand it.

    Raises:
        TrialError: if it can't be held as asked.
        EnvoyError: if Envoy is not installed, or does not start.
        OSError: if the gateway can't be reached, or a file can't be read or written.
    """
    return (_run_conformance if options.command == "conformance" else _run_storm)(options, out)


def _run_conformance(options: argparse.Namespace, out: TextIO) -> int:
    if options.table:
        out.write(render_table())
        return 0
    given = {"right": options.key, "narrow": options.narrow_key, "elsewhere": options.elsewhere_key}
    keys = {name: _key(text) for name, text in given.items() if text}
    if not options.url and not options.outputs:
        if keys or options.direct:
            raise TrialError("a key is for a deployed gateway: give its --url or --outputs too")
        with LocalTarget() as local:
            return _print_outcomes(local, out)
    url, direct = options.url, options.direct
    if options.outputs:
        url = url or read_output(options.outputs, "gateway_url")
        direct = direct or read_output(options.outputs, "service_url")
    for name, value in (("--url", url), ("--direct", direct or url)):
        if not value.startswith(("http://", "https://")):
            raise TrialError(f"{name} is {value!r}, expected one that begins with https:// or http://")
    return _print_outcomes(DeployedTarget(url, keys, direct), out)


def _run_storm(options: argparse.Namespace, out: TextIO) -> int:
    seed = options.seed or secrets.token_hex(4)
    with Storm() as storm:
        if options.volley is not None:
            volley = volley_of(seed, options.volley, storm.arms)
            print(f"from {volley.source}, HTTP/{2 if volley.http2 else 1}", file=out)
            for shot in volley.shots:
                print(shot, file=out)
            report = storm.run([volley], seed)
        else:
            report = storm.run(volleys_of(seed, options.requests, storm.arms), seed)
    text = render_report(report)
    out.write(text)
    if options.write is not None:
        options.write.parent.mkdir(parents=True, exist_ok=True)
        options.write.write_text(text, encoding="utf-8")
    return 0 if report.passed else 1


def render_report(report: Report) -> str:
    """The report in Markdown."""
    answers = ", ".join(f"{status} {count:,}" for status, count in sorted(report.answers().items()))
    lines = [
        "# Nobody gets in",
        "",
        f"`python -m gateway_config storm --requests {report.shots} --seed {report.seed}`",
        "",
        "| | |",
        "|---|---|",
        f"| requests | {report.shots:,}, of them {report.shots_http2:,} with HTTP/2 |",
        f"| right ones, which have to be let in | {report.good:,} |",
        f"| of these at the backend, once and whole | {report.arrived:,} |",
        f"| wrong ones, or right ones with a trick that may cost them the entry | {report.shots - report.good:,} |",
        f"| of these at the backend, with a right to it all the same | {report.arrived_otherwise:,} |",
        f"| kinds of tricks, alone and together | {len(report.tricks)} |",
        f"| answers | {answers} |",
        f"| plain requests without an answer | {report.unanswered:,} |",
        f"| seconds | {report.seconds:.0f} |",
        f"| **got in without a right to** | **{len(report.breaches):,}** |",
        f"| **kept out with a right to get in** | **{len(report.missing):,}** |",
    ]
    lines += [f"\nGOT IN: {breach}" for breach in report.breaches[:_SHOWN]]
    lines += [f"\nKEPT OUT: shot {number}" for number in report.missing[:_SHOWN]]
    if report.breaches or report.missing:
        lines.append("\nOne volley again: `--seed SEED --volley` and the number in front of the dot.")
    return "\n".join(lines) + "\n"


def _key(text: str) -> str:
    return Path(text[1:]).read_text(encoding="ascii").strip() if text.startswith("@") else text


def _print_outcomes(target: Target, out: TextIO) -> int:
    _row(out, "#", "request", "expected", "got", "verdict")
    outcomes: list[Outcome] = []
    for outcome in run_cases(target):
        case = outcome.case
        _row(out, case.number, f"{case.method} {case.path}: {case.says}", case.expected, outcome.got, outcome.verdict)
        if outcome.advice:
            print(f"     {outcome.advice}", file=out)
        outcomes.append(outcome)
    counts = {verdict: sum(one.verdict == verdict for one in outcomes) for verdict in ("passed", "FAILED", "not run")}
    print(f"{len(CASES)} cases: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()), file=out)
    return 1 if counts["FAILED"] or not counts["passed"] else 0


def _row(out: TextIO, number: str, *columns: str) -> None:
    *cut, verdict = columns
    shown = (text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..." for text in cut)
    print(f"{number:4} " + "  ".join(f"{text:{_WIDTH}}" for text in shown) + f"  {verdict}", file=out, flush=True)
