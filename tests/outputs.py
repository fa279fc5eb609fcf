"""The outputs of a deployment, as Terraform itself writes them: made by a real one, of a configuration without resources."""

import json
import subprocess
from pathlib import Path

from tests.parts import require


def terraform_outputs(folder: Path, **values: object) -> Path:
    """A file of ``terraform output -json`` that tells these values."""
    program = require("terraform", "https://developer.hashicorp.com/terraform/install")
    outputs = {name: {"value": value} for name, value in values.items()}
    (folder / "main.tf.json").write_text(json.dumps({"output": outputs}))
    environment = {"HOME": str(folder), "PATH": "/usr/local/bin:/usr/bin:/bin", "TF_CLI_CONFIG_FILE": "/dev/null"}
    for arguments in (["apply", "-auto-approve", "-input=false"], ["output", "-json"]):
        done = subprocess.run(
            [program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True
        )
    path = folder / "outputs.json"
    path.write_text(done.stdout)
    return path
