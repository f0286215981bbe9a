"""Finds what tests need beside Python, or installs it: Chromium, its driver's library, a Chinese font, and curl.

As root by Debian's packages, else Playwright's own browser. The program of Chromium that has no window comes first: its
tests take a fifth less of the processor.

When these cannot be had, browser tests fail where `CI` is set and are skipped, loudly, elsewhere.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC: Final = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
BROWSERS: Final = ("chromium-headless-shell", "chromium")
"""Debian's packages of it, the one to be preferred first: not every system has it."""

PACKAGES: Final = ("fonts-noto-cjk", "libatomic1", "curl")
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


def has_driver() -> bool:
    """Tell whether Playwright's driver runs: the Node in its wheel needs libatomic, which a bare Debian has not."""
    command = [sys.executable, "-m", "playwright", "--version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def missing() -> list[str]:
    """What browser tests would not find here."""
    if not has_driver():
        return ["libatomic (Playwright's driver does not start)"]
    there = {"Chromium": chromium() is not None, "a Chinese font": has_chinese_font()}
    return [name for name, is_there in there.items() if not is_there]


def _all_missing() -> list[str]:
    return missing() + ([] if shutil.which("curl") else ["curl (for the walk of the README)"])


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- slow to import, rarely needed

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _install() -> None:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}

        def apt_get(*words: str) -> None:
            command = ["apt-get", "-qq", *words]
            subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL)

        apt_get("update")
        apt_get("install", "-y", "--no-install-recommends", *PACKAGES)
        for browser in BROWSERS:
            if "Chromium" in missing():
                apt_get("install", "-y", "--no-install-recommends", browser)
    if "Chromium" in missing():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> int:
    """Make sure that all is there; 1 where `CI` is set and it cannot be had."""
    if _all_missing():
        _install()
    absent = _all_missing()
    if not absent:
        return 0
    wanted = (BROWSERS[0], *PACKAGES)
    sys.stderr.write(f"Tests need {' and '.join(absent)}. As root on Debian: apt-get install {' '.join(wanted)}\n")
    return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
