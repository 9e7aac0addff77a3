"""``hydria backtest``: the cycle over past issue times, and its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import Settings, parse_duration, pick_pipelines, read_config
from ..config.durations import format_duration, whole_steps
from ..errors import ConfigError, HydriaError
from ..plugins import Registry, load_plugins
from ..values import Layout
from ..workshop import Progress, run_backtest
from ..workshop.times import utc
from .doubting import doubt_facts, doubt_table
from .moments import moment
from .places import check_writable
from .regimes import regime_facts, regime_table
from .speaking import columns

if TYPE_CHECKING:
    import pandas as pd

    from ..verification.backtest import Backtest
    from ..workshop.backtesting import Future

SHOWN = ("pairs", "nse", "pi", "kge", "crps", "crps_skill", "coverage_80", "peak_percent", "peak_delay")
KINDS_OF_FILE = (".csv", ".parquet")


@dataclass(frozen=True)
class Scored:
    """What a backtest or a verification found of one pipeline: for machines and for people."""

    facts: dict[str, Any]
    text: str
    result: Backtest | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Span:
    """Which issue times: ``first`` to ``last``, each ``every``."""

    first: np.datetime64
    last: np.datetime64
    every: np.timedelta64 | None  # None: every step


def backtest_all(
    config: str, first: str, last: str, every: str, future: str, out: Path | None, pipeline: str
) -> list[Scored]:
    """Backtest the pipelines of a configuration and write their forecasts to ``out``."""
    span = read_span(first, last, every)
    known = read_future(future)
    check_out(out)
    registry = load_plugins()
    settings = read_config(config, registry=registry)
    names = pick_pipelines(settings, pipeline)
    check_every(settings, names, span.every)
    found = [backtest_one(settings, name, registry, span, known) for name in names]
    if out is not None:
        write_table(out, [f.result for f in found if f.result is not None])
    return found


def read_span(first: str, last: str, every: str = "") -> Span:
    """The issue times asked for. Raises ConfigError."""
    try:
        span = Span(moment(first, "--from"), moment(last, "--to"), parse_duration(every) if every else None)
    except ValueError as cause:
        raise ConfigError(f"--every: {cause}; allowed: a duration such as 1h, a whole number of steps") from cause
    if span.last < span.first:
        raise ConfigError(f"--to: {last!r} is before --from {first!r}; allowed: a later time")
    return span


def check_every(settings: Settings, names: Sequence[str], every: np.timedelta64 | None) -> None:
    """Is ``every`` a whole number of steps of each pipeline? Asked before the long work. Raises ConfigError."""
    for name in names:
        step = settings.pipelines[name].layout.step
        if every is not None and whole_steps(every, step) is None:
            asked, allowed = format_duration(every), format_duration(step)
            raise ConfigError(
                f"--every: '{asked}' is not a whole number of steps of {name}; allowed: a multiple of {allowed}"
            )


def read_future(future: str) -> Future:
    """What of the horizon's inputs is known: what the source's forecasts say, unless asked otherwise."""
    if future not in ("", "none", "perfect"):
        raise ConfigError(f"--future: {future!r} is not allowed; allowed: none, perfect")
    return "none" if future == "none" else "perfect" if future == "perfect" else "archived"


def check_out(out: Path | None) -> None:
    """Can the table be written there? Asked before the long work. Raises ConfigError."""
    if out is None:
        return
    if out.suffix not in KINDS_OF_FILE:
        raise ConfigError(f"--out: {str(out)!r} is no kind of file we write; allowed: {', '.join(KINDS_OF_FILE)}")
    if out.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise HydriaError(f"--out: {str(out)!r} needs the package pyarrow: pip install 'hydria-plugin[parquet]'")
    check_writable("--out", out)
    if out.is_dir():
        raise ConfigError(f"--out: {str(out)!r} is a folder; allowed: a file, which is made or written anew")


def backtest_one(settings: Settings, name: str, registry: Registry, span: Span, future: Future) -> Scored:
    """One pipeline: the source is read once, then served step by step as it would have been known."""
    from ..verification.regimes import regimes
    from ..verification.scorecard import scorecard, warnings

    progress = Progress("backtest")
    result, problems = run_backtest(
        settings, name, registry, span.first, span.last, every=span.every, future=future, progress=progress
    )
    thresholds = settings.pipelines[name].thresholds
    lines = scorecard(result, thresholds)
    warned = warnings(result, thresholds)
    facts = {
        "pipeline": name,
        "from": utc(result.issued_at[0]),
        "to": utc(result.issued_at[-1]),
        "issues": len(result.issued_at),
        "future": future,
        "problems": list(problems),
        "made_by": counted(result),
        "scores": [line_facts(line) for line in lines],
        "regimes": [regime_facts(line) for line in regimes(result, thresholds)],
        "warnings": [warning_facts(w) for w in warned],
        "doubt": doubt_facts(result),
    }
    return Scored(facts, told(facts, result.layout), result)


def counted(result: Backtest) -> dict[str, int]:
    """How many forecasts each forecaster made; ``""`` = none was made."""
    every = [made for row in result.made_by for made in row]
    return {made: every.count(made) for made in sorted(set(every))}


def line_facts(line: Any) -> dict[str, Any]:
    """One line of a scorecard, flat."""
    bounds = {f"{n}_low": v for n, v in line.low.items()} | {f"{n}_high": v for n, v in line.high.items()}
    numbers = {name: rounded(value) for name, value in {**line.scores, **bounds}.items()}
    return {"station": line.station, "lead": line.lead, "pairs": line.pairs, **numbers}


def rounded(value: float) -> float | None:
    """Six digits; what is no number is null in JSON."""
    return float(f"{value:.6g}") if np.isfinite(value) else None


def warning_facts(w: Any) -> dict[str, Any]:
    """One observed crossing, and how early it was announced."""
    gained = None if np.isnat(w.gained) else int(w.gained / np.timedelta64(1, "s"))
    return {
        "station": w.station,
        "threshold": w.threshold,
        "crossed_at": utc(w.crossed_at),
        "warned_at": utc(w.warned_at) or None,
        "gained_s": gained,
    }


def told(facts: dict[str, Any], layout: Layout) -> str:
    """The account for people: a table of some leads, then the warnings."""
    head = f"{facts['pipeline']}: {facts['issues']} issue times, {facts['from']} to {facts['to']}"
    made = ", ".join(f"{name or 'no forecast'} {count}" for name, count in facts["made_by"].items())
    leads = shown_leads(layout.horizon)
    rows = [
        (line["station"], str(line["lead"]), *(shown(line.get(name)) for name in SHOWN))
        for line in facts["scores"]
        if line["lead"] in leads
    ]
    table = columns(rows, ("station", "lead", *SHOWN))
    crossings = [warning_line(w) for w in facts["warnings"]]
    return "\n".join(
        [
            head,
            f"made by: {made}",
            *facts["problems"],
            table,
            *doubt_table(facts, leads),
            *regime_table(facts),
            *crossings,
        ]
    )


def shown_leads(horizon: int) -> Sequence[int]:
    """At most six leads: the first, the last, and some between."""
    return sorted({int(f) for f in np.unique(np.linspace(1, horizon, min(6, horizon)).round())})


def shown(value: float | int | None) -> str:
    return "-" if value is None else str(value) if isinstance(value, int) else f"{value:.3g}"


def warning_line(w: dict[str, Any]) -> str:
    gained = "not announced" if w["gained_s"] is None else f"announced {w['gained_s'] / 3600:.1f} h before"
    return f"{w['station']} passed {w['threshold']} at {w['crossed_at']}: {gained}"


def write_table(out: Path, results: Sequence[Backtest]) -> None:
    """All forecasts as one long table, CSV or Parquet by the name's ending."""
    import pandas as pd

    from ..verification.backtest_table import table

    tables = [table(result) for result in results]
    write_whole(out, tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True))


def write_whole(out: Path, whole: pd.DataFrame) -> None:
    """A table as CSV or Parquet. Raises HydriaError."""
    try:
        if out.suffix == ".parquet":
            whole.to_parquet(out, index=False)
        else:
            whole.to_csv(out, index=False)
    except OSError as cause:
        raise HydriaError(f"{out} cannot be written: {cause}") from cause
