"""A sink that really hangs: a server that takes the connection and never answers, a client without a timeout."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import river
from trial_host import Opener, Trial

from hydria_plugin import Bulletin, FeedError, Report, ReportSink, Sink, StoreError, hookimpl
from hydria_plugin.delivery import MOST_LATE, punctual
from hydria_plugin.testing.samples import sample_bulletin

SINKS = ', {{ use = "telegraph", port = {port}, timeout = "1s" }}, {{ use = "diary", path = "after.jsonl" }}'


class Office:
    """The far end: a real TCP server that acknowledges every line, but not while it sleeps."""

    def __init__(self) -> None:
        self.awake = threading.Event()
        self.awake.set()
        self.got: list[str] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection: socket.socket) -> None:
        with connection:
            line = connection.recv(1000).decode()
            self.awake.wait()
            self.got.append(line)
            connection.sendall(b"ok")

    def close(self) -> None:
        self.awake.set()
        self.server.close()


class Telegraph:
    """A sink as they are written in a hurry: without a timeout."""

    def __init__(self, *, port: int) -> None:
        self.port = port

    def write(self, bulletin: Bulletin) -> None:
        self.send(str(bulletin.issued_at))

    def write_reports(self, reports: Sequence[Report]) -> None:
        self.send("reports")

    def send(self, line: str) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(line.encode())
            assert connection.recv(10) == b"ok"

    @hookimpl
    def hydria_sinks(self) -> Mapping[str, Callable[..., Sink]]:
        return {"telegraph": Telegraph}


@pytest.fixture
def office() -> Iterator[Office]:
    opened = Office()
    yield opened
    opened.close()


@pytest.fixture
def wired(office: Office, open_trial: Opener) -> Trial:
    return open_trial(sinks=SINKS.format(port=office.port), plugins=(Telegraph(port=0),))


def hanging() -> int:
    return sum(thread.name == "hydria sink telegraph" for thread in threading.enumerate())


def outbox(trial: Trial) -> dict[str, int]:
    waiting: dict[str, int] = trial.host.status()["pipelines"]["river"]["outbox"]
    return waiting


def test_the_cycles_go_on_the_other_sinks_too_and_the_bulletins_wait(
    wired: Trial, office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    wired.go(15, times=2)
    assert len(office.got) == 2 and hanging() == 0
    office.awake.clear()
    took = []
    for _ in range(MOST_LATE + 2):
        begun = time.monotonic()
        wired.go(15)
        took.append(time.monotonic() - begun)
    assert max(took) < 5 and max(took[MOST_LATE:]) < 1 <= min(took[:MOST_LATE])  # then it is not even called
    assert hanging() == MOST_LATE
    assert set(wired.ends.values()) == {"issued"} and len(wired.ends) == MOST_LATE + 4
    assert wired.diary == river.entries(wired.folder / "after.jsonl") and len(wired.diary) == MOST_LATE + 4
    assert outbox(wired) == {"diary": 0, "telegraph": MOST_LATE + 2, "diary.2": 0}
    told = [r.getMessage() for r in caplog.records if "stage=sink telegraph" in r.getMessage()]
    assert sum("no answer within 1 s: the call was left behind" in line for line in told) == MOST_LATE
    assert sum("not called: 3 calls of it hang, each for over 1 s" in line for line in told) == 2


def test_when_it_answers_again_it_has_all_in_order_at_least_once(wired: Trial, office: Office) -> None:
    wired.go(15)
    office.awake.clear()
    wired.go(15, times=MOST_LATE + 1)
    office.awake.set()
    until = time.monotonic() + 60
    while hanging():
        assert time.monotonic() < until, "the late calls do not end"
        time.sleep(0.02)
    late = office.got[1:]
    assert late == [late[0]] * MOST_LATE  # what comes of late calls is not asked for: that bulletin is sent once more
    wired.go(6)
    assert office.got[1 + MOST_LATE :] == [str(line["at"]) for line in wired.diary[1:]]
    assert outbox(wired)["telegraph"] == 0


def test_a_call_that_hangs_does_not_hold_up_the_end(wired: Trial, office: Office) -> None:
    office.awake.clear()
    wired.go(15)
    assert hanging() == 1
    begun = time.monotonic()
    wired.host.close()
    assert time.monotonic() - begun < 10


# ---- the deadline by itself

BASE = sample_bulletin()


class Page:
    """A sink that keeps what it is given, reports as well."""

    def __init__(self) -> None:
        self.got: list[object] = []

    def write(self, bulletin: Bulletin) -> None:
        self.got.append(bulletin)

    def write_reports(self, reports: Sequence[Report]) -> None:
        self.got.append(tuple(reports))


def test_a_punctual_sink_is_the_sink_it_holds() -> None:
    page, reports = Page(), (Report("because", "s1", "", "it rained"),)
    both = punctual("page", page, 9.0)
    assert isinstance(both, ReportSink)
    assert not isinstance(punctual("diary", river.Diary(path="d", folder=Path()), 9.0), ReportSink)
    both.write(BASE)
    both.write_reports(reports)
    assert page.got == [BASE, reports]


@pytest.mark.parametrize("error", [ConnectionError("no route"), StoreError("full"), KeyboardInterrupt(), SystemExit(2)])
def test_what_the_sink_raises_is_raised(error: BaseException) -> None:
    class Raising:
        def write(self, bulletin: Bulletin) -> None:
            raise error

    with pytest.raises(type(error)) as caught:
        punctual("csv", Raising(), 9.0).write(BASE)
    assert caught.value is error


def test_a_call_that_comes_back_late_was_in_vain_and_makes_room_for_the_next() -> None:
    gate, begun = threading.Event(), list[np.datetime64]()

    class Slow:
        def write(self, bulletin: Bulletin) -> None:
            begun.append(bulletin.issued_at)
            assert gate.wait(10)

    sink, before = punctual("slow", Slow(), 0.05), threading.active_count()
    for n in range(MOST_LATE + 1):
        with pytest.raises(FeedError, match="no answer within 0.05 s" if n < MOST_LATE else "3 calls of it hang"):
            sink.write(BASE)
    assert len(begun) == MOST_LATE
    gate.set()
    for thread in threading.enumerate():
        if thread.name == "hydria sink slow":
            thread.join(10)
    assert threading.active_count() == before
    sink.write(BASE)
    assert len(begun) == MOST_LATE + 1


def test_hanging_reports_leave_room_for_bulletins() -> None:
    release, got = threading.Event(), []

    class Slow:
        def write(self, bulletin: Bulletin) -> None:
            got.append(bulletin.issued_at)

        def write_reports(self, reports: Sequence[Report]) -> None:
            release.wait()

    sink = punctual("slow", Slow(), 0.05)
    assert isinstance(sink, ReportSink)
    try:
        for n in range(MOST_LATE + 1):
            with pytest.raises(FeedError, match="no answer within 0.05 s" if n < MOST_LATE else "3 calls of it hang"):
                sink.write_reports([])
        sink.write(sample_bulletin())
        assert len(got) == 1
    finally:
        release.set()
