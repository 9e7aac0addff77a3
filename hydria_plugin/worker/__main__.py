"""The child's side: answer the parent's calls until it closes the pipe."""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import os
import select
import sys
from pathlib import Path
from typing import Any

from ..roles import Needs
from .channel import Channel


def _private_pipes() -> Channel:
    """The pipes to the parent, moved away from where a chatty model or library prints."""
    reading, writing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return Channel(reading, writing)


def _die_with_parent(lifeline: int) -> None:
    """The kernel sends SIGIO, whose default is death, when the parent's end of the lifeline closes: also to a child
    that hangs in native code. (PR_SET_PDEATHSIG would already kill when the *thread* that started us ends.)"""
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([lifeline], [], [], 0)[0]:  # it closed before we listened
        os._exit(1)


class Worker:
    """Holds the forecaster and does what the parent asks of it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._forecaster: Any = None

    def start(self, forecaster: Any, folder: Path | None) -> Any:
        """Load the model; what the parent must know of it."""
        self._forecaster = forecaster if folder is None else forecaster.load(folder)
        return self._forecaster.antecedent if isinstance(self._forecaster, Needs) else None

    def answer(self) -> None:
        """One call. Raises EOFError or BrokenPipeError when the parent is gone."""
        method, given = self._channel.receive()
        try:
            work = self.start if method == "start" else getattr(self._forecaster, method)
            self._channel.send((True, work(*given)))
        except BrokenPipeError:
            raise
        except Exception as error:
            self._channel.send((False, f"{type(error).__name__}: {error}"))


def main(lifeline: int) -> None:
    """Work until the pipe closes."""
    faulthandler.enable()  # the last words of a crash: which line
    _die_with_parent(lifeline)
    worker = Worker(_private_pipes())
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            worker.answer()


if __name__ == "__main__":
    main(int(sys.argv[1]))
