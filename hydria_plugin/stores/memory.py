"""The store that forgets when the process ends: backtests, trials, tests. Same rules as the database."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any

import numpy as np

from hydria_plugin import NOT_A_TIME, Alert, Bulletin, Delivery, Observations, Reason, Report, State, Step, StoreError

from .documents import plain
from .ledger_ends import bulletin_end, may_begin, replaces
from .memory_outbox import Outbox
from .received import Received

Time = np.datetime64
Key = tuple[Time, int]  # issue time, revision


@dataclass
class Memory:
    """What is remembered of one pipeline."""

    bulletins: dict[Key, Bulletin] = field(default_factory=dict)
    newest: dict[Time, int] = field(default_factory=dict)  # revision by issue time
    issues: list[Time] = field(default_factory=list)  # rising
    alerts: dict[str, list[tuple[Time, int, int, Alert]]] = field(default_factory=lambda: defaultdict(list))
    states: dict[str, list[tuple[Time, int, Time, State]]] = field(default_factory=lambda: defaultdict(list))
    received: Received = field(default_factory=Received)
    steps: dict[Time, Step] = field(default_factory=dict)
    outbox: Outbox = field(default_factory=Outbox)


def second(time: Time) -> Time:
    """Issue times in one unit, to be one key."""
    return np.datetime64(int(time.astype("M8[s]").astype(np.int64)), "s")


class MemoryStore:
    """All in dictionaries, behind one lock."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._of: dict[str, Memory] = defaultdict(Memory)
        self._closed = False

    def put(self, bulletin: Bulletin, sinks: Sequence[str] = ()) -> None:
        with self._lock:
            memory, key = self._memory(bulletin.pipeline), (second(bulletin.issued_at), bulletin.revision)
            if key in memory.bulletins:
                return
            memory.bulletins[key] = replace(bulletin, window=None, received=None)
            if key[0] not in memory.newest:
                insort(memory.issues, key[0])
            memory.newest[key[0]] = max(bulletin.revision, memory.newest.get(key[0], -1))
            for place, alert in enumerate(bulletin.alerts):
                insort(memory.alerts[alert.station], (*key, place, alert), key=_order)
            for plugin, state in bulletin.learned.items():
                insort(memory.states[plugin], (*key, bulletin.known_at, state), key=_order)
            if bulletin.received is not None:
                memory.received.add(bulletin.known_at, bulletin.received)
            memory.outbox.fill(bulletin.pipeline, key, sinks, "bulletin")
            if memory.newest[key[0]] == bulletin.revision:
                end = (*bulletin_end(bulletin), bulletin.revision, bulletin.known_at)
                memory.steps[key[0]] = Step(bulletin.pipeline, key[0], *end)

    def bulletin(self, pipeline: str, issued_at: Time, revision: int | None = None) -> Bulletin | None:
        with self._lock:
            memory, at = self._memory(pipeline), second(issued_at)
            return memory.bulletins.get((at, memory.newest.get(at, -1) if revision is None else revision))

    def issues(self, pipeline: str, first: Time, last: Time) -> tuple[tuple[Time, int], ...]:
        with self._lock:
            memory = self._memory(pipeline)
            start = bisect_left(memory.issues, first)
            stop = bisect_left(memory.issues, second(last) + np.timedelta64(1, "s"))
            return tuple((at, memory.newest[at]) for at in memory.issues[start:stop])

    def last_alerts(self, pipeline: str, before: Time) -> tuple[Alert, ...]:
        with self._lock:
            found = []
            for told in self._memory(pipeline).alerts.values():
                at = bisect_left(told, before, key=lambda row: row[0])
                if at and told[at - 1][3].reason is not Reason.CLEARED:
                    found.append(told[at - 1])
            return tuple(row[3] for row in sorted(found, key=lambda row: (row[0], row[2])))

    def undelivered(self, pipeline: str, sink: str, now: Time) -> tuple[Delivery, ...]:
        with self._lock:
            return self._memory(pipeline).outbox.due(sink, now)

    def mark_delivered(self, delivery: Delivery, at: Time) -> None:
        with self._lock:
            self._memory(delivery.pipeline).outbox.end(delivery)

    def mark_failed(self, delivery: Delivery, at: Time, error: str, next_try: Time) -> None:
        with self._lock:
            self._memory(delivery.pipeline).outbox.postpone(delivery, next_try)

    def drop_delivery(self, delivery: Delivery, at: Time, why: str) -> None:
        with self._lock:
            self._memory(delivery.pipeline).outbox.end(delivery)

    def put_reports(
        self, pipeline: str, issued_at: Time, revision: int, reports: Sequence[Report], sinks: Sequence[str]
    ) -> None:
        with self._lock:
            memory, key = self._memory(pipeline), (second(issued_at), revision)
            if key not in memory.bulletins:
                raise StoreError(f"there is no bulletin {pipeline} {issued_at} revision {revision} to report on")
            if not memory.bulletins[key].reports:
                memory.bulletins[key] = replace(memory.bulletins[key], reports=tuple(reports))
                memory.outbox.fill(pipeline, key, sinks, "reports")

    def observations(self, pipeline: str, since: Time, until: Time, known_at: Time) -> tuple[Observations, ...]:
        with self._lock:
            return self._memory(pipeline).received.between(since, until, known_at)

    def state(self, pipeline: str, plugin: str, before: Time, known_at: Time | None = None) -> State | None:
        with self._lock:
            held = self._memory(pipeline).states.get(plugin, [])
            at = bisect_left(held, before, key=lambda row: row[0])
            fit = (row[3] for row in reversed(held[:at]) if known_at is None or row[2] <= known_at)
            return next(fit, None)

    def begin(self, pipeline: str, issued_at: Time, at: Time) -> None:
        with self._lock:
            steps, key = self._memory(pipeline).steps, second(issued_at)
            if may_begin(steps[key].state if key in steps else None):
                steps[key] = Step(pipeline, key, "running", "", -1, NOT_A_TIME)

    def end(self, pipeline: str, issued_at: Time, state: str, reason: str, at: Time) -> None:
        with self._lock:
            steps, key = self._memory(pipeline).steps, second(issued_at)
            if replaces(state, steps[key].state if key in steps else None):
                steps[key] = Step(pipeline, key, state, plain(reason), -1, at)

    def steps(self, pipeline: str, first: Time, last: Time) -> tuple[Step, ...]:
        with self._lock:
            steps = self._memory(pipeline).steps
            return tuple(steps[at] for at in sorted(steps) if first <= at <= last)

    def prune(self, pipeline: str, before: Time, observed_before: Time | None = None) -> int:
        with self._lock:
            memory = self._memory(pipeline)
            dropped = memory.received.prune(before if observed_before is None else observed_before)
            dropped += memory.outbox.prune(before) + _prune_history(memory, before)
            return dropped

    def close(self) -> None:
        self._closed = True

    def _memory(self, pipeline: str) -> Memory:
        if self._closed:
            raise StoreError("the store in memory is closed")
        return self._of[pipeline]


def _order(row: tuple[Any, ...]) -> Key:
    return row[0], row[1]


def _prune_history(memory: Memory, before: Time) -> int:
    """Bulletins and ledger lines; alerts and states but the newest of each: an open event must not be lost."""
    held = len(memory.bulletins) + len(memory.steps)
    memory.bulletins = {key: bulletin for key, bulletin in memory.bulletins.items() if key[0] >= before}
    memory.steps = {at: step for at, step in memory.steps.items() if at >= before}
    memory.newest = {at: revision for at, revision in memory.newest.items() if at >= before}
    memory.issues = [at for at in memory.issues if at >= before]
    dropped = held - len(memory.bulletins) - len(memory.steps)
    histories: list[list[Any]] = [*memory.alerts.values(), *memory.states.values()]
    for rows in histories:
        old = max(bisect_left(rows, before, key=lambda row: row[0]) - 1, 0)
        dropped += old
        del rows[:old]
    return dropped
