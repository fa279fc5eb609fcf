"""A wheel as the generator of the bindings writes it, with one small resource in it."""

import base64
import io
import json
import tarfile
import zipfile
from pathlib import Path

THING = """
import * as cdktn from 'cdktn';

export interface ThingConfig extends cdktn.TerraformMetaArguments {
  /**
  * What it is for. Possible values: ["GOOD", "BAD"]
  *
  * Docs at Terraform Registry: {@link https://example.com/docs/resources/thing#purpose Thing#purpose}
  */
  readonly purpose?: string;
}
export interface ThingRange {
  /**
  * The first of it.
  *
  * Docs at Terraform Registry: {@link https://example.com/docs/resources/thing#first_one Thing#first_one}
  */
  readonly firstOne: number;
}

export function thingRangeToHclTerraform(struct?: ThingRange): any {
  const attrs = {
    first_one: {
      value: cdktn.numberToHclTerraform(struct!.firstOne),
      isBlock: false,
      type: "simple",
      storageClassType: "number",
    },
  };
}

export class ThingRangeOutputReference extends cdktn.ComplexObject {

  // first_one - computed: false, optional: false, required: true
  private _firstOne?: number;
  public get firstOne() {
    return this.getNumberAttribute('first_one');
  }

  // seen - computed: true, optional: false, required: false
  public get seen() {
    return this.getBooleanAttribute('seen');
  }
}
export class ThingConditionsOutputReference extends cdktn.ComplexObject {

  // state - computed: true, optional: false, required: false
  public get state() {
    return this.getStringAttribute('state');
  }
}

export class Thing extends cdktn.TerraformResource {

  public static readonly tfResourceType = "google_thing";

  // conditions - computed: true, optional: false, required: false
  private _conditions = new ThingConditionsList(this, "conditions", false);

  // labels - computed: false, optional: true, required: false
  private _labels?: { [key: string]: string };
  public get labels() {
    return this.getStringMapAttribute('labels');
  }

  // password_wo - computed: false, optional: true, required: false
  public get passwordWo() {
    return this.getStringAttribute('password_wo');
  }

  // purpose - computed: true, optional: true, required: false
  public get purpose() {
    return this.getStringAttribute('purpose');
  }

  // zones - computed: false, optional: true, required: false
  public get zones() {
    return cdktn.Fn.tolist(this.getListAttribute('zones'));
  }

  // main - computed: false, optional: false, required: true
  private _main = new ThingRangeOutputReference(this, "main");

  // other - computed: false, optional: true, required: false
  private _other = new ThingRangeList(this, "other", true);

  // ==========
  // SYNTHESIS
  // ==========
  protected synthesizeHclAttributes(): { [name: string]: any } {
    const attrs = {
      labels: {
        value: cdktn.hashMapperHcl(cdktn.stringToHclTerraform)(this._labels),
        isBlock: false,
        type: "map",
        storageClassType: "stringMap",
      },
      password_wo: {
        value: cdktn.stringToHclTerraform(this._passwordWo),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      purpose: {
        value: cdktn.stringToHclTerraform(this._purpose),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      zones: {
        value: cdktn.listMapperHcl(cdktn.stringToHclTerraform, false)(this._zones),
        isBlock: false,
        type: "set",
        storageClassType: "stringList",
      },
      main: {
        value: thingRangeToHclTerraform(this._main.internalValue),
        isBlock: true,
        type: "list",
        storageClassType: "ThingRangeList",
      },
      other: {
        value: cdktn.listMapperHcl(thingRangeToHclTerraform, true)(this._other.internalValue),
        isBlock: true,
        type: "set",
        storageClassType: "ThingRangeList",
      },
    };
  }
}
"""


def wheel(folder: Path, typescript: str = THING, archives: int = 1) -> Path:
    """Pack it as the bindings are: TypeScript in a source map, in JavaScript, in an archive, in a wheel."""
    sources = base64.b64encode(json.dumps({"version": 3, "sourcesContent": [typescript]}).encode()).decode()
    code = f"// compiled\n//# sourceMappingURL=data:application/json;base64,{sources}".encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("package/lib/thing/index.js", "package/package.json"):
            member = tarfile.TarInfo(name)
            member.size = len(code)
            archive.addfile(member, io.BytesIO(code))
    path = folder / "bindings-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as opened:
        for number in range(archives):
            opened.writestr(f"bindings/_jsii/{number}.jsii.tgz", packed.getvalue())
    return path
