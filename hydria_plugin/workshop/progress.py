"""How far long work is, told on stderr: stdout is for what comes of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


class Progress:
    """A line on stderr that says how far long work is: rewritten on a terminal, at most every ten seconds elsewhere."""

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.what, self.clock, self.terminal = what, clock, sys.stderr.isatty()
        self.begun, self.told_at = clock(), float("-inf")

    def __call__(self, detail: str, share: float) -> None:
        """``share`` of the work is done, from 0 to 1."""
        now = self.clock()
        if share < 1 and now - self.told_at < (0.2 if self.terminal else 10):
            return
        self.told_at = now
        line = f"{self.what}: {detail} {share:4.0%}, {now - self.begun:.0f} s"
        before, after = ("\r\033[K", "") if self.terminal else ("", "\n")
        print(before + line, end=after, file=sys.stderr, flush=True)
        if self.terminal and share >= 1:
            print(file=sys.stderr)
