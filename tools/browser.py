"""Finds Chromium and a Chinese font for the browser tests, or installs them.

As root by Debian's packages, else Playwright's own browser.

When neither can be had, browser tests fail where `CI` is set and are skipped, loudly, elsewhere.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC: Final = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
PACKAGES: Final = ("chromium", "fonts-noto-cjk")
FONTS: Final = (
    "Noto Sans CJK",
    "Noto Sans SC",
    "Source Han Sans",
    "WenQuanYi",
    "PingFang",
    "Microsoft YaHei",
    "Droid Sans Fallback",
)


def chromium() -> str | None:
    """The program to run, or None."""
    found = next(filter(None, map(shutil.which, NAMES)), None) or next(
        (path for path in MAC if Path(path).exists()), None
    )
    return found or _playwrights_own()


def has_chinese_font() -> bool:
    """Tell whether any font has Chinese characters: without one each is an empty box and every width is wrong."""
    if sys.platform == "darwin":
        return True
    program = shutil.which("fc-list")
    if program is None:
        return any(Path("/usr/share/fonts").rglob("*CJK*"))
    listed = subprocess.run([program, ":lang=zh", "family"], capture_output=True, text=True, check=False).stdout
    return bool(listed.strip()) or any(name in listed for name in FONTS)


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- slow to import, rarely needed

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _install() -> None:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES],
        ):
            subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL)
    if chromium() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> int:
    """Make sure that both are there; 1 where `CI` is set and they cannot be had."""
    if chromium() is None or not has_chinese_font():
        _install()
    missing = [
        name
        for name, is_there in (("Chromium", chromium() is not None), ("a Chinese font", has_chinese_font()))
        if not is_there
    ]
    if not missing:
        return 0
    sys.stderr.write(
        f"Browser tests need {' and '.join(missing)}. As root on Debian: apt-get install {' '.join(PACKAGES)}\n"
    )
    return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
