"""Alertmanager itself, started by the test: what it shows of an event from beginning to end."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from channel_bulletins import LIMITS, bulletin
from web_server import Server, text

from hydria_plugin import Bulletin, FeedError, Reason, Secret
from hydria_plugin.drawing import Words
from hydria_plugin.testing import check_sink
from hydria_webhook.alertmanager import alerts_of
from hydria_webhook.sink import WebhookSink

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
if PROGRAM is None and os.environ.get("HYDRIA_REQUIRE_SYSTEM"):
    pytest.fail("prometheus-alertmanager is not installed, and HYDRIA_REQUIRE_SYSTEM is set", pytrace=False)
real = pytest.mark.skipif(PROGRAM is None, reason="prometheus-alertmanager is not installed")
MINUTE = np.timedelta64(60, "s")


class Alertmanager:
    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        folder.mkdir(exist_ok=True)
        (folder / "am.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert PROGRAM is not None
        command = [PROGRAM, f"--config.file={self.folder}/am.yml", f"--storage.path={self.folder}/data",
                   f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="]  # fmt: skip
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + 20
        while True:
            try:
                with urllib.request.urlopen(f"{self.address}/-/ready", timeout=1):
                    return
            except OSError:
                assert time.monotonic() < until, (self.folder / "log").read_text()
                time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def alerts(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.address}/api/v2/alerts", timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def state(self) -> list[tuple[str, str, str]]:
        """What stands, apart from when it was last heard of."""
        return sorted((a["labels"]["threshold"], a["startsAt"], a["endsAt"]) for a in self.alerts())


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    made = Alertmanager(tmp_path / "alertmanager")
    made.start()
    yield made
    made.stop()


def sink(address: str, **options: Any) -> WebhookSink:
    return WebhookSink(url=address, mode="alertmanager", **{"thresholds": LIMITS, **options})


def minutes_ago(minutes: int, reason: Reason, sequence: int, **changes: Any) -> Bulletin:
    at = np.datetime64(int(time.time()), "s") - minutes * MINUTE
    told = replace(bulletin(reason, 0, sequence, **changes).alerts[0], issued_at=at, told_at=at)
    return replace(bulletin(), issued_at=at, known_at=at.astype("datetime64[us]"), alerts=(told,))


@real
def test_an_event_from_beginning_to_end(alertmanager: Alertmanager) -> None:
    made = sink(alertmanager.address)
    first = minutes_ago(30, Reason.FIRST, 0)
    check_sink(made, alertmanager.state, first)
    ((name, begun, ends),) = alertmanager.state()
    assert (
        name == "yellow"
        and begun.startswith(str(first.issued_at))
        and ends.startswith(str(first.issued_at + 6 * 60 * MINUTE))
    )
    later = minutes_ago(20, Reason.NOTHING_NEW, 0)
    made.write(later)
    ((_, still, ends),) = alertmanager.state()
    assert still == begun and ends.startswith(str(later.issued_at + 6 * 60 * MINUTE)), "sent again while it goes on"
    made.write(minutes_ago(10, Reason.HIGHER, 1, threshold="red", rank=1))
    assert [name for name, *_ in alertmanager.state()] == ["red"]
    sink(alertmanager.address).write(minutes_ago(5, Reason.LOWER, 2))  # after a restart: nothing was remembered
    assert [name for name, *_ in alertmanager.state()] == ["yellow"]
    made.write(minutes_ago(1, Reason.CLEARED, 3, rank=-1))
    assert alertmanager.state() == []


@real
def test_what_it_shows(alertmanager: Alertmanager) -> None:
    made = sink(alertmanager.address, labels={"team": "spc"}, severity={"yellow": "page"}, words=Words.of("fr", "UTC"),
                languages=["fr", "en"])  # fmt: skip
    assert "Alertmanager 0." in made.probe()
    made.write(minutes_ago(0, Reason.FIRST, 0))
    (alert,) = alertmanager.alerts()
    assert alert["labels"] == {"alertname": "HydriaFlood", "pipeline": "sample", "station": "s1", "threshold": "yellow",
                               "severity": "page", "team": "spc"}  # fmt: skip
    assert alert["annotations"]["summary"].startswith("s1 : yellow attendu")
    assert alert["annotations"]["summary_en"].startswith("s1: yellow expected")
    assert "event" in alert["annotations"] and alert["status"]["state"] in ("active", "unprocessed")


@real
def test_it_is_down_and_comes_back(alertmanager: Alertmanager) -> None:
    made, one = sink(alertmanager.address), minutes_ago(0, Reason.FIRST, 0)
    alertmanager.stop()
    with pytest.raises(FeedError, match="no whole answer"):
        made.write(one)
    with pytest.raises(FeedError):
        made.probe()
    alertmanager.start()
    made.write(one)
    assert [name for name, *_ in alertmanager.state()] == ["yellow"]


def test_labels_hold_no_value_and_no_time() -> None:
    """They are the identity: with either in them each bulletin would be another alert."""
    words = (Words.of("en", "UTC"),)
    lasts = np.timedelta64(6, "h")
    one, two = (
        alerts_of(b, words, LIMITS, {}, {}, lasts)[0]
        for b in (bulletin(observed=1.1), bulletin(Reason.REPEAT, 3, 1, observed=1.7, probability=0.9, peak=3.0))
    )
    assert one["labels"] == two["labels"] and one["annotations"] != two["annotations"]


def test_nothing_is_sent_where_nothing_is_open(web_server: Server) -> None:
    web_server.says["/api/v2/alerts"] = [text(200)]
    sink(web_server.address).write(replace(bulletin(), alerts=()))
    assert not web_server.calls
    sink(web_server.address, lasts="2h").write(bulletin())
    sent = json.loads(web_server.calls[0][3])
    assert [(a["labels"]["threshold"], a["endsAt"]) for a in sent] == [
        ("yellow", "2026-03-01T08:00:00Z"), ("red", "2026-03-01T06:00:00Z"),
    ]  # fmt: skip


def test_reports_have_no_place_there(web_server: Server) -> None:
    from channel_bulletins import report

    sink(web_server.address).write_reports([report()])
    assert not web_server.calls


def test_no_secret_is_seen(web_server: Server) -> None:
    canary = "canary-7f3a9c51d2"
    web_server.says["/api/v2/alerts"] = [text(401, canary.encode())]
    made = sink(web_server.address, user="hydria", password=Secret(canary))
    with pytest.raises(FeedError, match=r"401.*\*\*\*") as caught:
        made.write(bulletin())
    assert canary not in f"{caught.value!r} {made!r}"


def test_severity_by_place(web_server: Server) -> None:
    words = (Words.of("en", "UTC"),)
    for threshold, rank, severity in (("yellow", 0, "warning"), ("red", 1, "warning"), ("rise", 5, "critical")):
        found = alerts_of(bulletin(Reason.REPEAT, threshold=threshold, rank=rank), words, LIMITS, {}, {}, MINUTE)
        assert {a["labels"]["threshold"]: a["labels"]["severity"] for a in found}[threshold] == severity
