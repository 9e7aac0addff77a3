"""Explanations that are owed: the process died, or the store failed, between an alert and what explains it.

The alert is in the store, so it can be told that its explanation is not. The window it was made from is read off what
the store received by then, as for a replay; nothing is asked of the source.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..cycle import Pipeline, run_cycle
from ..errors import ModelError, StoreError
from ..ladder import reachable
from ..values import Bulletin
from .replay import as_of_then, buffer_of_then
from .rounds import utc

log = logging.getLogger("hydria.host")

Key = tuple[np.datetime64, int]  # issue time, revision


def owed_explanations(pipeline: Pipeline, now: np.datetime64) -> Iterator[Key]:
    """The newest bulletin, if it holds news that nobody explained: an older one was finished before it was begun.
    Raises StoreError."""
    step = pipeline.layout.step
    issues = pipeline.store.issues(pipeline.name, now - step * pipeline.layout.horizon, now + step)
    if not issues or not pipeline.explainers:
        return
    bulletin = pipeline.store.bulletin(pipeline.name, *issues[-1])
    if bulletin is not None and not bulletin.reports and any(alert.is_news for alert in bulletin.alerts):
        yield bulletin.issued_at, bulletin.revision


def made_again(pipeline: Pipeline, issued_at: np.datetime64, revision: int, now: np.datetime64) -> Bulletin | None:
    """The stored bulletin with the window and the forecast it was made with. None where it is gone, explained or older
    than one horizon (nothing it says is about the future any more), or cannot be made again. Raises StoreError."""
    if now - issued_at > pipeline.layout.step * pipeline.layout.horizon:
        return None
    stored = pipeline.store.bulletin(pipeline.name, issued_at, revision)
    if stored is None or stored.reports:
        return None
    try:
        check_same(stored, pipeline)
        then = as_of_then(pipeline, buffer_of_then(pipeline, stored), pipeline.store, stored)
        again = run_cycle(then, issued_at, stored.known_at)
    except StoreError:
        raise
    except Exception as error:
        log.warning("not explained pipeline=%s issued_at=%s why=%s", pipeline.name, utc(issued_at), reachable(error))
        return None
    return replace(again, revision=revision, alerts=stored.alerts)


def check_same(stored: Bulletin, pipeline: Pipeline) -> None:
    """Raise ModelError unless it was made with the models and the configuration of now."""
    for name in sorted({*stored.digests, *pipeline.digests} - {"inputs"}):
        then, now = stored.digests.get(name), pipeline.digests.get(name)
        if then != now:
            raise ModelError(f"{name} was {then} then and is {now} now")
