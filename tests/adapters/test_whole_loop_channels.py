"""The whole loop through the alert channels: a flood comes, and what left is found where it was sent, once."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator

import pytest
from lxml import etree
from mail_server import MailServer
from test_cap_markup import XSD
from web_server import Server, text
from webhook_receivers import verified
from whole_loop import Hosted, Loop, Rows, run_loop

from hydria_cap.cap_rules import faults
from hydria_cap.markup import read_message
from hydria_plugin import Reason

SECRET = f"whsec_{base64.b64encode(b'the whole loop through the channels').decode()}"


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, MailServer]]:
    web, mail = Server(), MailServer()
    web.says = {"/hook": [text(204)], "/api/v2/alerts": [text(200)]}
    yield web, mail
    web.close()
    mail.stop()


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory, servers: tuple[Server, MailServer]) -> Loop:
    folder = tmp_path_factory.mktemp("channels")
    (folder / "feeds").mkdir()

    def put(rows: Rows) -> None:
        with (folder / "feeds" / f"{rows.times.max()}.csv".replace(":", "")).open("w") as file:
            file.write("time,series,value\n")
            file.writelines(f"{t}Z,{s},{v}\n" for s, t, v in zip(rows.series, rows.times, rows.values, strict=True))

    web, mail = servers
    sinks = [
        '{ use = "cap", path = "cap", sender = "crues@exemple.fr", status = "Test" }',
        f'{{ use = "webhook", url = "{web.address}/hook", secrets = ["${{HYDRIA_LOOP_SECRET}}"] }}',
        f'{{ use = "webhook", url = "{web.address}", mode = "alertmanager" }}',
        f'{{ use = "mail", path = "mail", server = "127.0.0.1", port = {mail.port}, security = "none", '
        'sender = "crues@exemple.fr", to = ["duty@exemple.fr"], language = "en" }',
    ]
    source = '{ use = "csv", path = "feeds", series = "series", value = "value", settle = "0s" }'
    modules = {"cap": "hydria_cap", "webhook": "hydria_webhook", "mail": "hydria_mail"}
    os.environ["HYDRIA_LOOP_SECRET"] = SECRET
    try:
        return run_loop(folder, Hosted(put, source, sinks, modules))
    finally:
        del os.environ["HYDRIA_LOOP_SECRET"]


def test_cap(loop: Loop) -> None:
    found = []
    for file in sorted((loop.folder / "cap").glob("*.xml")):
        document = etree.fromstring(file.read_bytes())
        assert faults(document) == []
        if XSD.is_file():
            assert etree.XMLSchema(etree.parse(str(XSD))).validate(document)
        found.append(dict(read_message(file.read_bytes(), file.name).infos[0].parameters))
    told = {(p["hydria:event"], p["hydria:sequence"], p["hydria:reason"]) for p in found}
    assert told == {(a.event, str(a.sequence), str(a.reason)) for a in loop.news} and len(found) == len(loop.news)
    assert {float(p["hydria:limit"]) for p in found} <= {30.0, 1.2, 300.0, 9.0}
    (areas,) = {read_message(f.read_bytes(), f.name).infos[0].areas[0].circles[0][:2]
                for f in (loop.folder / "cap").glob("*.xml")}  # fmt: skip
    assert areas == (44.1, 4.1), "the circle stands where stations.csv says"
    reports = [json.loads(f.read_text()) for f in (loop.folder / "cap" / "reports").rglob("*.json")]
    assert {r["event"] for r in reports} == {r.event for r in loop.reports}


def test_webhook(loop: Loop, servers: tuple[Server, MailServer]) -> None:
    calls = [call for call in servers[0].calls if call[1] == "/hook"]
    told = [json.loads(call[3]) for call in calls]
    alerts = [t["data"] for t in told if t["type"].startswith("alert.")]
    assert [(a["event"], a["sequence"]) for a in alerts] == [(a.event, a.sequence) for a in loop.news]
    assert all(a["limit"] == pytest.approx(n.limit) for a, n in zip(alerts, loop.news, strict=True))
    assert [t["data"]["event"] for t in told if t["type"].startswith("report.")] == [r.event for r in loop.reports]
    for call in calls:
        headers = {name.lower(): value for name, value in call[2].items()}
        assert verified(call, SECRET, int(headers["webhook-timestamp"]))


def test_alertmanager(loop: Loop, servers: tuple[Server, MailServer]) -> None:
    sent = [json.loads(call[3]) for call in servers[0].calls if call[1] == "/api/v2/alerts"]
    assert len(sent) == sum(bool(b.alerts) for b in loop.bulletins)
    last = {a["labels"]["station"]: a for a in sent[-1] if a["endsAt"] > f"{loop.bulletins[-1].issued_at}Z"}
    assert set(last) == {a.station for a in loop.bulletins[-1].alerts if a.reason is not Reason.CLEARED}
    assert len({a["labels"]["station"] for a in sent[-1]}) == len(loop.bulletins[-1].alerts), "what ended is told too"
    assert {a["labels"]["threshold"] for a in last.values()} == {"yellow"}


def test_mail(loop: Loop, servers: tuple[Server, MailServer]) -> None:
    mails = [mail for _, mail in servers[1].mails]
    assert len(mails) == len(loop.news) + len(loop.reports)
    alerts = [mail for mail in mails if not mail["Subject"].startswith("[WHY")]
    for alert, mail in zip(loop.news, alerts, strict=True):
        assert f"Station {alert.station}: yellow" in mail["Subject"]
        plain = mail.get_body(("plain",))
        assert plain is not None and alert.event in plain.get_content()
    assert all([part.get_content_type() for part in mail.walk()][-1] == "image/png" for mail in mails)
    roots = {mail["Message-ID"] for mail in alerts if mail["In-Reply-To"] is None}
    why = [mail for mail in mails if mail["Subject"].startswith("[WHY")]
    assert len(roots) == 2 and {mail["In-Reply-To"] for mail in why} <= roots
