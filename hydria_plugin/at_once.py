"""The sources of a pipeline asked at once, each in a thread of its own: a slow one does not take the others' time.

The first question to a source is waited for to its end: it may be for weeks. After that one that does not answer in
time is left behind, for Python cannot end a thread; it is asked nothing more until it has answered, and what it
answers late is taken by the next cycle. A source that is alone is asked in the caller's thread and waited for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

import numpy as np

from .asking import Answer, Asking
from .errors import FeedError, HydriaError
from .values import Problem

PATIENCE_S = 30.0  # all together


class Call:
    """One question under way."""

    def __init__(self, name: str, ask: Callable[[], Answer]) -> None:
        self._ask = ask
        self._outcome: SimpleQueue[Answer | Exception] = SimpleQueue()
        threading.Thread(target=self._run, name=f"hydria source {name}", daemon=True).start()

    def _run(self) -> None:
        try:
            self._outcome.put(self._ask())
        except BaseException as error:  # one that leaves the thread must not leave the program
            self._outcome.put(error if isinstance(error, Exception) else told(error))

    @property
    def is_answered(self) -> bool:
        return not self._outcome.empty()

    def answer(self, seconds: float | None) -> Answer:
        """Raises what the source raised, and queue.Empty when it takes longer."""
        outcome = self._outcome.get(timeout=seconds)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Caller:
    """Asks one of several sources, one question at a time."""

    def __init__(self, asking: Asking, patience_s: float) -> None:
        self.asking, self._patience_s = asking, patience_s
        self._call: Call | None = None
        self._turn = asking.turn  # of the question under way
        self._is_first = True
        self._late: list[Answer] = []

    def begin(self, n: int, known_at: np.datetime64) -> None:
        """Ask, unless it still works on what it was asked before; what it has answered since is taken first."""
        self._late = []
        if self._call is not None and self._call.is_answered:
            call, self._call = self._call, None
            with suppress(Exception):  # it is asked anew, and says again what is wrong
                self._late = self._useful(call.answer(0))
        if self._call is None:
            asking, asks, self._turn = self.asking, self.asking.asks(n), self.asking.turn
            self._call = Call(asking.feed.name, lambda: asking.read(asks, n, known_at))

    def end(self, until: float) -> tuple[list[Answer], Exception | None]:
        """What it gave, and what went wrong; ``until``: of the monotonic clock."""
        assert self._call is not None
        seconds = None if self._is_first else max(0.0, until - time.monotonic())
        try:
            answer = self._call.answer(seconds)
        except Empty:
            late = f"no answer within {self._patience_s:g} s: it was left behind, and is taken when it comes"
            return self._late, FeedError(late)
        except Exception as error:  # third-party code: whatever it raises costs its own series
            self._call, self._is_first = None, False
            return self._late, error
        self._call, self._is_first = None, False
        useful = self._useful(answer)
        return [*self._late, *useful], None if useful else FeedError("what it answered was of a question given up")

    def _useful(self, answer: Answer) -> list[Answer]:
        """The answer, unless all has been forgotten since it was asked for."""
        if self._turn != self.asking.turn:
            return []
        self.asking.took(answer)
        return [answer]


class Callers:
    """All sources of a pipeline."""

    def __init__(self, askings: Sequence[Asking], patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._callers = [Caller(asking, patience_s) for asking in askings]

    def answers(self, n: int, known_at: np.datetime64) -> tuple[list[Answer], list[Problem]]:
        """What is new of all of them, in their order; and a problem for each that failed. Raises what it raised where
        it is alone, FeedError where none of several gives anything."""
        due = [caller for caller in self._callers if not caller.asking.is_current(n, known_at)]
        if len(self._callers) == 1:
            return [alone(caller.asking, n, known_at) for caller in due], []
        for caller in due:
            caller.begin(n, known_at)
        until = time.monotonic() + self._patience_s
        found: list[Answer] = []
        failed: list[tuple[Asking, Exception]] = []
        for caller in due:
            answers, error = caller.end(until)
            found += answers
            if error is not None:
                failed.append((caller.asking, error))
        if len(failed) == len(self._callers) and not found:
            raise none_left(failed) from failed[0][1]
        return found, [asking.problem(told(error)) for asking, error in failed]


def alone(asking: Asking, n: int, known_at: np.datetime64) -> Answer:
    """The answer of the only source. Raises what it raises."""
    answer = asking.read(asking.asks(n), n, known_at)
    asking.took(answer)
    return answer


def none_left(failed: Sequence[tuple[Asking, Exception]]) -> FeedError:
    said = "; ".join(f"{asking.feed.stage}: {told(error)}" for asking, error in failed)
    return FeedError(f"none of the {len(failed)} sources can be read: {said}")


def told(error: BaseException) -> HydriaError:
    """What a person reads of it: of what nobody foresaw, its kind too."""
    return error if isinstance(error, HydriaError) else FeedError(f"{type(error).__name__}: {error}")
