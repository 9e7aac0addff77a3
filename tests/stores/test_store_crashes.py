"""Killed in the middle of puts, shared by threads, opened by several processes at once."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from crash_writer import SINKS
from made import alert, assert_same, at, bulletin, kept, later, report

from hydria_plugin import Store
from hydria_plugin.stores.sql import SqlStore

HERE = Path(__file__).parent
FAR = 10_000  # hours
KILLS = 6


def writer(url: str, first: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parents[1]}"}
    command = [sys.executable, str(HERE / "crash_writer.py"), url, str(first)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def killed_after(process: subprocess.Popen[str], seconds: float, warm: bool) -> list[int]:
    """The hours it had acknowledged when it was killed, ``seconds`` after it had opened the store or, when ``warm``,
    put its first bulletin (on a busy machine the first one takes its time)."""
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    first = process.stdout.readline() if warm else ""
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    said = (first + process.stdout.read()).split("\n")[:-1]  # the last line may be half
    process.wait()
    process.stdout.close()
    return [int(hour) for hour in said]


def check_whole(store: Store, hours: list[int]) -> None:
    """Every bulletin that is there is whole, with all that belongs to it; nothing belongs to one that is not."""
    issued = [t for t, _ in store.issues("p", at(-1), at(FAR))]
    assert issued == [at(hour) for hour in hours]
    for hour in hours[-3:]:
        wanted = bulletin(hour, alerts=(alert(hour, "s1", sequence=hour),), reports=(report(),))
        assert_same(store.bulletin("p", at(hour)), kept(wanted))
    ends = {s.issued_at for s in store.steps("p", at(-1), at(FAR)) if s.state != "running"}
    assert ends == set(issued)
    for sink in SINKS:
        assert [d.issued_at for d in store.undelivered("p", sink, later(FAR))] == issued
    assert len(store.observations("p", at(-9), at(FAR), later(FAR))) == len(issued)
    assert [a.sequence for a in store.last_alerts("p", at(FAR))] == hours[-1:]
    states = [store.state("p", "blend", t + np.timedelta64(1, "s")) for t in issued[-3:]]
    assert None not in states


def test_kill_9_in_the_middle_of_puts_leaves_no_partial_bulletin(sql_url: str) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # shown when the test fails
    rng, acknowledged = random.Random(seed), []
    SqlStore(sql_url).close()
    for kill in range(KILLS):
        first = acknowledged[-1] + 1 if acknowledged else 0
        acknowledged += killed_after(writer(sql_url, first), rng.uniform(0.0, 0.4), warm=kill % 2 == 0)
        store = SqlStore(sql_url)
        there = [int((t - at(0)) / np.timedelta64(1, "h")) for t, _ in store.issues("p", at(-1), at(FAR))]
        assert set(acknowledged) <= set(there), "a bulletin was acknowledged and lost"
        assert len(there) - len(acknowledged) <= 1, "at most the one whose acknowledgement was cut off"
        check_whole(store, there)
        acknowledged = there
        store.close()
    assert acknowledged, "no process put anything: the test tested nothing"


def test_threads_share_a_store(store: Store) -> None:
    """Eight threads put, read, deliver: every bulletin once, every delivery once."""
    hours, errors = range(24), []

    def work(hour: int) -> None:
        try:
            store.begin("p", at(hour), later(hour))
            store.put(bulletin(hour), ("csv",))
            store.put(bulletin(hour, seed=9), ("csv",))  # the same key again
            assert_same(store.bulletin("p", at(hour)), kept(bulletin(hour)))
            store.last_alerts("p", at(hour))
            store.steps("p", at(0), at(99))
        except BaseException as error:
            errors.append(error)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, hours))
    assert errors == []
    assert [t for t, _ in store.issues("p", at(0), at(99))] == [at(h) for h in hours]
    assert [d.issued_at for d in store.undelivered("p", "csv", later(99))] == [at(h) for h in hours]
    assert len(store.observations("p", at(-9), at(99), later(99))) == len(hours)


def test_a_reader_sees_a_bulletin_whole_or_not_at_all(store: Store) -> None:
    """While one thread puts and prunes, others read: a bulletin is there with all its parts, or None."""
    stop, seen, errors = threading.Event(), [0], []

    def read() -> None:
        try:
            while not stop.is_set():
                for hour in range(10):
                    back = store.bulletin("p", at(hour))
                    if back is not None:
                        assert_same(back, kept(bulletin(hour)))
                        seen[0] += 1
        except BaseException as error:
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(3):
        for hour in range(10):
            store.put(bulletin(hour))
        store.prune("p", at(99))
    stop.set()
    for reader in readers:
        reader.join()
    assert errors == []
    assert seen[0] > 0


@pytest.mark.parametrize("together", [4])
def test_processes_that_open_a_new_store_together_do_not_trip_over_each_other(sql_url: str, together: int) -> None:
    """APScheduler's own store dies of this: both create the tables."""
    script = "import sys; from hydria_plugin.stores.sql import SqlStore; input(); SqlStore(sys.argv[1]).close()"
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    started = [subprocess.Popen([sys.executable, "-c", script, sql_url], **pipes) for _ in range(together)]  # type: ignore[call-overload]
    time.sleep(1.0)  # imports done: the race is for the tables
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()
    ends = [(process.communicate()[1], process.returncode) for process in started]
    assert [code for _, code in ends] == [0] * together, ends


def test_put_waits_for_another_process_that_writes(tmp_path: Path) -> None:
    path = tmp_path / "hydria.db"
    store = SqlStore(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    release = threading.Timer(0.3, other.execute, ["COMMIT"])
    release.start()
    store.put(bulletin(0))
    assert time.monotonic() - started >= 0.25
    release.join()
    other.close()
    assert store.bulletin("p", at(0)) is not None
    store.close()
