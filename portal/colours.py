"""The accent's shades, readable for any accent: made here, since older phones' browsers cannot mix colours."""

import colorsys
from typing import Final

READABLE: Final = 4.5
"""Least contrast of text against its ground: WCAG 2.2, 1.4.3."""

WHITE: Final = "#ffffff"
BLACK: Final = "#000000"
CARD: Final = {"light": WHITE, "dark": "#171c20"}
_STEP: Final = 0.02
_LINEAR_BELOW: Final = 0.04045
"""Where the standard's curve begins to bend."""


def shades(accent: str) -> str:
    """The accent and its shades as CSS variables, for light and for dark."""
    hue = accent.lower()
    glow = _tone(hue, lightness=0.66, most_saturation=0.5)
    tint, tint_dark = _mix(hue, CARD["light"], 0.92), _mix(glow, CARD["dark"], 0.9)
    made = {
        "--accent": hue,
        "--accent-ink": readable(hue, on=tint, towards=BLACK),
        "--accent-tint": tint,
        "--accent-on": on(hue),
        "--glow": glow,
        "--glow-ink": readable(glow, on=tint_dark, towards=WHITE),
        "--glow-tint": tint_dark,
        "--glow-on": on(glow),
    }
    return ":root{" + ";".join(f"{name}:{value}" for name, value in made.items()) + "}\n"


def on(ground: str) -> str:
    """White or black, whichever reads better on a ground."""
    return max((WHITE, BLACK), key=lambda ink: contrast(ink, ground))


def readable(colour: str, *, on: str, towards: str) -> str:
    """The colour, moved towards another one until text in it can be read on a ground."""
    share = 0.0
    while contrast(made := _mix(colour, towards, share), on) < READABLE and share < 1:
        share = min(1.0, share + _STEP)
    return made


def contrast(one: str, other: str) -> float:
    """Contrast ratio as WCAG 2.2 defines it, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= _LINEAR_BELOW else ((part + 0.055) / 1.055) ** 2.4 for part in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _tone(colour: str, *, lightness: float, most_saturation: float) -> str:
    hue, _, saturation = colorsys.rgb_to_hls(*_channels(colour))
    return _colour(colorsys.hls_to_rgb(hue, lightness, min(saturation, most_saturation)))


def _mix(colour: str, other: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return _colour(tuple(one * (1 - share) + two * share for one, two in pairs))


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red / 255, green / 255, blue / 255


def _colour(channels: tuple[float, ...]) -> str:
    return "#" + bytes(round(part * 255) for part in channels).hex()
