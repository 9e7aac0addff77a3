"""``hydria serve`` over the made-up river on a clock that runs fast: a real process, to be killed.

    python serving.py CONFIG EPOCH RATE EVERY

The clock reads 2026-03-05T00:00:30 at EPOCH (seconds of the machine's clock) and runs RATE times as fast; the host
ticks every EVERY seconds. SIGTERM stops it as ``hydria serve`` does.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time

import numpy as np
import river

from hydria_plugin import open_host

START = np.datetime64("2026-03-05T00:00:30", "us")


def main(config: str, epoch: float, rate: float, every: float) -> None:
    def clock() -> np.datetime64:
        return START + np.timedelta64(int((time.time() - epoch) * rate * 1e6), "us")

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    host = open_host(config, plugins=(river,), clock=clock, isolate=True)
    host.start(every)
    print("ready", flush=True)
    stop.wait()
    host.close()


if __name__ == "__main__":
    main(sys.argv[1], *map(float, sys.argv[2:5]))
