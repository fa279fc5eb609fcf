"""``terraform show -json PLAN | python -m terraform.workflows.regions``: refuse what the canary can't release.

It moves the traffic of one region; in every other one Terraform would give a new image all of it at once.
"""

import argparse
import sys

import msgspec


class _Change(msgspec.Struct, frozen=True):
    after: dict[str, object] | None = None  # none where it is deleted


class _Resource(msgspec.Struct, frozen=True):
    type: str
    name: str
    change: _Change


class _Plan(msgspec.Struct, frozen=True):
    resource_changes: tuple[_Resource, ...]


def main(arguments: list[str] | None = None) -> int:
    """0 one region, 1 more than one, 2 it could not be told."""
    argparse.ArgumentParser(prog="python -m terraform.workflows.regions", description=__doc__).parse_args(arguments)
    try:
        found = regions(sys.stdin.read())
    except msgspec.DecodeError as error:
        _tell(f"{error}, expected what terraform show -json prints of a plan")
        return 2
    if not found:
        _tell("no service in this plan, expected it in one region")
        return 2
    if len(found) > 1:
        _tell(
            f"the service would be in {', '.join(found)}: the canary releases in one region only. "
            "Nothing was applied; take `replicas` out of TFVARS, or release by hand"
        )
        return 1
    return 0


def regions(plan: str) -> list[str]:
    """Where the service is once a plan is applied; the console is another of Cloud Run's services.

    Raises:
        msgspec.DecodeError: if it is no plan.
    """
    resources = msgspec.json.decode(plan, type=_Plan).resource_changes
    services = [one for one in resources if (one.type, one.name) == ("google_cloud_run_v2_service", "service")]
    return sorted({str(one.change.after["location"]) for one in services if one.change.after})


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
