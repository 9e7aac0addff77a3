"""Verdicts as they are found, test by test."""

from __future__ import annotations

import numpy as np

from hydria_plugin import METHODS, Flag
from hydria_plugin.values import Bools, Ints

from .jumps import Verdicts

FAIL, SUSPECT = np.uint8(Flag.FAIL), np.uint8(Flag.SUSPECT)
CODE = {name: np.uint16(i) for i, name in enumerate(METHODS)}


class Docket:
    """Verdicts as they are found; the first on a value stands, but a failure stands over a doubt."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.flag, self.method = np.zeros(shape, np.uint8), np.zeros(shape, np.uint16)

    def add(self, which: Ints, where: Bools, method: str, flag: np.uint8 = FAIL) -> None:
        """``where``: (T, K) of the series ``which`` (K)."""
        if not where.any():
            return
        t, k = np.nonzero(where)
        self.put(t, which[k], np.full(len(t), flag), np.full(len(t), CODE[method]))

    def put(self, t: Ints, n: Ints, flag: np.ndarray, method: np.ndarray) -> None:
        better = flag > self.flag[t, n]
        self.flag[t[better], n[better]], self.method[t[better], n[better]] = flag[better], method[better]

    @property
    def verdicts(self) -> Verdicts:
        return Verdicts(self.flag, self.method)
