"""A forecaster in a process of its own, with a deadline.

A model that hangs, runs past its deadline or kills its process (LightGBM does, on a truncated file) costs its rung
of the ladder for one call, never the step: the child is killed and started again at the next call. The child is a
fresh interpreter (``python -m hydria_plugin.worker``), never a fork: a forked child hangs after its parent used
OpenMP. POSIX only, as ``hydria serve`` is.
"""

from __future__ import annotations

import threading
import time
import weakref
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import PluginError
from ..roles import Attributing, Forecaster, Hindcasting, Learning, Needs, Persistent, Probing
from ..values import Forecast, Window
from .channel import pack
from .child import Child

__all__ = ["Isolated"]

_POWERS = {"attribute": Attributing, "probe": Probing, "learn": Learning, "hindcast": Hindcasting}


class Isolated:
    """``forecaster`` run in a child process: each call has ``deadline`` seconds, each start of the child ``start``.

    Has the optional powers of the forecaster inside, training and saving excepted; its ``load`` opens the model in the
    child only. Calls from several threads wait for each other. Whatever goes wrong is a :class:`PluginError` of that
    one call. Raises PluginError at once for a forecaster that cannot be pickled.
    """

    def __init__(
        self, forecaster: Forecaster, name: str, deadline: float, *, folder: Path | None = None, start: float = 60.0
    ) -> None:
        self.name, self.deadline, self.start = name, deadline, start
        self._inner, self._folder = forecaster, folder
        self._children: list[Child] = []  # at most one
        self._lock = threading.Lock()
        weakref.finalize(self, _end_all, self._children)
        try:
            pack(forecaster)
        except Exception as error:
            raise PluginError(
                f"forecaster {name!r} cannot be sent to a process of its own ({error}); it must be picklable, "
                "of a class defined in an importable module"
            ) from error
        self._lend_powers()

    def _lend_powers(self) -> None:
        # attributes of the instance, because isinstance() of a protocol looks there and nowhere deeper; over a weak
        # reference, so that an Isolated that nobody holds ends its child at once
        me = weakref.proxy(self)
        for method, power in _POWERS.items():
            if isinstance(self._inner, power):
                setattr(self, method, partial(_ask, me, method))
        if isinstance(self._inner, Needs):
            self.antecedent = self._inner.antecedent
        if isinstance(self._inner, Persistent):
            self.save, self.load = partial(_ask, me, "save"), partial(_load, me)

    def forecast(self, window: Window) -> Forecast:
        """As the forecaster inside. Raises PluginError."""
        answer = self.ask("forecast", window)
        if not isinstance(answer, Forecast):
            raise PluginError(f"forecaster {self.name!r} must give a Forecast, not {type(answer).__name__}")
        return answer

    def ask(self, method: str, *given: Any) -> Any:
        """Call ``method`` of the forecaster inside. Raises PluginError."""
        with self._lock:
            done, answer = self._exchange(self._running(), (method, given), self.deadline)
        if not done:
            raise PluginError(f"forecaster {self.name!r} failed in {method}: {answer}")
        return answer

    def warm(self) -> None:
        """Start the child and load the model now, not at the first call. Raises PluginError."""
        with self._lock:
            self._running()

    def close(self) -> None:
        """End the child; a call under way fails, a later one starts it again."""
        if self._lock.acquire(blocking=False):
            try:
                _end_all(self._children)
            finally:
                self._lock.release()
        else:
            for child in list(self._children):  # who is waiting for it clears up
                child.process.kill()

    def _running(self) -> Child:
        if self._children:
            return self._children[0]
        try:
            self._children.append(Child(self.name))
        except OSError as error:
            raise PluginError(f"forecaster {self.name!r}: no process could be started: {error}") from error
        done, answer = self._exchange(self._children[0], ("start", (self._inner, self._folder)), self.start)
        if not done:
            _end_all(self._children)
            raise PluginError(f"forecaster {self.name!r} could not start: {answer}")
        if answer is not None:  # a loaded model may need other totals than an empty one
            self.antecedent = answer
        return self._children[0]

    def _exchange(self, child: Child, message: tuple[str, Any], seconds: float) -> tuple[bool, Any]:
        until = time.monotonic() + seconds
        try:
            child.channel.send(message, until)
            done, answer = child.channel.receive(until)
        except TimeoutError as error:
            self._children.clear()
            child.process.kill()
            child.end()
            raise PluginError(
                f"forecaster {self.name!r} gave no answer to {message[0]} within {seconds:g} s and was stopped"
            ) from error
        except Exception as error:
            self._children.clear()
            raise PluginError(_obituary(self.name, child, error)) from error
        except BaseException:  # interrupted half-way: the child's next words would answer the wrong question
            _end_all(self._children)
            raise
        return bool(done), answer


def _ask(isolated: Isolated, method: str, *given: Any) -> Any:
    return isolated.ask(method, *given)


def _load(isolated: Isolated, folder: Path) -> Isolated:
    loaded = Isolated(isolated._inner, isolated.name, isolated.deadline, folder=folder, start=isolated.start)
    loaded.warm()  # now, so that a damaged model is known before the first step
    return loaded


def _end_all(children: list[Child]) -> None:
    while children:
        child = children.pop()
        child.process.kill()
        child.end()


def _obituary(name: str, child: Child, error: Exception) -> str:
    how = child.end()
    words = f": {child.last_words}" if child.last_words else ""
    if isinstance(error, EOFError | OSError):
        return f"the process of forecaster {name!r} ended ({how}){words}"
    return f"the process of forecaster {name!r} gave what cannot be read ({error}; {how}){words}"
