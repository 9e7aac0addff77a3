"""Reliability diagrams and rank histograms: as facts, and as pictures in a folder."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import count, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, HydriaError
from .doubting import rounded
from .places import check_writable

if TYPE_CHECKING:
    from ..values import Layout
    from ..verification.diagrams import Diagram

LONGEST = 200  # bytes of a file's name; systems take 255


def diagram_facts(one: Diagram) -> dict[str, Any]:
    """One diagram, flat; ``station`` is "" for all of them; what is no number is null in JSON."""
    arrays = {name: [rounded(v) for v in getattr(one, name)] for name in ("share", "ticks", "low", "high", "ranks")}
    return {
        "station": one.station,
        "lead": one.lead,
        "pairs": one.pairs,
        "levels": one.levels.tolist(),
        **arrays,
        "reliability": rounded(one.index),
    }


def check_folder(folder: Path | None) -> None:
    """Can pictures be written there? Asked before the long work; the folder itself is made. Raises ConfigError."""
    if folder is None:
        return
    check_writable("--diagrams", folder)
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--diagrams: {str(folder)!r} is a file; allowed: a folder, which is made if need be")


def draw(folder: Path, pipeline: str, drawn: Sequence[Diagram], layout: Layout, language: str) -> list[str]:
    """An SVG file per station, and one of all of them; gives their paths. Raises HydriaError."""
    from ..drawing.reliability import reliability

    names = dict(zip(layout.stations, layout.names or layout.stations, strict=True))
    written: list[str] = []
    try:
        folder.mkdir(exist_ok=True)
        for station, of_one in groupby(drawn, key=lambda one: one.station):
            path = folder / new_name(f"{pipeline}-{plain(station) or 'all'}", {Path(one).name for one in written})
            name = names.get(station, "")
            path.write_text(reliability(tuple(of_one), name, layout.step, language=language), encoding="utf-8")
            written.append(str(path))
    except OSError as cause:
        raise HydriaError(f"--diagrams: {str(folder)!r} cannot be written: {cause}") from cause
    return written


def plain(station: str) -> str:
    """A station's name as part of a file's; other signs than letters, digits, dot and dash become ``_``."""
    return re.sub(r"[^\w.-]", "_", station)


def new_name(stem: str, taken: Collection[str]) -> str:
    """``STEM.svg``, or ``STEM-2.svg`` where another station's is called so: `a b` and `a/b` are told apart, on systems
    too that do not tell capitals. No longer than a system takes."""
    lower = {name.casefold() for name in taken}
    short = stem.encode()[:LONGEST].decode(errors="ignore")
    names = (f"{short}{f'-{n}' if n > 1 else ''}.svg" for n in count(1))
    return next(name for name in names if name.casefold() not in lower)
