"""The daemon's shell: signals, systemd's protocol, one log line per event."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hydria_plugin.cli.serving import JsonLines, Watchdog, notify, reloaded
from tests.site_files import FILES, write_site

ROOT = Path(__file__).resolve().parents[2]


def serve(config: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "adapters")])
    return subprocess.Popen(
        [sys.executable, "-m", "hydria_plugin", "serve", str(config), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths, **environment},
    )


def first_line(daemon: subprocess.Popen[str]) -> str:
    assert daemon.stdout is not None
    return daemon.stdout.readline()


@pytest.mark.slow
def test_it_starts_tells_systemd_and_stops_cleanly(tmp_path: Path) -> None:
    address = str(tmp_path / "notify.sock")
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(address)
    heard.settimeout(60)
    config = write_site(tmp_path / "site", days=2)
    daemon = serve(config, "--json", NOTIFY_SOCKET=address, WATCHDOG_USEC="4000000")
    try:
        assert json.loads(first_line(daemon)) == {"event": "started", "detail": "river"}
        assert heard.recv(64) == b"READY=1"
        assert heard.recv(64) == b"WATCHDOG=1"
        second = serve(config)
        told = second.communicate(timeout=60)
        assert second.returncode == 1, told
        assert "Traceback" not in told[1]
        broken = FILES["hydria.toml"].replace('"24h"', '"24"')
        config.write_text(broken)
        daemon.send_signal(signal.SIGHUP)
        time.sleep(2.5)
        assert daemon.poll() is None, "a bad configuration must not stop what runs"
        daemon.send_signal(signal.SIGTERM)
        out, err = daemon.communicate(timeout=60)
    finally:
        daemon.kill()
        heard.close()
    assert daemon.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["event"] == "stopped"
    events = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert any("refused, the old one runs on" in e["message"] and "past" in e["message"] for e in events), err
    assert all({"time", "level", "logger", "message"} <= set(e) for e in events)
    assert any("Running upgrade" in e["message"] for e in events) and not any(
        "setup plugin" in e["message"] for e in events
    )


def test_the_watchdog_is_fed_only_while_ticks_are_fresh() -> None:
    told: list[str] = []
    now = [0.0]
    dog = Watchdog({"WATCHDOG_USEC": "20000000"}, told.append, lambda: now[0])
    assert dog.feed(1.0)
    assert not dog.feed(1.0)  # not yet time again
    now[0] = 10.0
    assert not dog.feed(61.0)  # the scheduler hangs: systemd shall restart us
    assert not dog.feed(None)
    assert dog.feed(2.0)
    assert told == ["WATCHDOG=1", "WATCHDOG=1"]


def test_without_systemd_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    told: list[str] = []
    assert not Watchdog({}, told.append).feed(0.0)
    assert told == []


def test_log_lines_are_json_whatever_they_hold() -> None:
    try:
        raise ValueError('quote " and\nnewline')
    except ValueError:
        record = logging.LogRecord("hydria.x", logging.ERROR, "", 1, 'say "%s"', ("é\n",), sys.exc_info())
    record.created = datetime(2020, 9, 19, 6, 0, 0, 250_000, UTC).timestamp()
    told = json.loads(JsonLines().format(record))
    assert told["time"] == "2020-09-19T06:00:00.250Z"
    assert told["message"] == 'say "é\n"'
    assert "ValueError" in told["error"]


def test_a_supervisor_that_is_gone_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone.sock"))
    notify("WATCHDOG=1")


def test_a_reload_that_fails_in_a_plug_in_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def reload(self) -> None:
            raise RuntimeError("a plug-in's own trouble")

    with caplog.at_level(logging.ERROR, "hydria.serve"):
        reloaded(Broken())  # type: ignore[arg-type]
    assert "the old one runs on" in caplog.text and "a plug-in's own trouble" in caplog.text
