"""``python -m model_files``: train the shipped models, package any other, verify and list packages."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from model_files.manifest import ManifestError
from model_files.package import PackageError, find, read

FOLDER = Path(__file__).parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 if all is well, 1 if something is refused or wrong, 2 for a command that is none."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (ManifestError, PackageError) as error:
        return _refuse(error)
    except ValueError as error:
        # Every refusal of this package is a ValueError of a class of its own; any other is a defect and is shown whole.
        if type(error).__module__.startswith("model_files."):
            return _refuse(error)
        raise


def _refuse(error: ValueError) -> int:
    print(f"refused: {error}", file=sys.stderr)
    return 1


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _train(options: argparse.Namespace) -> int:
    from model_files import flights, training
    from model_files.threshold import Costs

    costs = Costs(miss=options.cost_miss, false_alarm=options.cost_false_alarm)
    trained, story = training.train(flights.load(options.counts), costs, _report)
    for name in dict.fromkeys(options.models):
        print(training.write(name, trained, story, options.out, options.version, replace=options.replace))
    return 0


def _package(options: argparse.Namespace) -> int:
    from model_files import estimator_file, rows, schema
    from model_files.estimator import columns
    from model_files.packaging import Draft, package
    from model_files.threshold import Costs

    try:
        estimator = estimator_file.load(options.estimator)
    except estimator_file.UntrustedTypesError as error:
        advice = "package it from the Python program that fits it, with model_files.packaging.package"
        raise estimator_file.UntrustedTypesError(f"{error}; {advice}") from error
    data, source = rows.load(options.data)
    test = rows.load(options.held_out)[0] if options.held_out else None
    if options.schema and options.schema.exists():
        reviewed = schema.load(options.schema)
        print(f"Schema from {options.schema}:")
    else:
        everything = data if test is None else rows.together(data, test)
        reviewed = schema.infer(everything, options.target, columns(estimator))
        print("Schema inferred from the data (--schema FILE writes it to a file to review):")
    print(schema.describe(reviewed))
    if options.schema and not options.schema.exists():
        options.schema.write_bytes(schema.encode(reviewed))
        print(f"Written to {options.schema}: review it, edit it, and run the same command again.")
        return 0
    draft = Draft(
        name=options.name,
        version=options.version,
        target=reviewed.target,
        description=options.description,
        costs=Costs(miss=options.cost_miss, false_alarm=options.cost_false_alarm),
        unseen=options.unseen,
        training_data=source,
    )
    print(package(estimator, data, draft, options.out, test=test, reviewed=reviewed, replace=options.replace))
    return 0


def _verify(options: argparse.Namespace) -> int:
    from model_files import rows
    from model_files.verification import verify

    paths = options.paths or find(FOLDER)
    if not paths:
        raise PackageError(f"{FOLDER}: no packages, expected <name>/<version>/manifest.json below it")
    data = rows.load(options.data)[0] if options.data else None
    wrong = 0
    for path in paths:
        print(f"{path.resolve().parent.name}/{path.resolve().name}")
        for finding in verify(path.resolve(), data):
            wrong += not finding.passed
            print(f"  {'ok   ' if finding.passed else 'WRONG'}  {finding.check:<9}  {finding.detail}")
    outcome = _count(wrong, "check") + " failed" if wrong else "all as they say"
    print(f"{_count(len(paths), 'package')}, {outcome}")
    return 1 if wrong else 0


def _list(options: argparse.Namespace) -> int:
    for path in find(options.folder):
        found = read(path)
        manifest = found.manifest
        label = f"{manifest.name}/{manifest.version}"
        print(
            f"{label:<28}  {manifest.task:<10}  {len(manifest.features):>3} features  "
            f"{len(found.graph) / 1024:>6.1f} kB  {found.sha256[:12]}  {manifest.description}"
        )
    return 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model_files", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="train the shipped models of delayed flights and write their packages")
    train.add_argument("models", nargs="+", choices=("flight-delay", "flight-delay-onehot"), metavar="MODEL")
    train.add_argument("--counts", type=Path, default=FOLDER / "flight-counts.csv", help="the flights (%(default)s)")
    train.add_argument("--version", default="1", help="the packages' version (%(default)s)")
    _cost_options(train, miss=3.0)
    _output_options(train)
    train.set_defaults(run=_train)

    package = commands.add_parser("package", help="package a fitted scikit-learn classifier or regressor")
    package.add_argument("--estimator", type=Path, required=True, help="saved with skops.io.dump")
    package.add_argument("--data", type=Path, required=True, help="CSV or Parquet: the rows that it was fitted on")
    package.add_argument(
        "--held-out", type=Path, help="CSV or Parquet: rows that it was not fitted on, for the metrics"
    )
    package.add_argument("--target", required=True, help="the target's column")
    package.add_argument("--name", required=True, help="lower-case letters, digits and hyphens")
    package.add_argument("--version", required=True)
    package.add_argument("--description", default="", help="one sentence for callers")
    package.add_argument("--schema", type=Path, help="a schema file: written if it is not there, used if it is")
    package.add_argument(
        "--unseen",
        choices=("reject", "count"),
        default="reject",
        help="a value that is no category: refuse it, or answer and count it (%(default)s)",
    )
    _cost_options(package, miss=1.0)
    _output_options(package)
    package.set_defaults(run=_package)

    verify = commands.add_parser("verify", help="check packages: digests, schema, ONNX against scikit-learn, versions")
    verify.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="packages (all that ship)")
    verify.add_argument("--data", type=Path, help="CSV or Parquet: more rows to compare answers on")
    verify.set_defaults(run=_verify)

    listing = commands.add_parser("list", help="list packages")
    listing.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="where they are (%(default)s)")
    listing.set_defaults(run=_list)
    return parser


def _cost_options(command: argparse.ArgumentParser, miss: float) -> None:
    command.add_argument(
        "--cost-miss", type=float, default=miss, help="what a missed positive costs; sets the threshold (%(default)g)"
    )
    command.add_argument("--cost-false-alarm", type=float, default=1.0, help="what a false alarm costs (%(default)g)")


def _output_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", type=Path, default=FOLDER, help="where <name>/<version>/ is put (%(default)s)")
    command.add_argument("--replace", action="store_true", help="replace a package of this version by another")


if __name__ == "__main__":
    sys.exit(main())
