"""The marks of a picture as SVG elements. Everything that comes from outside is escaped here, once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from xml.sax import saxutils

Point = tuple[float, float]
UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, all that is not a Char


def escape(words: str) -> str:
    return saxutils.escape(writable(words))


def writable(words: str) -> str:
    """Without the characters that XML has no place for, escaped or not."""
    return UNWRITABLE.sub("", words)


def element(tag: str, inside: str = "", /, **attributes: object) -> str:
    """One element; ``stroke_width`` becomes ``stroke-width``, numbers keep one decimal. ``inside`` is markup."""
    named = "".join(
        f" {k.rstrip('_').replace('_', '-')}={saxutils.quoteattr(_shown(v))}" for k, v in attributes.items()
    )
    return f"<{tag}{named}>{inside}</{tag}>" if inside else f"<{tag}{named}/>"


def _shown(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else writable(str(value))


def text(x: float, y: float, words: str, **attributes: object) -> str:
    return element("text", escape(words), x=x, y=y, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: object) -> str:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, **attributes)


def rectangle(x: float, y: float, width: float, height: float, **attributes: object) -> str:
    return element("rect", x=x, y=y, width=width, height=height, **attributes)


def curve(pieces: Iterable[Sequence[Point]], **attributes: object) -> str:
    """A line in pieces; a piece of one point is drawn as a dot by round line ends."""
    path = "".join(_path(piece if len(piece) > 1 else [*piece, *piece]) for piece in pieces if len(piece))
    return (
        element("path", d=path, fill="none", stroke_linejoin="round", stroke_linecap="round", **attributes)
        if path
        else ""
    )


def area(upper: Sequence[Point], lower: Sequence[Point], **attributes: object) -> str:
    return element("path", d=_path([*upper, *reversed(lower)]) + "Z", **attributes)


def _path(points: Sequence[Point]) -> str:
    return "".join(f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))


def named(tag: str, words: str, identity: str) -> str:
    """A <title> or <desc> that the document's label refers to."""
    return element(tag, escape(words), id=identity)


def shortened(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"
