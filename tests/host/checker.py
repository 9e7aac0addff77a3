"""What must hold of any history, whatever happened: checked from the store and from what sinks wrote down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from hydria_plugin import Step, Store

ENDS = {"issued", "degraded", "failed", "skipped"}


def check_ledger(steps: Sequence[Step], first: np.datetime64, last: np.datetime64, width: np.timedelta64) -> None:
    """Every step in [first, last] is there, once, with an end."""
    wanted = np.arange(first, last + width, width)
    times = np.array([line.issued_at for line in steps]).astype("datetime64[s]")
    assert len(set(times)) == len(times), "a step twice"
    assert np.array_equal(times, wanted.astype("datetime64[s]")), f"{len(times)} steps instead of {len(wanted)}"
    odd = Counter(line.state for line in steps if line.state not in ENDS)
    assert not odd, f"steps without an end: {odd}"


def check_forecasts(store: Store, pipeline: str, steps: Sequence[Step]) -> None:
    """Every step that ended with a bulletin has it, whole; every revision from 0 on, once."""
    first, last = steps[0].issued_at, steps[-1].issued_at
    newest = dict(store.issues(pipeline, first, last))
    for line in steps:
        made = line.state in ("issued", "degraded")
        assert (line.issued_at in newest) == made, f"{line}: ledger and bulletins disagree"
        if made:
            assert newest[line.issued_at] == line.revision
            for revision in range(line.revision + 1):
                bulletin = store.bulletin(pipeline, line.issued_at, revision)
                assert bulletin is not None and bulletin.forecast.there.all(), f"{line}: revision {revision} is lost"


def news_in(store: Store, pipeline: str, steps: Sequence[Step]) -> list[tuple[str, int]]:
    """(event, sequence) of all news in the store, in order."""
    told = []
    for line in steps:
        for revision in range(line.revision + 1):
            bulletin = store.bulletin(pipeline, line.issued_at, revision)
            assert bulletin is not None
            told += [(a.event, a.sequence) for a in bulletin.alerts if a.is_news]
    return told


def check_diary(entries: Sequence[dict[str, Any]], store: Store, pipeline: str, steps: Sequence[Step]) -> None:
    """A sink that keeps each key once holds every bulletin of the store, and every alert once."""
    keys = [(e["at"], e["revision"]) for e in entries]
    kept = dict(zip(keys, entries, strict=True))
    stored = [(str(line.issued_at), r) for line in steps for r in range(line.revision + 1)]
    assert set(kept) == set(stored), (
        f"lost {sorted(set(stored) - set(kept))}, unknown {sorted(set(kept) - set(stored))}"
    )
    told = [(n[0], n[1]) for key in stored for n in kept[key]["news"]]
    assert told == news_in(store, pipeline, steps), "alerts lost on the way"
    assert len(told) == len(set(told)), f"an alert told twice: {Counter(told).most_common(1)}"


def check_events(news: Sequence[tuple[str, int]]) -> None:
    """Every event is told from its first news on, without a gap."""
    for event in {e for e, _ in news}:
        sequence = [s for e, s in news if e == event]
        assert sequence == list(range(len(sequence))), f"{event}: {sequence}"
