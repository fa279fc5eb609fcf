"""Certificates for tests, by the program `openssl`."""

import subprocess
from pathlib import Path


class Authority:
    """A certificate authority of a test's own."""

    def __init__(self, folder: Path, name: str) -> None:
        self.certificate, self._key = folder / f"{name}.pem", folder / f"{name}-key.pem"
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
            *("-subj", f"/CN={name}", "-keyout", self._key, "-out", self.certificate),
        )
        self._folder = folder

    def sign(self, name: str, extensions: str = "") -> tuple[Path, Path]:
        """A certificate of this authority, and its key."""
        certificate, key, request = (self._folder / f"{name}{end}" for end in (".pem", "-key.pem", ".csr"))
        config = self._folder / f"{name}.cnf"
        config.write_text(extensions)
        openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}"),
            *("-keyout", key, "-out", request),
        )
        openssl(
            *("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial"),
            *("-days", "2", "-extfile", config, "-out", certificate),
        )
        return certificate, key


def openssl(*arguments: str | Path) -> None:
    """Run it; that it fails is a failure."""
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
