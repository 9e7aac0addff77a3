"""Training of correctors: those of inputs first, so that forecasters learn from what they will be given.

What the record is corrected with was fitted on the fit part only, so that the verdict on a forecaster stays honest;
what goes on the shelf is fitted on all but the stop part, the largest flood included (decision 0020).
There is no duel: a corrector's limits are read off the record, not scored against a truth; the newest reigns, and
`hydria models rollback` takes it back.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from typing import Any

from hydria_plugin import History, ModelError, Persistent, Retracing, Split, Trainable
from hydria_plugin.recounting import recounted_history

from .manifest import describe
from .powers import Progress
from .shelf import Shelf
from .splits import everything, split
from .train import Outcome, check_record

logger = logging.getLogger("hydria.train")
NO_DUEL = "correctors are not scored: the newest limits reign"


def train_correctors(
    correctors: Mapping[str, Any],
    history: History,
    *,
    shelf: Shelf,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    progress: Progress = lambda what, share: None,
) -> tuple[tuple[Outcome, ...], History]:
    """Fit and keep those of ``correctors`` that learn from a record, in the admin's order, each on the record as those
    before it leave it; and the record as all of them leave it, causally, its running totals included. One that fails is
    passed over, as it is in a cycle. Raises ModelError where the record cannot be learned from."""
    if not correctors:
        return (), history
    check_record(history)
    parts = split(history)
    outcomes, corrected = [], history
    for i, (name, corrector) in enumerate(correctors.items()):
        progress(f"{name}: fitting", i / len(correctors))
        try:
            ready = corrector
            if learns(corrector):
                ready = copy.deepcopy(corrector).fit(corrected, parts)
                outcomes.append(keep(name, corrector, corrected, parts, shelf, seed, (options or {}).get(name, {})))
            if isinstance(ready, Retracing):
                corrected = ready.correct_history(corrected)
        except Exception as error:
            logger.exception("training failed corrector=%s", name)
            outcomes.append(Outcome(name, None, False, f"{type(error).__name__}: {error}"))
    return tuple(outcomes), recounted_history(history, corrected)


def learns(corrector: object) -> bool:
    """Does it learn from a record, and can what it learned be kept?"""
    return isinstance(corrector, Trainable) and isinstance(corrector, Persistent)


def keep(
    name: str, corrector: Any, history: History, parts: Split, shelf: Shelf, seed: int, options: Mapping[str, Any]
) -> Outcome:
    """Fitted on all that may be fitted on, onto the shelf, reigning."""
    final = copy.deepcopy(corrector).fit(history, everything(history, parts))
    facts = {
        **describe(history),
        "role": "corrector",
        "options": dict(options),
        "seed": seed,
        "verdict": NO_DUEL,
        "fitted_on": "the whole record but the stop part",
        "selected": dict(getattr(final, "selected", {})),
    }
    version = shelf.add(name, final.save, facts)
    shelf.promote(name, version, NO_DUEL)
    return Outcome(name, version, True, NO_DUEL, notes=tuple(getattr(final, "notes", ())))


def check_names(forecasters: Mapping[str, Any], correctors: Mapping[str, Any]) -> None:
    """Raise ModelError where a forecaster and a corrector would share a folder of models."""
    for name in forecasters:
        if name in correctors and learns(correctors[name]):
            raise ModelError(f"a forecaster and a corrector are both called {name!r}: their models have one folder")
