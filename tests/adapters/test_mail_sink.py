"""Mail through a real server: who is told what, once, in one thread; and a server that misbehaves."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from channel_bulletins import EVENT, LIMITS, bulletin, course, files, report
from mail_server import USER, Dialogue, MailServer, make_certificate

from hydria_mail.book import Book
from hydria_mail.sink import MailSink
from hydria_plugin import FeedError, Probing, Reason, ReportSink, Secret
from hydria_plugin.drawing import Words
from hydria_plugin.testing import check_sink

CANARY = "canary-7f3a9c51d2"
DUTY, PREFECT = "duty@exemple.fr", "prefet@exemple.fr"
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture
def server() -> Iterator[MailServer]:
    made = MailServer()
    yield made
    made.stop()


def sink(folder: Path, port: int, **options: Any) -> MailSink:
    given: dict[str, Any] = {
        "path": "mail", "server": "127.0.0.1", "port": port, "security": "none", "to": [DUTY],
        "sender": "Crues Gardons <crues@exemple.fr>", "thresholds": LIMITS, "words": Words.of("fr", "Europe/Paris"),
        "timeout_s": 20,
    }  # fmt: skip
    return MailSink(folder=folder, **{**given, **options})


def told(server: MailServer) -> list[tuple[str, str]]:
    """Reader and badge."""
    return [(to, str(mail["Subject"]).partition("]")[0].lstrip("[")) for to, mail in server.mails]


def test_the_promises_of_a_sink(tmp_path: Path, server: MailServer) -> None:
    made = sink(tmp_path, server.port)
    check_sink(made, server.state, bulletin())
    assert isinstance(made, ReportSink) and isinstance(made, Probing)
    assert len(server.handler.taken) == 1, "mail that was taken cannot be taken back"


def test_one_mail_per_news_in_one_thread(tmp_path: Path, server: MailServer) -> None:
    for one in [*course(), *course()]:
        sink(tmp_path, server.port).write(one)  # a new sink each time: what was told is on disk
    assert told(server) == [
        (DUTY, "NOUVEAU · YELLOW"), (DUTY, "HAUSSE · RED"), (DUTY, "BAISSE · YELLOW"), (DUTY, "LEVÉ · YELLOW"),
    ]  # fmt: skip
    mails = [mail for _, mail in server.mails]
    root, *rest = mails
    assert root["In-Reply-To"] is None and len({mail["Message-ID"] for mail in mails}) == 4
    for before, after in zip(mails[:-1], rest, strict=True):
        assert after["In-Reply-To"] == before["Message-ID"]
        assert after["References"].split()[0] == root["Message-ID"]


def test_explanations_follow_in_the_thread_to_those_who_were_told(tmp_path: Path, server: MailServer) -> None:
    made = sink(tmp_path, server.port, recipients=[{"to": PREFECT, "thresholds": ["red"]},
                                                   {"to": "quiet@exemple.fr", "reports": False}])  # fmt: skip
    made.write(bulletin())
    for _ in range(2):
        made.write_reports([report(), report(event="unknown"), report(event="")])
    _, _, last = server.mails
    assert [to for to, _ in server.mails] == [DUTY, "quiet@exemple.fr", DUTY]
    assert last[1]["In-Reply-To"] == server.mails[0][1]["Message-ID"]
    assert last[1]["Subject"] == "[POURQUOI · ATTRIBUTION] Two thirds are the rain of P1"
    assert [part.get_content_type() for part in last[1].walk()][-1] == "image/png"
    sink(tmp_path, server.port, reports=False).write_reports([report(kind="knox")])
    assert len(server.mails) == 3


def test_readers_by_station_threshold_and_language(tmp_path: Path, server: MailServer) -> None:
    readers = [
        {"to": PREFECT, "thresholds": ["red"], "language": "en"},
        {"to": ["s2@exemple.fr"], "stations": ["s2"]},
        {"to": DUTY, "language": "en"},  # named twice: told once, as first named
    ]
    made = sink(tmp_path, server.port, recipients=readers)
    for one in course():
        made.write(one)
    assert [(to, badge) for to, badge in told(server) if to == PREFECT] == [
        (PREFECT, "HIGHER · RED"), (PREFECT, "LOWER · YELLOW"), (PREFECT, "CLEARED · YELLOW"),
    ], "who was told that it rose is told that it fell"  # fmt: skip
    assert sum(to == DUTY for to, _ in told(server)) == 4 and told(server)[0] == (DUTY, "NOUVEAU · YELLOW")
    assert not any(to == "s2@exemple.fr" for to, _ in told(server))


def test_only_news_is_mailed(tmp_path: Path, server: MailServer) -> None:
    made = sink(tmp_path, server.port)
    made.write(bulletin())
    for hour in range(1, 30):
        made.write(bulletin(Reason.NOTHING_NEW, hour, 0))
        made.write(replace(bulletin(hour=hour), alerts=()))
    assert len(server.mails) == 1


def test_many_stations_in_one_conversation(tmp_path: Path, server: MailServer) -> None:
    one = bulletin()
    alerts = tuple(replace(one.alerts[0], station=s, event=f"{s}-e") for s in ("s1", "s2", "s3"))
    sink(tmp_path, server.port, to=[DUTY, PREFECT]).write(replace(one, alerts=alerts))
    assert len(server.mails) == 6


# ---- a server that misbehaves ----


def test_a_server_that_is_down_for_a_while(tmp_path: Path, server: MailServer) -> None:
    made = sink(tmp_path, server.port)
    server.stop()
    with pytest.raises(FeedError, match=rf"mail server 127.0.0.1:{server.port}.*refused"):
        made.write(bulletin())
    with pytest.raises(FeedError):
        made.probe()
    server.start()
    made.write(bulletin())
    assert len(server.mails) == 1 and "takes mail" in made.probe()


def test_a_greylisting_server(tmp_path: Path, server: MailServer) -> None:
    """450 for one reader: the others are told at once, this one when it is tried again, nobody twice."""
    server.handler.rcpt[PREFECT] = ["450 try again later", "450 try again later"]
    made = sink(tmp_path, server.port, to=[PREFECT, DUTY])
    for _ in range(2):
        with pytest.raises(FeedError, match="450 for prefet@exemple.fr"):
            made.write(bulletin())
        assert [to for to, _ in server.mails] == [DUTY]
    made.write(bulletin())
    assert sorted(to for to, _ in server.mails) == [DUTY, PREFECT]


def test_a_reader_who_is_refused_for_good_is_told_of_once(tmp_path: Path, server: MailServer) -> None:
    server.handler.rcpt[PREFECT] = ["550 no such user"] * 9
    made = sink(tmp_path, server.port, to=[PREFECT, DUTY])
    with pytest.raises(FeedError, match="550 for prefet@exemple.fr: no such user; this mail is not sent"):
        made.write(bulletin())
    made.write(bulletin())  # the outbox goes on
    assert [to for to, _ in server.mails] == [DUTY]
    with pytest.raises(FeedError, match="550"):
        made.write(course()[2])  # the next news is tried anew: the address may have been mended
    assert [to for to, _ in server.mails] == [DUTY, DUTY]


@pytest.mark.parametrize(("answer", "is_final"), [("451 disk full", False), ("554 looks like spam", True)])
def test_refused_after_the_content(tmp_path: Path, server: MailServer, answer: str, is_final: bool) -> None:
    server.handler.data = [answer]
    made = sink(tmp_path, server.port)
    with pytest.raises(FeedError, match=answer[:3]):
        made.write(bulletin())
    made.write(bulletin())
    assert len(server.mails) == (0 if is_final else 1)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (b"220 hello\r\n",),
        (b"220 hello\r\n", b"250 a\r\n", b"250 b\r\n"),
        (b"220 hello\r\n", b"250 a\r\n", b"250 b\r\n", b"250 c\r\n", b"354 go\r\n"),
        (b"554 go away\r\n",),
        (b"220 hello\r\n", b"250 a\r\n", b"421 closing\r\n"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n",),
        (b"\xff\xfe\x00" * 100 + b"\r\n",),
        (b"220 hello\r\n", b"25"),
    ],
)  # fmt: skip
def test_half_a_dialogue(tmp_path: Path, lines: tuple[bytes, ...]) -> None:
    other = Dialogue(*lines)
    try:
        with pytest.raises(FeedError, match="mail server 127.0.0.1"):
            sink(tmp_path, other.port).write(bulletin())
    finally:
        other.close()
    assert Book.of(tmp_path / "mail", "sample", EVENT).states() == {}, "nothing is taken for told"


def test_a_server_that_hangs_up_between_two_mails(tmp_path: Path, server: MailServer) -> None:
    server.handler.data = ["250 OK", "421 closing"]
    made = sink(tmp_path, server.port, to=["a@exemple.fr", "b@exemple.fr", "c@exemple.fr"])
    with pytest.raises(FeedError, match="421"):
        made.write(bulletin())
    made.write(bulletin())
    assert sorted(to for to, _ in server.mails) == ["a@exemple.fr", "b@exemple.fr", "c@exemple.fr"]


def test_a_call_that_was_left_behind_does_not_send_beside_the_next(tmp_path: Path, server: MailServer) -> None:
    made = sink(tmp_path, server.port, to=[f"r{n}@exemple.fr" for n in range(8)])
    threads = [threading.Thread(target=made.write, args=(bulletin(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.mails) == 8


# ---- encryption, passwords ----


@needs_openssl
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it is within TLS from the start
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_and_logged_in(tmp_path: Path, security: str) -> None:
    certificate = make_certificate(tmp_path)
    server = MailServer(security, CANARY, certificate)
    try:
        options = {"server": "localhost", "security": security, "user": USER, "ca": str(certificate[0])}
        made = sink(tmp_path, server.port, password=Secret(CANARY), **options)
        assert f"({security})" in made.probe()
        made.write(bulletin())
        assert len(server.mails) == 1 and server.logins == 2
        with pytest.raises(FeedError, match="refuses user and password"):
            sink(tmp_path, server.port, password=Secret("wrong"), **options).probe()
        wrong, before = {**options, "ca": ""}, server.logins
        with pytest.raises(FeedError, match="certificate"):
            sink(tmp_path, server.port, password=Secret(CANARY), **wrong).probe()
        assert server.logins == before, "a password goes only to a server that proved who it is"
    finally:
        server.stop()


@needs_openssl
def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, "other.example")
    server = MailServer("tls", certificate=certificate)
    try:
        with pytest.raises(FeedError, match="certificate"):
            sink(tmp_path, server.port, server="localhost", security="tls", ca=str(certificate[0])).probe()
    finally:
        server.stop()


def test_a_server_without_starttls_gets_nothing(tmp_path: Path, server: MailServer) -> None:
    made = sink(tmp_path, server.port, security="starttls", user=USER, password=Secret(CANARY))
    with pytest.raises(FeedError, match="STARTTLS.*allowed for security"):
        made.write(bulletin())
    assert not server.handler.taken


@needs_openssl
def test_no_secret_is_seen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    certificate = make_certificate(tmp_path)
    server = MailServer("starttls", "another", certificate)
    try:
        made = sink(tmp_path, server.port, server="localhost", security="starttls", ca=str(certificate[0]), user=USER,
                    password=Secret(CANARY))  # fmt: skip
        with pytest.raises(FeedError) as caught:
            made.write(bulletin())
        shown = f"{caught.value!r} {caught.value.__cause__!r} {made!r} {vars(made)} {caplog.text}"
        assert CANARY not in shown
        assert not any(CANARY.encode() in content for content in files(tmp_path).values())
    finally:
        server.stop()


@needs_openssl
def test_a_server_that_quotes_the_password(tmp_path: Path) -> None:
    from base64 import b64encode

    from hydria_mail.smtp import Server

    spoken = b64encode(f"\0{USER}\0{CANARY}".encode()).decode()
    known = Server("h", 25, "tls", USER, Secret(CANARY), "", 1.0, "exemple.fr")
    refusal = known._refusal(550, f"what is {CANARY} or {spoken}?", "for x")
    assert CANARY not in str(refusal) and spoken not in str(refusal)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, server: MailServer) -> None:
    (tmp_path / "mail").write_text("a file")
    for call in (lambda: sink(tmp_path, server.port).write(bulletin()), sink(tmp_path, server.port).probe):
        with pytest.raises(FeedError, match="cannot be written"):
            call()


def test_old_events_are_forgotten(tmp_path: Path, server: MailServer) -> None:
    made = sink(tmp_path, server.port, keep="1d")
    made.write(bulletin())
    made.write(bulletin(Reason.CLEARED, 20, 1, event="later"))
    assert len(list((tmp_path / "mail").rglob("*.txt"))) == 2
    made.write(bulletin(Reason.CLEARED, 30, 1, event="last"))
    assert len(list((tmp_path / "mail").rglob("*.txt"))) == 2
    assert Book.of(tmp_path / "mail", "sample", EVENT).states() == {}
