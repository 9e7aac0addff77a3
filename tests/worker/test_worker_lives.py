"""The life of the child process: when it ends, who it serves, what a call costs."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import awkward_forecasters as awkward
import pytest
from worker_window import window

from hydria_plugin import (
    PluginError,
    Window,
)
from hydria_plugin.worker import Isolated


def test_nobody_holds_it_nobody_runs(isolate: Any) -> None:
    lonely = Isolated(awkward.Echo(), "lonely", 20.0)
    pid = int(lonely.forecast(window()).median[0, 0])
    del lonely
    gc.collect()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


PARENT = """
import sys, threading
sys.path[:0] = {path!r}
import awkward_forecasters as awkward
from hydria_plugin.worker import Isolated
from worker_window import window
moody = Isolated(awkward.Moody(), "x", 600.0)
moody.warm()
print(moody._children[0].process.pid, flush=True)
moody.forecast(window({mood}))
"""


@pytest.mark.parametrize("mood", [2, 8])
def test_a_hung_child_dies_with_its_killed_parent(mood: int) -> None:
    program = PARENT.format(path=[str(Path(__file__).parent), *sys.path], mood=mood)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        time.sleep(0.3)  # let it hang
        os.kill(child, 0)
        parent.kill()
    until = time.monotonic() + 5
    while _lives(child) and time.monotonic() < until:
        time.sleep(0.02)
    assert not _lives(child)


def _lives(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_a_thread_that_ends_takes_no_child_with_it(isolate: Any) -> None:
    import threading

    echo = isolate(awkward.Echo())
    pids: list[int] = []
    for _ in range(3):
        thread = threading.Thread(target=lambda: pids.append(int(echo.forecast(window()).median[0, 0])))
        thread.start()
        thread.join()
    assert len(set(pids)) == 1


def test_closing_ends_a_call_under_way(isolate: Any) -> None:
    import threading

    moody = isolate(awkward.Moody(), deadline=60.0)
    moody.warm()
    threading.Timer(0.3, moody.close).start()
    begun = time.monotonic()
    with pytest.raises(PluginError, match=r"ended \(SIGKILL\)"):
        moody.forecast(window(2))
    assert time.monotonic() - begun < 5.0


def test_calls_from_several_threads_do_not_mix(isolate: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    plain = isolate(awkward.Plain())
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda v: plain.forecast(window(float(v))).median[0, 0], range(40)))
    assert answers == list(range(40))


@pytest.mark.alone
@pytest.mark.slow
def test_cost_of_a_call(isolate: Any) -> None:
    """One station in a few milliseconds, a window of 50 MB in less than half a second (best of several)."""
    echo = isolate(awkward.Echo())
    small, large = window(), window(stations=8000, past=96, slots=8)
    assert large.past.values.nbytes >= 48e6

    def best(what: Window, times: int) -> float:
        spans = []
        for _ in range(times):
            begun = time.perf_counter()
            echo.forecast(what)
            spans.append(time.perf_counter() - begun)
        return min(spans)

    best(small, 3)
    assert best(small, 100) < 0.005
    assert best(large, 15) < 0.5
