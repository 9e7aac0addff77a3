"""Every sink through the outbox while its host is down for an hour: bulletins wait, go out in order when it is back,
and the host then holds what one holds that was never down. SensorThings and MQTT have theirs beside their servers
(test_sensorthings_outage.py)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from channel_bulletins import course, files
from fews_service import PiServer
from mail_server import MailServer
from sftp_server import SftpServer
from test_cap_sink import sink as cap_sink
from test_mail_sink import sink as mail_sink
from test_sandre_sink import OPTIONS
from web_server import Server, text
from webhook_receivers import sink as webhook_sink

from hydria_csv import CsvSink
from hydria_fews.drop import FewsDrop
from hydria_fews.rest import FewsRestSink
from hydria_plugin import Bulletin
from hydria_plugin.delivery import deliver
from hydria_plugin.exchange import Web
from hydria_plugin.stores.sql import SqlStore
from hydria_sandre.sink import SandreSink
from hydria_sql.sink import SqlSink
from hydria_webhook.sink import WebhookSink

MINUTE, DAY = np.timedelta64(60, "s"), np.timedelta64(1, "D")
CODES = {f"s{n}": f"A12345670{n}" for n in (1, 2, 3)}


@dataclass
class Host:
    """How a host is reached, taken away, brought back, and read without the sink."""

    sink: Any
    down: Callable[[], object]
    up: Callable[[], object]
    state: Callable[[], object]


def on_disk(folder: Path, sink: Any, name: str) -> Host:
    """A folder that goes, as a network drive does: a file stands in its place."""
    place, away = folder / name, folder / "away"

    def down() -> None:
        if place.exists():
            place.rename(away)
        place.write_text("not mounted")

    def up() -> None:
        place.unlink()
        if away.exists():
            away.rename(place)

    return Host(sink, down, up, lambda: files(place))


def csv_host(folder: Path, _: pytest.FixtureRequest) -> Host:
    return on_disk(folder, CsvSink(path="out", folder=folder), "out")


def sandre_host(folder: Path, _: pytest.FixtureRequest) -> Host:
    return on_disk(folder, SandreSink(folder=folder, **OPTIONS, codes=CODES), "out")


def fews_host(folder: Path, _: pytest.FixtureRequest) -> Host:
    return on_disk(folder, FewsDrop(path="out", folder=folder), "out")


def fews_rest_host(folder: Path, request: pytest.FixtureRequest) -> Host:
    """What it holds outlives the service."""
    services = [PiServer()]
    held = services[0].held
    request.addfinalizer(lambda: services[-1].close())

    def up() -> None:
        services.append(PiServer(services[0].port))
        services[-1].held = held

    sink = FewsRestSink(url=services[0].url, timeout_s=20.0)
    return Host(sink, lambda: services[-1].close(), up, lambda: {key: (h, dict(e)) for key, (h, e) in held.items()})


def cap_host(folder: Path, _: pytest.FixtureRequest) -> Host:
    return on_disk(folder, cap_sink(folder), "cap")


def sftp_host(folder: Path, _: pytest.FixtureRequest) -> Host:
    (folder / "sshd").mkdir()
    server = SftpServer(folder / "sshd")
    return Host(CsvSink(**server.options("/out")), server.stop, server.start, lambda: files(server.root / "out"))


def sql_host(folder: Path, _: pytest.FixtureRequest) -> Host:
    file, away = folder / "platform.db", folder / "away.db"
    sqlite3.connect(file).close()
    file.touch()

    def state() -> list[Any]:
        with sqlite3.connect(file) as held:
            return [
                held.execute(f"SELECT * FROM {t} ORDER BY 1, 2, 3, 4, 5, 6, 7").fetchall()
                for t in ("forecasts", "alerts")
            ]

    sink = SqlSink(database=f"sqlite:///{file}", create=True)
    return Host(sink, lambda: (sink.close(), file.rename(away)), lambda: away.rename(file), state)


def mail_host(folder: Path, request: pytest.FixtureRequest) -> Host:
    server = MailServer()
    request.addfinalizer(server.stop)
    told = lambda: [(to, mail["Message-ID"], mail["Subject"]) for to, mail in server.mails]  # noqa: E731
    return Host(mail_sink(folder, server.port), server.stop, server.start, told)


def web_host(request: pytest.FixtureRequest, path: str, made: Callable[[Server], Any], key: str) -> Host:
    server, taken = Server(), list[tuple[str, bytes]]()
    request.addfinalizer(server.close)

    def take(handler: Any) -> None:
        call = server.calls[-1]
        taken.append((call[2].get(key, ""), call[3]))
        text(200)(handler)

    def down() -> None:
        server.says = {path: [text(503)]}

    def up() -> None:
        server.says = {path: [take]}

    up()
    return Host(made(server), down, up, lambda: list(taken))


def post_host(folder: Path, request: pytest.FixtureRequest) -> Host:
    return web_host(request, "/in", lambda server: cap_sink(folder, post=f"{server.address}/in"), "Content-Type")


def webhook_host(folder: Path, request: pytest.FixtureRequest) -> Host:
    return web_host(request, "/hook", webhook_sink, "webhook-id")


def alertmanager_host(folder: Path, request: pytest.FixtureRequest) -> Host:
    made = lambda server: WebhookSink(url=server.address, mode="alertmanager")  # noqa: E731
    return web_host(request, "/api/v2/alerts", made, "")


HOSTS = (csv_host, sftp_host, fews_host, fews_rest_host, sandre_host, sql_host, cap_host, post_host, webhook_host,
         alertmanager_host, mail_host)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    made = SqlStore("sqlite:///hydria.db", tmp_path)
    yield made
    made.close()


def told_in_order(host: Host, store: SqlStore, bulletins: list[Bulletin], away: tuple[int, int]) -> list[str]:
    """Each bulletin put into the outbox, which is emptied every ten minutes; the host is down from one minute to
    another. What went wrong meanwhile."""
    first, said = bulletins[0].known_at, list[str]()
    due = {int((b.known_at - first) / MINUTE): b for b in bulletins}
    for minute in range(0, max(due) + 70, 10):
        if minute == away[0]:
            host.down()
        if minute == away[1]:
            host.up()
        if minute in due:
            store.put(due[minute], ("sink",))
        now = first + minute * MINUTE
        said += [p.error for p in deliver(store, "sample", {"sink": host.sink}, now, DAY)]
    assert not store.undelivered("sample", "sink", first + DAY)
    return said


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tries within a call follow at once; the outbox waits on the clock of the test."""
    monkeypatch.setitem(Web.__init__.__kwdefaults__, "sleep", lambda seconds: None)


@pytest.mark.parametrize("make", HOSTS, ids=lambda make: make.__name__.removesuffix("_host"))
def test_down_for_an_hour(make: Any, tmp_path: Path, store: SqlStore, request: pytest.FixtureRequest) -> None:
    """It goes before the third bulletin, a higher alert, and is back after the fourth, a lower one."""
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    host, never = make(tmp_path / "one", request), make(tmp_path / "other", request)
    if make is sftp_host:
        request.addfinalizer(host.down)
        request.addfinalizer(never.down)
    said = told_in_order(host, store, course(), (110, 190))
    assert len(said) >= 5 and all("refused the bulletin of" in text for text in said)
    for bulletin in course():
        never.sink.write(bulletin)
    assert host.state() == never.state() and host.state(), json.dumps(said[:2])
