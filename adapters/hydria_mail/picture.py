"""Pictures for mail: programs that show mail show no SVG, so it becomes PNG."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

REFERS = re.compile(r"href|<!|@import|url\s*\(|<\?xml-|image\b", re.IGNORECASE)
WIDTH = 1350  # pixels: one and a half times what the drawing is laid out for, sharp on a telephone
TRIAL = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20" font-family="sans-serif">{}</svg>'
SPOKEN = '<text x="2" y="15">m</text>'
FONTS = ("DejaVu Sans", "Liberation Sans", "Noto Sans", "Open Sans", "Roboto", "FreeSans", "Arial", "Helvetica")


@dataclass(frozen=True, slots=True)
class Picture:
    """``is_inline``: a program that shows mail can show it where it belongs."""

    content: bytes
    subtype: str  # "png" or "svg+xml"

    @property
    def is_inline(self) -> bool:
        return self.subtype == "png"

    @property
    def ending(self) -> str:
        return "png" if self.is_inline else "svg"


def picture_of(svg: str) -> Picture:
    """As PNG; as it is where it cannot be drawn, to be attached: a picture must never cost the mail. One that refers to
    anything is not drawn: the library would read the files of this machine that it names."""
    if why_not() or REFERS.search(svg):
        return Picture(svg.encode(), "svg+xml")
    try:
        return Picture(drawn(svg, WIDTH, font()), "png")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # what the library does not catch itself comes as no Exception
        return Picture(svg.encode(), "svg+xml")


def why_not() -> str:
    """Why no picture can be drawn here; "" where it can."""
    try:
        return "" if font() else f"no font of {', '.join(FONTS)} is installed: apt-get install fonts-dejavu-core"
    except ImportError:
        return "resvg-py is not installed: pip install 'hydria-plugin[mail]'"


@lru_cache(maxsize=1)
def font() -> str:
    """The family that stands for sans-serif, "" for none. The library leaves out, in silence, what it has no font for:
    so each is tried."""
    bare = drawn(TRIAL.format(""), 40, FONTS[0])
    return next((one for one in FONTS if drawn(TRIAL.format(SPOKEN), 40, one) != bare), "")


def drawn(svg: str, width: int, family: str) -> bytes:
    """PNG, so many pixels wide."""
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=width, background="#ffffff", sans_serif_family=family))
