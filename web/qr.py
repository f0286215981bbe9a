"""QR codes as SVG."""

import io

import segno


def svg(content: str) -> str:
    """An `<svg>` element without size of its own; dark modules take the colour of the text around it."""
    out = io.BytesIO()
    segno.make(content, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, nl=False, border=2, dark="#000", light="#fff"
    )
    return out.getvalue().decode()
