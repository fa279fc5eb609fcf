"""``python -m service``: serve models, check a set-up, or predict a file through a gateway."""

import argparse
import os
import sys

from service.client import command as client
from service.settings import Settings, SettingsError, describe, read_settings

_DESCRIPTION = "Serve models, check a set-up, or predict a file through a gateway."


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit code is 0, or 1 with a line on standard error that says what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m service", description=_DESCRIPTION)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("serve", help="serve the packaged models (the default)")
    commands.add_parser("settings", help="list every setting, its default and what it does")
    commands.add_parser("openapi", help="print the OpenAPI document of the packaged models")
    commands.add_parser("check", help="say what is wrong with the set-up, and what to do")
    client.configure(commands.add_parser("predict", help="predict every row of a CSV or Parquet file"))
    options = parser.parse_args(arguments)
    try:
        if options.command == "check":
            from service import check

            return check.run(os.environ, sys.stdout)
        if options.command == "predict":
            return client.run(options, os.environ, sys.stdout, sys.stderr)
        if options.command == "openapi":
            return _print_openapi(read_settings(os.environ))
        if options.command == "settings":
            return _list_settings()
        return _serve(read_settings(os.environ))
    except (SettingsError, OSError, RuntimeError, ValueError) as error:
        print(f"service: {error}", file=sys.stderr)
        return 1


def _serve(settings: Settings) -> int:
    import uvloop

    from service import logs
    from service.application import assemble
    from service.server import serve

    logs.configure(settings.log_level, settings.name)
    uvloop.run(serve(assemble(settings), settings))
    return 0


def _print_openapi(settings: Settings) -> int:
    import msgspec

    from service.application import assemble

    application = assemble(settings)
    application.service.load()
    document = msgspec.json.encode(application.api.openapi())
    print(msgspec.json.format(document, indent=2).decode())
    return 0


def _list_settings() -> int:
    for variable, default, text in describe():
        print(f"{variable:36} {default or '-':16} {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
