"""once, serve, demo: forecasts at every step, now, or on a simulated basin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .speaking import FAILED, Config, Json, guarded, say, tell


def register(app: typer.Typer) -> None:
    app.command("demo")(guarded(demo))
    app.command("once")(guarded(once))
    app.command("serve")(guarded(serve))


def demo(
    folder: Annotated[Path, typer.Argument(help="A new folder for the demonstration.", metavar="DIR")],
    basin: Annotated[
        str, typer.Option(help="simulated, cance (needs the package hydro-smash), or a fictitious basin such as karst.")
    ] = "simulated",
    language: Annotated[str, typer.Option(help="Of the account: en or fr.")] = "en",
    rain: Annotated[
        Path | None, typer.Option(help="Hourly rain (CSV: time_utc, a column per zone) to drive a fictitious basin.")
    ] = None,
    as_json: Json = False,
) -> int:
    """A complete small platform in DIR: a simulated basin, trained, a flood replayed; it ends by itself."""
    from ..demo import run

    return int(run(folder, basin=basin, language=language, as_json=as_json, rain=rain, echo=say) or 0)


def once(
    config: Config,
    at: Annotated[str, typer.Option("--at", help="The step to forecast for; the newest due by default.")] = "",
    replay: Annotated[bool, typer.Option("--replay", help="Make a stored bulletin again and compare.")] = False,
    revision: Annotated[int, typer.Option(help="With --replay: the revision; the newest by default.")] = -1,
    pipeline: Annotated[str, typer.Option("--pipeline", help="Only this pipeline; all by default.")] = "",
    as_json: Json = False,
) -> int:
    """One cycle of every pipeline: forecast, alerts, delivery. With --replay: reproduce what was issued.

    Exit code 1: a pipeline gave no bulletin, or the replay differs by more than 1e-9.
    """
    from .cycles import replayed, run_all

    rows = replayed(config, at, pipeline, revision) if replay else run_all(config, at, pipeline)
    code = FAILED if any(row["error"] for row in rows) else 0
    tell(as_json, {"exit": code, "pipelines": rows}, "\n".join(row["text"] for row in rows))
    return code


def serve(config: Config, as_json: Json = False) -> int:
    """Run every pipeline at every step until SIGTERM or Ctrl-C."""
    from .serving import serve_until_stopped

    return serve_until_stopped(config, as_json)
