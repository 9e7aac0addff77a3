"""What was verified as one long table, for spreadsheets and notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("pipeline", "station", "lead", "regime", "score", "level", "value", "low", "high")
NAMES = ("station", "lead", "regime")
Row = tuple[Any, ...]


def score_table(found: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows of COLUMNS from the facts of ``hydria verify``, a pipeline each. ``station`` is empty for all as one;
    ``level`` is the quantile of a share, the upper one of a rank (1 of the last); ``low`` and ``high`` are 5 and 95 %:
    of a score, of what chance makes of a share where the forecast is reliable."""
    import pandas as pd

    rows = [(facts["pipeline"], *row) for facts in found for row in rows_of(facts)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {"level": float, "value": float, "low": float, "high": float}
    )


def rows_of(facts: Mapping[str, Any]) -> Iterator[Row]:
    for line in facts["scores"]:
        yield from scored(line, "all", {n: v for n, v in line.items() if not n.endswith(("_low", "_high"))})
    for line in facts["regimes"]:
        if line["regime"] != "all":
            yield from scored(line, line["regime"], line)
    for one in facts["diagrams"]:
        yield from drawn(one)
    for line in facts.get("shadows", ()):
        told = (line["station"], line["lead"], "all", f"skill of {line['shadow']}", None)
        yield (*told, line["skill"], line["skill_low"], line["skill_high"])


def scored(line: Mapping[str, Any], regime: str, numbers: Mapping[str, Any]) -> Iterator[Row]:
    """One row per score of a flat line."""
    for name, value in numbers.items():
        if name not in NAMES:
            yield line["station"], line["lead"], regime, name, None, value, *bounds(line, name)


def bounds(line: Mapping[str, Any], name: str) -> tuple[Any, Any]:
    return line.get(f"{name}_low"), line.get(f"{name}_high")


def drawn(one: Mapping[str, Any]) -> Iterator[Row]:
    """The shares, ticks and ranks of a diagram."""
    place = one["station"], one["lead"], "all"
    for q, level in enumerate(one["levels"]):
        yield *place, "share", level, one["share"][q], one["low"][q], one["high"][q]
        yield *place, "ticks", level, one["ticks"][q], None, None
    for level, rank in zip((*one["levels"], 1.0), one["ranks"], strict=True):
        yield *place, "rank", level, rank, None, None
    yield *place, "reliability of all levels", None, one["reliability"], None, None
