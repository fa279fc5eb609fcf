"""HCL read into blocks."""

from pathlib import Path

import pytest

from terraform.hcl.blocks import Expression, HclError, read

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("terraform-hcl")]

HCL = """
variable "name" {
  type    = object({ a = string })
  default = { a = "x", "b-c" = 2 }
}

resource "google_thing" "it" {
  name    = "plain"
  price   = "$${not inserted}"
  given   = "x-${var.name.a}"
  nothing = null
  number  = 3
  lists   = ["a", local.b]
  text    = <<-EOT
    ${var.name.a}
  EOT

  part { size = 1 }
  part { size = 2 }

  dynamic "more" {
    for_each = var.name
    content {
      size = more.value
    }
  }
}
"""


def test_literals_are_values_and_the_rest_is_text(tmp_path: Path, tools: Path) -> None:
    """Blocks stay apart from arguments, also where a kind comes twice."""
    (tmp_path / "main.tf").write_text(HCL)
    variable, thing = read(tools, tmp_path)
    assert (variable.file, variable.kind, variable.labels) == ("main.tf", "variable", ("name",))
    assert variable.arguments["default"] == {"a": "x", "b-c": 2}
    assert thing.labels == ("google_thing", "it")
    assert thing.arguments["name"] == "plain"
    assert thing.arguments["number"] == 3
    assert thing.arguments["nothing"] is None
    assert isinstance(thing.arguments["given"], Expression)
    assert isinstance(thing.arguments["text"], Expression)
    assert thing.arguments["lists"][0] == "a"
    assert [part.arguments for part in thing.of("part")] == [{"size": 1}, {"size": 2}]
    (dynamic,) = thing.of("dynamic")
    assert dynamic.labels == ("more",)
    assert "more.value" in " ".join(thing.texts())
    assert "local.b" in " ".join(thing.texts())


def test_what_is_no_hcl_is_named(tmp_path: Path, tools: Path) -> None:
    """With its file."""
    (tmp_path / "main.tf").write_text('resource "x" {')
    with pytest.raises(HclError, match=r"main\.tf: "):
        read(tools, tmp_path)
