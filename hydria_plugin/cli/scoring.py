"""backtest and verify: how good forecasts would have been, and how good they were."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .speaking import Config, Json, guarded, tell

First = Annotated[str, typer.Option("--from", help="First issue time (ISO 8601; UTC without zone).")]
Last = Annotated[str, typer.Option("--to", help="Last issue time, itself included.")]
Only = Annotated[str, typer.Option("--pipeline", help="Only this pipeline; all by default.")]


def register(app: typer.Typer) -> None:
    app.command("backtest")(guarded(backtest))
    app.command("verify")(guarded(verify))


def backtest(
    config: Config,
    first: First,
    last: Last,
    every: Annotated[str, typer.Option(help="Time between issues, such as 6h; every step by default.")] = "",
    future: Annotated[str, typer.Option(help="Inputs of the horizon: none, perfect; forecasts by default.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write the forecasts to this .csv or .parquet file.")] = None,
    pipeline: Only = "",
    as_json: Json = False,
) -> None:
    """The real cycle over past issue times, on what was known then; scores per station and lead."""
    from .backtesting import backtest_all

    found = backtest_all(config, first, last, every, future, out, pipeline)
    tell(as_json, {"exit": 0, "pipelines": [f.facts for f in found]}, "\n\n".join(f.text for f in found))


def verify(
    config: Config,
    first: First,
    last: Last,
    out: Annotated[Path | None, typer.Option(help="Write the scores to this .csv or .parquet file.")] = None,
    diagrams: Annotated[
        Path | None, typer.Option(help="Draw reliability diagrams and rank histograms into this folder (SVG).")
    ] = None,
    pipeline: Only = "",
    as_json: Json = False,
) -> None:
    """Scores of the bulletins that were issued, against what came."""
    from .verifying import verify_all

    found = verify_all(config, first, last, pipeline, out, diagrams)
    tell(as_json, {"exit": 0, "pipelines": [f.facts for f in found]}, "\n\n".join(f.text for f in found))
