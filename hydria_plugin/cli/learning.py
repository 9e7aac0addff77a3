"""train and models: from the record to a reigning model, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigError
from .moments import moment
from .speaking import FAILED, Config, Json, columns, guarded, tell

if TYPE_CHECKING:
    from ..learning.train import Outcome

Only = Annotated[str, typer.Option("--pipeline", help="Only this pipeline; all by default.")]
Name = Annotated[str, typer.Argument(help="The forecaster.")]
Version = Annotated[str, typer.Argument(help="The version, as `hydria models list` shows it.")]


def register(app: typer.Typer) -> None:
    app.command("train")(guarded(train))
    models = typer.Typer(no_args_is_help=True, help="The trained models: list, verify, activate, rollback.")
    for name, command in (("list", list_models), ("verify", verify_models), ("rollback", rollback)):
        models.command(name)(guarded(command))
    models.command("activate")(guarded(activate))
    app.add_typer(models, name="models")


def train(
    config: Config,
    first: Annotated[str, typer.Option("--from", help="First time of the record; all of it by default.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last time of the record; all of it by default.")] = "",
    pipeline: Only = "",
    seed: Annotated[int, typer.Option(min=0, help="Of the random numbers: the same seed trains the same model.")] = 0,
    as_json: Json = False,
) -> int:
    """Fit, select, score against the reigning model, promote only if better.

    Started again, it goes on where it was. Exit code 1: a forecaster could not be trained.
    """
    from ..workshop import Progress, train_pipelines

    begins, ends = (moment(text, option) if text else None for text, option in ((first, "--from"), (last, "--to")))
    if begins is not None and ends is not None and ends < begins:
        raise ConfigError(f"--to: {last!r} is before --from {first!r}; allowed: a later time")
    found = train_pipelines(config, begins, ends, pipeline=pipeline, seed=seed, progress=Progress("training"))
    outcomes = [outcome_facts(name, outcome) for name, outcomes in found.items() for outcome in outcomes]
    code = FAILED if any(outcome["version"] is None for outcome in outcomes) else 0
    lines = [f"{o['pipeline']}: {o['forecaster']}: {told(o)}" for o in outcomes]
    tell(as_json, {"exit": code, "outcomes": outcomes}, "\n".join(lines) or "nothing to train: no forecaster learns")
    return code


def outcome_facts(pipeline: str, outcome: Outcome) -> dict[str, Any]:
    """What came of one forecaster, JSON-able."""
    return {
        "pipeline": pipeline,
        "forecaster": outcome.name,
        "version": outcome.version,
        "promoted": outcome.promoted,
        "why": outcome.why,
        "scores": {who: float(score) for who, score in outcome.scores.items()},
        "notes": list(outcome.notes),
    }


def told(outcome: dict[str, Any]) -> str:
    """One line on what came of a forecaster."""
    if outcome["version"] is None:
        return f"not trained: {outcome['why']}"
    state = "reigns now" if outcome["promoted"] else "kept, does not reign"
    return "; ".join([f"{outcome['version']} {state}: {outcome['why']}", *outcome["notes"]])


def list_models(config: Config, as_json: Json = False) -> None:
    """Every version of every forecaster, the reigning one marked."""
    from .shelving import all_models

    rows = all_models(config)
    head = ("pipeline", "forecaster", "version", "reigns", "trained")
    shown = [(r["pipeline"], r["forecaster"], r["version"], "yes" if r["reigns"] else "", r["trained"]) for r in rows]
    tell(as_json, {"exit": 0, "models": rows}, columns(shown, head) if rows else "no models yet: run `hydria train`")


def verify_models(config: Config, as_json: Json = False) -> int:
    """Compare every model with the digests in its manifest. Exit code 1: one is damaged."""
    from .shelving import verified

    rows = verified(config)
    code = FAILED if any(row["faults"] for row in rows) else 0
    head = ("pipeline", "forecaster", "version", "state")
    shown = [(r["pipeline"], r["forecaster"], r["version"], "; ".join(r["faults"]) or "sound") for r in rows]
    tell(as_json, {"exit": code, "models": rows}, columns(shown, head) if rows else "no models yet: run `hydria train`")
    return code


def activate(config: Config, forecaster: Name, version: Version, pipeline: Only = "", as_json: Json = False) -> None:
    """Let this version reign."""
    from .shelving import activated

    chosen = activated(config, pipeline, forecaster, version)
    told = f"{chosen['pipeline']}: {forecaster} {version} reigns"
    tell(as_json, {"exit": 0, **chosen}, told)


def rollback(config: Config, forecaster: Name, pipeline: Only = "", as_json: Json = False) -> None:
    """Let the version reign that did before."""
    from .shelving import rolled_back

    chosen = rolled_back(config, pipeline, forecaster)
    told = f"{chosen['pipeline']}: {forecaster} {chosen['version']} reigns again"
    tell(as_json, {"exit": 0, **chosen}, told)
