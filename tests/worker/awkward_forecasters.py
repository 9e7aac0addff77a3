"""Forecasters that misbehave, of importable classes, so that they can be sent to a process of their own."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from hydria_plugin import Attribution, Forecast, Verified, Window


def level(window: Window, value: float = 1.0) -> Forecast:
    shape = (len(window.stations), window.layout.horizon, len(window.quantiles))
    return Forecast.of(window, np.full(shape, value), "plain")


class Plain:
    """Answers the last value; as many optional powers as there are."""

    antecedent = (np.timedelta64(3600, "s"),)

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def forecast(self, window: Window) -> Forecast:
        return level(window, self.factor * float(window.observed.values[0, 0, -1]))

    def attribute(self, window: Window) -> Attribution:
        s, p, h, v = len(window.stations), window.layout.past, window.layout.horizon, len(window.layout.slots)
        base = self.forecast(window).median
        return Attribution(window.stations, base, np.zeros((s, h, p)), np.zeros((s, h, p + h, v)), np.zeros((s, h, v)))

    def learn(self, verified: Verified, state: Any) -> Any:
        return {"seen": np.asarray(state.get("seen", 0)) + 1}

    def save(self, folder: Path) -> None:
        (folder / "factor.txt").write_text(str(self.factor))

    def load(self, folder: Path) -> Plain:
        return Plain(float((folder / "factor.txt").read_text()))


class Echo:
    """Nothing but a forecast; says which process made it, and whether its window could be written into."""

    def forecast(self, window: Window) -> Forecast:
        writeable = window.past.values.flags.writeable or window.past.sigma.flags.writeable
        return level(window, float(os.getpid()) + (0.5 if writeable else 0.0))


class Moody:
    """Does what the last value says: 0 fine, 1 raise, 2 hang, 3 abort, 4 SIGSEGV, 5 exit, 6 chatter, 7 rubbish in
    place of a forecast, 8 hang with the interpreter lock held, 9 an error that cannot be pickled."""

    def forecast(self, window: Window) -> Forecast:
        mood = int(window.observed.values[0, 0, -1])
        [_fine, _raise, _hang, os.abort, _segfault, _exit, _chatter, _fine, _hang_native, _odd_error][mood]()
        return "rubbish" if mood == 7 else level(window)  # type: ignore[return-value]


def _fine() -> None: ...


def _raise() -> None:
    raise ArithmeticError("the gradient fled")


def _hang() -> None:
    while True:
        time.sleep(0.01)


def _hang_native() -> None:
    ctypes.PyDLL(None).sleep(1000)  # PyDLL keeps the interpreter lock


def _segfault() -> None:
    ctypes.string_at(0)


def _exit() -> None:
    os._exit(3)


def _chatter() -> None:
    print("a model that prints to standard output", flush=True)
    os.write(1, b"HYD1 and a C library that writes there, too\n" * 1000)
    sys.stdin.read()


def _odd_error() -> None:
    error = ValueError("with a lambda inside")
    error.why = lambda: None  # type: ignore[attr-defined]
    raise error


class Truncated:
    """Loads a LightGBM model; on a truncated file LightGBM ends the process."""

    def save(self, folder: Path) -> None: ...

    def load(self, folder: Path) -> Truncated:
        import lightgbm

        self.booster = lightgbm.Booster(model_file=str(folder / "model.txt"))
        return self

    def forecast(self, window: Window) -> Forecast:
        import lightgbm  # noqa: F401  (a second model loaded at the first call)

        return level(window)
