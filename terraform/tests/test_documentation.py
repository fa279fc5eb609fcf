"""The READMEs' tables are made of the HCL, and say what it says."""

from pathlib import Path

import pytest

from terraform.__main__ import main
from terraform.documentation.command import BEGIN, END, complaints
from terraform.documentation.contents import Contents, MissingApiError, known_apis
from terraform.documentation.source import SourceError, parse, plain
from terraform.documentation.tables import UndescribedError, tables
from terraform.folders import ROOM, folders

MODULES = [folder for folder in folders() if not folder.is_root]
HCL = """
# What it is.
variable "sizes" {
  description = "How \\"large\\", by name."
  type = map(object({
    # In bytes.
    most = optional(number, 7)
    name = string
  }))
  default = {}
}

variable "token" {
  description = <<-EOT
    It opens
    the door.
  EOT
  type      = string
  ephemeral = true
}

locals { roles = toset(["roles/run.invoker", var.more]) }

resource "google_project_iam_member" "all" {
  for_each = local.roles
  role     = each.value # not roles/owner
  member   = "${join("}", [for m in ["}"] : "${m}\\""])}"
}

output "it" { description = "It | that." /* } */
  value = google_project_iam_member.all
}
"""


def contents(text: str) -> Contents:
    """Of one file."""
    return Contents(parse(text, "main.tf"))


def test_the_tables_of_every_readme_are_current() -> None:
    """Modules, environments, examples and bootstrap: each has a README whose tables are what the HCL says."""
    assert list(complaints()) == []
    assert main(["docs", "--check"]) == 0


def test_tables_say_what_the_hcl_says() -> None:
    """Required inputs first, types and defaults on one line, roles by way of locals, APIs of the resources."""
    assert tables(contents(HCL), known_apis()).splitlines()[2:] == [
        "**Inputs**",
        "",
        "| Name | What | Type | Default |",
        "|---|---|---|---|",
        "| `token` | It opens the door. Never in the state or a plan. | `string` | required |",
        '| `sizes` | How "large", by name. | `map(object({most = optional(number, 7), name = string}))` | `{}` |',
        "",
        "**Outputs**",
        "",
        "| Name | What |",
        "|---|---|",
        "| `it` | It \\| that. |",
        "",
        "**Resources**",
        "",
        "| Type | Named |",
        "|---|---|",
        "| `google_project_iam_member` | `all` |",
        "",
        "**Roles**",
        "",
        "| Role | Granted by |",
        "|---|---|",
        "| `roles/run.invoker` | `google_project_iam_member.all` |",
        "",
        "**APIs**: `cloudresourcemanager.googleapis.com`",
    ]


@pytest.mark.parametrize("kind", ["variable", "output"])
def test_what_has_no_description_is_refused(kind: str) -> None:
    """By its name."""
    with pytest.raises(UndescribedError, match=f"{kind} silent: expected a description"):
        tables(contents(f'{kind} "silent" {{}}'), {})


def test_a_resource_of_an_unknown_api_is_refused() -> None:
    """So that no API is missing in a table without anybody having thought of it."""
    with pytest.raises(MissingApiError, match="google_vertex_ai_endpoint: expected its API in apis.yaml"):
        tables(contents('resource "google_vertex_ai_endpoint" "it" {}'), known_apis())


@pytest.mark.parametrize(
    "text",
    ['variable "a" {', "}", 'a = "b', "a = [1\n", "a =\n", "= 1", "variable = {\n", 'a = "${b"', 'resource "a" 1 {}'],
)
def test_what_is_no_hcl_is_refused(text: str) -> None:
    """With file and line."""
    with pytest.raises(SourceError, match=r"^main.tf:\d+: "):
        parse(text, "main.tf")


@pytest.mark.parametrize(
    ("expression", "said"),
    [('"a $${b} %%{c}"', "a ${b} %{c}"), ("<<EOT\n  a\n  b\nEOT", "a b"), ('"say \\"a\\""', 'say "a"')],
)
def test_a_text_is_read_as_it_is_meant(expression: str, said: str) -> None:
    """Escapes undone, a heredoc's lines joined."""
    assert plain(expression) == said


def test_module_apis_enables_what_the_modules_need() -> None:
    """By default every API through which any of them makes anything."""
    known = known_apis()
    (enabled,) = (block for block in Contents.of(ROOM / "modules/apis").named("variable") if block.name == "apis")
    needed = {api for folder in MODULES for api in Contents.of(ROOM / folder.name).apis(known)}
    assert [api for api in sorted(needed) if f'"{api}"' not in enabled.arguments["default"]] == []


def test_every_readme_names_its_tables_once(tmp_path: Path) -> None:
    """A README without markers, one with them twice, and none at all are told; nothing is written into them."""
    for name, text in {"none": None, "bare": "# bare\n", "twice": f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n"}.items():
        folder = tmp_path / "modules" / name
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text("locals {}\n")
        if text is not None:
            (folder / "README.md").write_text(text)
    said = list(complaints(tmp_path))
    assert [line.partition("README.md: ")[2].split(",")[0] for line in said] == [
        f"expected one line {BEGIN} and",
        "is not there",
        f"expected one line {BEGIN} and",
    ]
