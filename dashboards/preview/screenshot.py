"""Pictures of pages by Chromium, as high as the page is."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

WIDTH = 1400  # pixels

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SECONDS = 120


class ScreenshotError(RuntimeError):
    """There is no picture; the message says why."""


def chromium() -> str:
    """The path of a Chromium.

    Raises:
        ScreenshotError: if there is none on this machine.
    """
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        raise ScreenshotError("no Chromium was found, so there are no pictures (Debian: apt install chromium)")
    return found


def take(page: Path, picture: Path, program: str) -> None:
    """Write the whole page's picture as PNG.

    Raises:
        ScreenshotError: if Chromium does not make one.
    """
    with tempfile.TemporaryDirectory(prefix="chromium-") as profile:
        drawn = _run(program, profile, "--dump-dom", f"--window-size={WIDTH},1000", page.absolute().as_uri())
        height = re.search(r'data-height="(\d+)"', drawn)
        if height is None:
            raise ScreenshotError(f"{page}: Chromium did not draw it to its end")
        size = f"--window-size={WIDTH},{height[1]}"
        _run(program, profile, size, f"--screenshot={picture.absolute()}", page.absolute().as_uri())
    if not picture.is_file():
        raise ScreenshotError(f"{page}: Chromium made no picture of it")


def _run(program: str, profile: str, *arguments: str) -> str:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to be root's without it
    options = ["--headless", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}", *sandbox]
    try:
        done = subprocess.run(  # noqa: S603 - the browser that is installed here
            [program, *options, *arguments], capture_output=True, text=True, check=True, timeout=_SECONDS
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise ScreenshotError(f"Chromium failed: {error}") from error
    return done.stdout
