"""What the shelf holds for the parts of a pipeline: models loaded or left out, and the running totals they want."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..cycle import Pipeline
from ..errors import ModelError
from ..learning.shelf import Shelf
from ..roles import Needs, Persistent, Trainable
from ..values import Problem

logger = logging.getLogger("hydria.config")


def load_models(
    shelf: Shelf, fresh: Mapping[str, Any], guarded: Mapping[str, Any], versions: Mapping[str, str] | None
) -> tuple[dict[str, Any], dict[str, str], tuple[Problem, ...]]:
    """The forecasters (or correctors) that can work, the versions of their models, and a problem for each that has no
    sound one.

    Loading goes through ``guarded``: a worker process is lost, not this one, where a library aborts on a bad model.
    """
    ready: dict[str, Any] = {}
    digests: dict[str, str] = {}
    problems: list[Problem] = []
    for name, part in fresh.items():
        if not needs_model(part):
            ready[name] = guarded[name]
            continue
        try:
            version = shelf.active(name) if versions is None else versions.get(name)
            if version is None:
                untrained(shelf, name, part)
                ready[name] = guarded[name]
                continue
            ready[name] = guarded[name].load(shelf.folder(name, version))  # it has what its class, asked above, has
            digests[f"model:{name}"] = str(version)
        except Exception as error:  # a model file may make any library raise anything; the next rung fills in
            problems.append(left_out(shelf.pipeline, name, error))
            if works_untrained(part):
                ready[name] = guarded[name]
    return ready, digests, tuple(problems)


def needs_model(part: object) -> bool:
    """Does it learn from a record and keep what it learned on the shelf?"""
    return isinstance(part, Trainable) and isinstance(part, Persistent)


def works_untrained(part: object) -> bool:
    """Persistence does: it says so itself."""
    return bool(getattr(part, "works_untrained", False))


def untrained(shelf: Shelf, name: str, part: object) -> None:
    """Raise ModelError unless it can do without a model."""
    if not works_untrained(part):
        raise ModelError(f"{name} has no model in {shelf.root}: run `hydria train`")


def left_out(pipeline: str, name: str, error: Exception) -> Problem:
    """The warning that every bulletin carries."""
    said = str(error) if isinstance(error, ModelError) else f"its model cannot be loaded: {error!r}"
    logger.warning("model not used pipeline=%s part=%s why=%s", pipeline, name, said)
    return Problem(name, None, f"not used: {said}")


def durations_needed(parts: Mapping[str, object]) -> tuple[np.timedelta64, ...]:
    """The running totals that forecasters and correctors declare, each once, rising."""
    wanted = {np.timedelta64(d, "s") for f in parts.values() if isinstance(f, Needs) for d in f.antecedent}
    return tuple(sorted(wanted))


def durations_of(pipeline: Pipeline) -> tuple[np.timedelta64, ...]:
    """Those of a built pipeline."""
    return durations_needed({**pipeline.input_correctors, **pipeline.forecast_correctors, **pipeline.forecasters})
