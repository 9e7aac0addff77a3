"""A living worker process, seen from its parent."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import subprocess
import sys
import threading
from collections import deque

from ..cores import ASKED
from .channel import Channel

log = logging.getLogger("hydria.worker")


class Child:
    """A fresh interpreter running ``python -m hydria_plugin.worker``, its pipes, and what it last said on stderr."""

    def __init__(self, name: str) -> None:
        lifeline, self._held = os.pipe()
        try:
            self.process = _spawn(lifeline)
        except OSError:
            os.close(self._held)
            raise
        finally:
            os.close(lifeline)
        assert self.process.stdin and self.process.stdout
        for pipe in (self.process.stdin, self.process.stdout):
            os.set_blocking(pipe.fileno(), False)
        self.channel = Channel(self.process.stdout.fileno(), self.process.stdin.fileno())
        self._said: deque[str] = deque(maxlen=100)
        self._listener = threading.Thread(target=self._listen, args=(name,), name=f"hydria-{name}", daemon=True)
        self._listener.start()

    def _listen(self, name: str) -> None:
        assert isinstance(self.process.stderr, io.RawIOBase)
        with io.BufferedReader(self.process.stderr) as lines:
            for line in lines:
                text = line.decode(errors="replace").rstrip()[:500]
                self._said.append(text)
                log.info("forecaster=%s %s", name, text)

    def end(self) -> str:
        """Let it end or kill it; how it ended: ``SIGSEGV``, ``exit 3`` or, if it was still alive, ``killed``."""
        try:
            code = self.process.wait(2.0)
            how = signal.Signals(-code).name if code < 0 else f"exit {code}"
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            how = "killed"
        self._listener.join(1.0)
        os.close(self._held)
        for pipe in (self.process.stdin, self.process.stdout):  # stderr is closed by who listens to it
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        return how

    @property
    def last_words(self) -> str:
        """The line it died in, where it said so; else the last line on its stderr."""
        said = [line for line in self._said if line.strip()]
        fatal = [i for i, line in enumerate(said) if line.startswith("Fatal Python error")]
        if not fatal:
            return said[-1] if said else ""
        place = next((line.strip() for line in said[fatal[-1] :] if line.startswith("  File")), "")
        return f"{said[fatal[-1]]} {place}".strip()


def _spawn(lifeline: int) -> subprocess.Popen[bytes]:
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return subprocess.Popen(
        [sys.executable, "-m", "hydria_plugin.worker", str(lifeline)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        pass_fds=(lifeline,),
        env={ASKED: "1", **os.environ, "PYTHONPATH": path},
        process_group=0,  # Ctrl-C is for the parent, which stops its children itself
    )
