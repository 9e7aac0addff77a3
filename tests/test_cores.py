"""One core for a matrix product while the house computes, and the program around gets back what it had."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from hydria_plugin.cores import ASKED, one_core_each
from hydria_plugin.learning.train import train
from hydria_plugin.verification.backtest import backtest


def threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two(monkeypatch: pytest.MonkeyPatch):
    """A program that uses two."""
    monkeypatch.delenv(ASKED, raising=False)
    with threadpool_limits(2, user_api="blas"):
        yield


def test_one_within_and_as_before_after() -> None:
    np.ones(2) @ np.ones(2)
    assert threads() == {2}
    with one_core_each():
        assert threads() == {1}
        with one_core_each():
            assert threads() == {1}
        assert threads() == {1}, "the inner one is not the last"
    assert threads() == {2}


def test_what_is_raised_within_gives_all_back() -> None:
    with pytest.raises(ValueError, match="wet"), one_core_each():
        raise ValueError("wet")
    assert threads() == {2}


def test_two_hosts_that_overlap_leave_what_they_found() -> None:
    """The first to come is the first to go: the other's limit must not become what is put back."""
    inside, leave, seen = threading.Event(), threading.Event(), []

    def other() -> None:
        with one_core_each():
            inside.set()
            assert leave.wait(60)

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(60)
    with one_core_each():
        leave.set()
        thread.join(60)
        seen.append(threads())
    assert seen == [{1}] and threads() == {2}


def test_the_admin_is_not_overruled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ASKED, "2")
    with one_core_each():
        assert threads() == {2}


@pytest.mark.parametrize("work", [train, backtest])
def test_long_work_is_within_and_ends_it_where_it_fails(work: object) -> None:
    with pytest.raises(TypeError):
        work()  # type: ignore[operator]
    assert threads() == {2}
    assert work.__wrapped__.__name__ == work.__name__  # type: ignore[attr-defined]


@pytest.mark.parametrize(("given", "seen"), [({}, "1"), ({ASKED: "3"}, "3")])
def test_a_model_in_a_process_of_its_own_too(given: dict[str, str], seen: str) -> None:
    code = "from hydria_plugin.worker.child import _spawn; import os, time; r, w = os.pipe(); p = _spawn(r); time.sleep(0.3); "
    code += f"print(open(f'/proc/{{p.pid}}/environ').read().split('{ASKED}=')[1].split(chr(0))[0]); p.kill(); p.wait()"
    env = {name: value for name, value in os.environ.items() if name != ASKED} | given
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == seen, done.stderr
