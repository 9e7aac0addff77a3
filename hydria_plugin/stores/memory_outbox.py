"""The outbox of one pipeline, in memory."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import numpy as np

from hydria_plugin import Delivery, StoreError

from .sending_order import due_in_order

EPOCH = np.datetime64(0, "us")


class Outbox:
    """Pending deliveries by sink, oldest issue first; those that ended are remembered by number."""

    def __init__(self) -> None:
        self._pending: dict[str, list[Delivery]] = defaultdict(list)
        self._ended: dict[int, Delivery] = {}
        self._once: set[tuple[np.datetime64, int, str, str]] = set()
        self._numbers = count(1)

    def fill(self, pipeline: str, key: tuple[np.datetime64, int], sinks: Sequence[str], kind: str) -> None:
        """One delivery per sink, due at once; what is there already stays as it is."""
        for sink in sinks:
            if (*key, sink, kind) not in self._once:
                self._once.add((*key, sink, kind))
                fresh = Delivery(next(self._numbers), pipeline, *key, sink, kind, 0, EPOCH)
                insort(self._pending[sink], fresh, key=_order)

    def due(self, sink: str, now: np.datetime64) -> tuple[Delivery, ...]:
        return tuple(due_in_order(self._pending[sink], now))

    def end(self, delivery: Delivery) -> None:
        at = self._place(delivery)
        if at is not None:
            self._ended[delivery.id] = self._pending[delivery.sink].pop(at)

    def postpone(self, delivery: Delivery, next_try: np.datetime64) -> None:
        at = self._place(delivery)
        if at is not None:
            tried = replace(delivery, attempts=delivery.attempts + 1, next_try=next_try.astype("M8[us]"))
            self._pending[delivery.sink][at] = tried

    def prune(self, before: np.datetime64) -> int:
        held = sum(map(len, self._pending.values())) + len(self._ended)
        self._once = {once for once in self._once if once[0] >= before}
        self._ended = {n: d for n, d in self._ended.items() if d.issued_at >= before}
        for sink, rows in self._pending.items():
            self._pending[sink] = [d for d in rows if d.issued_at >= before]
        return held - sum(map(len, self._pending.values())) - len(self._ended)

    def _place(self, delivery: Delivery) -> int | None:
        """Its place among the pending ones; None where it has ended already."""
        for at, held in enumerate(self._pending[delivery.sink]):
            if held.id == delivery.id:
                return at
        if delivery.id not in self._ended:
            raise StoreError(f"delivery {delivery.id} to {delivery.sink!r} is not in the outbox (any more)")
        return None


def _order(delivery: Delivery) -> tuple[np.datetime64, int, str, int]:
    return delivery.issued_at, delivery.revision, delivery.kind, delivery.id
