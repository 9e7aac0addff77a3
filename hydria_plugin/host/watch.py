"""Every step to exactly one end: which steps a pipeline still owes, in which order, and how each ends.

The newest step comes first, then older ones, newest first, as far back as a forecast still says something about the
future: one horizon. What is older is ended as skipped, or as failed when it was tried. A step whose source or store
failed is tried again, ever less often, until it is that old. The newest step is looked at again from time to time:
late data make a revision.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ..cycle import Pipeline
from ..errors import HydriaError, StoreError
from ..ledger import due, newest_due
from ..plugins import Registry
from ..roles import Step
from ..values import Bulletin
from .owed import Key, made_again, owed_explanations
from .rounds import Clock, explain, is_new, run_step, send, utc
from .shadowing import run_shadows

log = logging.getLogger("hydria.host")

SECOND = np.timedelta64(1, "s")
FIRST_WAIT, LONGEST_WAIT = 5 * SECOND, 120 * SECOND  # between tries of a failing step
LOOK_AGAIN = 30 * SECOND, 300 * SECOND  # bounds of how often late data are looked for
LOOK_BACK = np.timedelta64(32, "D").astype("timedelta64[s]")  # for steps without an end, at start
SKIPS_AT_ONCE = 500  # ends written in one round: a year of downtime must not hold up the newest step


@dataclass
class Watch:
    """What the host remembers of one pipeline between ticks; all of it can be had again from the store."""

    pipeline: Pipeline
    clock: Clock
    registry: Registry
    reigning: Mapping[str, str | None] = field(default_factory=dict)  # the models' versions when they were loaded
    open_from: np.datetime64 | None = None  # every step before it has its end
    failures: dict[np.datetime64, str] = field(default_factory=dict)  # steps that were tried in vain, and why
    refusals: int = 0  # tries in vain, in a row
    next_try: np.datetime64 | None = None
    gave_up_at: np.datetime64 | None = None  # the newest step then: a newer one is tried at once
    looked_at: np.datetime64 | None = None  # when the newest step was last run
    last: Bulletin | None = None  # the newest bulletin made here
    pruned_at: np.datetime64 | None = None
    unshadowed: Bulletin | None = None  # the newest, until its challengers have forecast beside it
    owed: list[Key] | None = None  # bulletins still to be explained; None: not yet looked up

    def round(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Do what is due now, newest first; then send. Logs and remembers what fails, raises nothing of it."""
        sent = False
        try:
            while not stopped() and self._one_step():
                sent = True  # all that could be sent was sent
        except Exception as error:
            self._postpone(error)
        try:
            if not stopped():
                self._end_the_old()
            if not stopped() and not sent:
                send(self.pipeline, self.clock())
            if not stopped():
                self.explain_what_is_owed()
        except Exception as error:
            log.error(
                "round failed pipeline=%s error=%s",
                *(self.pipeline.name, sentence(error)),
                exc_info=None if isinstance(error, HydriaError) else error,  # in full what nobody foresaw
            )

    # ---- which ----

    def _one_step(self) -> bool:
        """Run the most urgent step there is; False when nothing is due."""
        now, newest = self._newest()
        if self._must_wait(now, newest):
            return False
        if todo := self._open_steps(newest):  # one that failed lets the others go first, but for the newest
            self.run(min(todo, key=lambda step: (step != newest, step in self.failures, newest - step)))
            return True
        if self._is_time_to_look_again(now):
            self.run(newest, again=True)  # gives back the bulletin that is there, or, on late data, a revision
        return False

    def _newest(self) -> tuple[np.datetime64, np.datetime64]:
        """Now, and the newest step that is due."""
        now = self.clock()
        return now, newest_due(now, self.pipeline.layout.step, self.pipeline.delay)

    def _must_wait(self, now: np.datetime64, newest: np.datetime64) -> bool:
        """After a failure; a newer step ends the wait, and so does a clock that was set back."""
        if self.next_try is None or newest != self.gave_up_at:
            return False
        return bool(now < self.next_try <= now + LONGEST_WAIT)

    def _open_steps(self, newest: np.datetime64) -> tuple[np.datetime64, ...]:
        """Steps without an end of which a forecast still says something about the future, newest first."""
        first, useful = self._open_from(newest), self._oldest_useful(newest)
        missing = self._without_end(max(first, useful), newest)
        if first >= useful:  # nothing older is open: remember, not to ask the store at every tick
            self.open_from = missing[-1] if missing else newest + self.pipeline.layout.step
        return missing

    def _old_steps(self, newest: np.datetime64) -> tuple[np.datetime64, ...]:
        """Steps without an end that are too old for that, newest first."""
        step, first = self.pipeline.layout.step, self._open_from(newest)
        limit = self._oldest_useful(newest)
        old = self._without_end(first, limit - step)
        self.open_from = old[-1] if old else max(first, limit)
        return old

    def _without_end(self, first: np.datetime64, last: np.datetime64) -> tuple[np.datetime64, ...]:
        if first > last:
            return ()
        lines = self.pipeline.store.steps(self.pipeline.name, first, last)
        return due(lines, first, last, None, self.pipeline.layout.step)

    def _open_from(self, newest: np.datetime64) -> np.datetime64:
        """The first step that may be without an end; looked up at the start, and when the clock was set back."""
        if self.open_from is None or newest < self.open_from - self.pipeline.layout.step:
            self.open_from = self._first_open(newest)
        return self.open_from

    def _first_open(self, newest: np.datetime64) -> np.datetime64:
        """Where to begin to look for steps without an end: at the ledger's lines of the last month, else at its last
        lines before; a pipeline that never ran begins with the newest step."""
        lines = self._last_lines(newest, newest, LOOK_BACK)
        return lines[0].issued_at.astype("datetime64[s]") if lines else newest

    def newest_line(self, newest: np.datetime64) -> Step | None:
        """The last line of the ledger, however old; one horizon ahead where the clock was set back."""
        horizon = self.pipeline.layout.step * self.pipeline.layout.horizon
        lines = self._last_lines(newest, newest + horizon, horizon)
        return lines[-1] if lines else None

    def _last_lines(self, newest: np.datetime64, last: np.datetime64, back: np.timedelta64) -> tuple[Step, ...]:
        """The ledger's lines from ``back`` before ``newest``, farther where there are none."""
        while newest - back > np.datetime64(0, "s"):
            if lines := self.pipeline.store.steps(self.pipeline.name, newest - back, last):
                return lines
            back = back * 4
        return ()

    def _oldest_useful(self, newest: np.datetime64) -> np.datetime64:
        return newest - self.pipeline.layout.step * self.pipeline.layout.horizon

    def _is_time_to_look_again(self, now: np.datetime64) -> bool:
        if self.looked_at is None or now < self.looked_at:  # just started, or the clock was set back
            return True
        quarter = self.pipeline.layout.step.astype("timedelta64[s]") // 4
        return bool(now - self.looked_at >= min(max(quarter, LOOK_AGAIN[0]), LOOK_AGAIN[1]))

    # ---- what ----

    def run(self, issued_at: np.datetime64, again: bool = False) -> Bulletin:
        """The cycle, the news, the outbox, the explanations. Raises what ended the cycle, remembered and told unless
        the step has its bulletin (``again``)."""
        try:
            if self.owed is None:  # before there is a newer bulletin
                self.owed = list(owed_explanations(self.pipeline, self.clock()))
            self.looked_at = self.clock()
            bulletin = run_step(self.pipeline, issued_at, self.clock, self.registry)
        except Exception as error:
            if not again:
                self._remember(issued_at, error)
            raise
        if self.open_from == issued_at:
            self.open_from = issued_at + self.pipeline.layout.step
        self.failures.pop(issued_at, None)
        self.refusals, self.next_try = 0, None
        if self.last is None or bulletin.issued_at >= self.last.issued_at:
            self.last = bulletin
        if is_new(bulletin):
            self.unshadowed = bulletin
            send(self.pipeline, self.clock())  # the alert first
            self._explain(bulletin)
        self.explain_what_is_owed()
        return bulletin

    def _explain(self, bulletin: Bulletin) -> None:
        """The explanations, and their delivery; owed where the store fails in between."""
        key = (bulletin.issued_at, bulletin.revision)
        self.owed = [*(self.owed or ()), key]
        if explain(self.pipeline, bulletin):
            send(self.pipeline, self.clock())
        self.owed.remove(key)

    def explain_what_is_owed(self) -> None:
        """What a crash, or a store that failed, left without its explanation. Raises StoreError."""
        while self.owed:
            issued_at, revision = self.owed[-1]
            bulletin = made_again(self.pipeline, issued_at, revision, self.clock())
            self.owed.pop()
            if bulletin is not None:
                self._explain(bulletin)

    def shadow(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Let the challengers forecast, after all that is urgent."""
        if self.unshadowed is not None and not stopped():
            run_shadows(self.pipeline, self.unshadowed)
        self.unshadowed = None

    def _remember(self, issued_at: np.datetime64, error: Exception) -> None:
        told, self.failures[issued_at] = issued_at in self.failures, sentence(error)
        if not told:
            self.registry.announce("hydria_cycle_failed", pipeline=self.pipeline.name, issued_at=issued_at, error=error)

    def _postpone(self, error: Exception) -> None:
        self.refusals += 1
        wait = min(FIRST_WAIT * 2 ** min(self.refusals - 1, 10), LONGEST_WAIT)
        now, self.gave_up_at = self._newest()
        self.next_try = now + wait
        log.error(
            "round failed pipeline=%s try=%d next_in=%s error=%s",
            *(self.pipeline.name, self.refusals, wait, sentence(error)),
            exc_info=None if isinstance(error, HydriaError) else error,  # what nobody foresaw, in full
        )

    def _end_the_old(self) -> None:
        """End the steps that a forecast would come too late for. Raises StoreError."""
        now, newest = self._newest()
        for issued_at in self._old_steps(newest)[-SKIPS_AT_ONCE:]:
            why = self.failures.pop(issued_at, None)
            state = "skipped" if why is None else "failed"
            self.pipeline.store.end(self.pipeline.name, issued_at, state, why or self._too_late(), now)
            log.warning("step ended pipeline=%s issued_at=%s state=%s", self.pipeline.name, utc(issued_at), state)

    def _too_late(self) -> str:
        hours = self.pipeline.layout.step * self.pipeline.layout.horizon / np.timedelta64(1, "h")
        return f"nothing ran, or could run, until the step was older than the horizon of {hours:g} h"


def sentence(error: BaseException) -> str:
    """What a ledger line, a log line or a status holds of an error."""
    text = " ".join(str(error).split()) or "no message"
    return text if isinstance(error, HydriaError) else f"{type(error).__name__}: {text}"


def end_as_failed(watch: Watch, issued_at: np.datetime64, error: Exception) -> None:
    """For one try that nobody will repeat: the step has failed. A store that fails, too, is passed over."""
    try:
        watch.pipeline.store.end(watch.pipeline.name, issued_at, "failed", sentence(error), watch.clock())
    except StoreError as second:
        log.error("ledger pipeline=%s issued_at=%s error=%s", watch.pipeline.name, utc(issued_at), second)
