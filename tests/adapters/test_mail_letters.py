"""What a mail looks like: the text that is enough at night, the HTML, the picture, headers that nobody can break."""

from __future__ import annotations

import email
import email.policy
import io
import struct
from dataclasses import replace
from email.headerregistry import Address
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from channel_bulletins import LIMITS, bulletin, report
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hydria_mail import picture as pictures
from hydria_mail.book import REFUSED, SENT, Book
from hydria_mail.content import Content, alert_content, one_line, report_content
from hydria_mail.letters import Thread, alert_name, letter
from hydria_mail.picture import Picture, picture_of
from hydria_plugin import Bulletin, Problem
from hydria_plugin.drawing import Words, hydrograph
from hydria_plugin.exchange import Notice

AT = np.datetime64("2026-03-01T06:00:00", "us")
PNG = Picture(b"\x89PNG\r\n\x1a\nx", "png")
FRENCH, ENGLISH = Words.of("fr", "Europe/Paris"), Words.of("en", "UTC")


def content(made: Bulletin, words: Words = FRENCH, is_test: bool = False) -> Content:
    return alert_content(Notice.of(made.alerts[0], made, words, LIMITS), made, is_test)


def mail(told: Content, picture: Picture | None = PNG, **changes: Any) -> EmailMessage:
    given: dict[str, Any] = {
        "sender": Address("Crues Gardons", addr_spec="crues@exemple.fr"), "to": "duty@exemple.fr",
        "identity": "<a@exemple.fr>", "references": (), "sent": AT, "is_urgent": True,
    }  # fmt: skip
    return letter(told, picture, **{**given, **changes})


def parsed(sent: EmailMessage) -> EmailMessage:
    found = email.message_from_bytes(sent.as_bytes(), policy=email.policy.default)
    assert isinstance(found, EmailMessage) and not found.defects
    return found


def test_the_text_is_enough_at_night() -> None:
    made = replace(
        bulletin(), problems=(Problem("quality", "s1", "gauge P1 is silent"), Problem("x", "s2", "not ours"))
    )
    lines = content(made).text.splitlines()
    assert lines[0] == "NOUVEAU · YELLOW"
    assert lines[1] == "s1 : yellow attendu, au moins 70 % d'ici 6 h, maximum 1,20 m le 1 mars 2026 10:00 CET"
    text = "\n".join(lines)
    for fact in ("Seuil :                yellow (1,00 m)", "Dernière observation : 0,80 m", "1 mars 2026 09:00 CET",
                 "! Cette prévision est dégradée : gauge P1 is silent", "Heures : CET", "+6 h", "13:00",
                 "Niveau indicatif de cette plateforme, et non une vigilance Vigicrues."):  # fmt: skip
        assert fact in text, fact
    assert "not ours" not in text and max(map(len, lines)) <= 100


def test_in_english() -> None:
    text = content(bulletin(), ENGLISH).text
    assert text.startswith("NEW · YELLOW\ns1: yellow expected, at least 70% within 6 h")
    assert "Threshold:     yellow (1.00 m)" in text and "not an official warning" in text


def test_the_outlook_is_that_of_the_forecast() -> None:
    made = bulletin()
    (last,) = content(made, ENGLISH).outlook[-1:]
    median = made.forecast.median[0, -1]
    low, high = (made.forecast.values[0, -1, made.forecast.quantiles.index(q)] for q in (0.1, 0.9))
    assert last == ("+6 h", "12:00", f"{median:.2f} m", f"{low:.2f} m and {high:.2f} m")


def test_without_a_forecast_it_says_so() -> None:
    made = bulletin(note="no forecast", probability=float("nan"))
    values = made.forecast.values.copy()
    values[0] = np.nan
    gone = replace(made, forecast=replace(made.forecast, values=values, made_by=("", "sample", "sample")))
    told = content(gone)
    assert "surveiller le capteur" in told.text and not told.outlook and "nan" not in told.text.lower()
    assert "pas de prévision" in told.text


def test_a_test_says_so_first() -> None:
    told = content(bulletin(), is_test=True)
    assert told.subject.startswith("TEST : pas d'événement réel. [NOUVEAU") and "! TEST" in told.text
    assert "TEST" in report_content(report(), "fr", "TEST").subject


def test_the_parts_of_a_mail() -> None:
    sent = parsed(mail(content(bulletin())))
    kinds = [part.get_content_type() for part in sent.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    html, image = sent.get_body(("html",)), list(sent.walk())[-1]
    assert html is not None and f'src="cid:{image["Content-ID"].strip("<>")}"' in html.get_content()
    assert image["Content-Disposition"].startswith("inline")
    assert sent["Auto-Submitted"] == "auto-generated" and sent["Importance"] == "high"
    assert sent["Date"] == "Sun, 01 Mar 2026 06:00:00 +0000" and sent["From"] == "Crues Gardons <crues@exemple.fr>"


def test_every_line_goes_through_every_server() -> None:
    raw = mail(content(bulletin(threshold="crue très forte"))).as_bytes()
    assert raw.isascii() and max(map(len, raw.split(b"\r\n"))) <= 998 and b"\n" not in raw.replace(b"\r\n", b"")


def test_a_mail_made_again_is_the_same() -> None:
    assert mail(content(bulletin())).as_bytes() == mail(content(bulletin())).as_bytes()


def test_a_picture_that_cannot_be_drawn_is_attached() -> None:
    sent = parsed(mail(content(bulletin()), Picture(b"<svg/>", "svg+xml")))
    (attached,) = sent.iter_attachments()
    assert attached.get_filename() == "hydrograph.svg" and attached.get_content_type() == "image/svg+xml"
    plain, html = sent.get_body(("plain",)), sent.get_body(("html",))
    assert plain is not None and "L'hydrogramme est joint." in plain.get_content()
    assert html is not None and "<img" not in html.get_content()


def test_no_picture_at_all() -> None:
    assert [p.get_content_type() for p in parsed(mail(content(bulletin()), None)).walk()][1:] == [
        "text/plain",
        "text/html",
    ]


class Tags(HTMLParser):
    """Tags that are open, and every tag seen."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_html_is_closed_and_calls_nothing() -> None:
    text = content(bulletin()).html("image@here")
    tags = Tags()
    tags.feed(text)
    assert not tags.open and not {"script", "link", "style", "iframe", "form"} & set(tags.seen)
    assert "http" not in text and 'lang="fr"' in text and 'alt="Hydrogramme de s1"' in text


nasty = st.text(st.characters(codec="utf-8"), max_size=60)


@given(nasty, nasty, nasty)
def test_nothing_from_outside_becomes_a_header_or_a_tag(threshold: str, note: str, error: str) -> None:
    made = bulletin(threshold=f"{threshold}\r\nBcc: all@exemple.fr\r\n\r\n<script>", note=note)
    sent = parsed(mail(content(replace(made, problems=(Problem("x", "s1", f"{error}\n<b>"),)))))
    assert sent["Bcc"] is None and set(sent.keys()) == set(parsed(mail(content(bulletin()))).keys())
    html = sent.get_body(("html",))
    assert html is not None
    tags = Tags()
    tags.feed(html.get_content())
    assert not {"script", "b"} & set(tags.seen)


@given(nasty)
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(f"a{text}b").splitlines()) == 1 and one_line(one_line(text)) == one_line(text)


def test_a_thread_is_known_without_memory() -> None:
    thread = Thread("p", "e", "exemple.fr")
    assert thread.before(alert_name(0), 0) == ()
    assert thread.before(alert_name(1), 1) == (thread.identity("00000"),)
    assert thread.before(alert_name(5), 5) == (thread.identity("00000"), thread.identity("00004"))
    assert thread.before("attribution-1", 0) == (thread.identity("00000"),)
    assert len({Thread(p, e, "x").identity(n) for p in "ab" for e in "ab" for n in "ab"}) == 8


# ---- pictures ----


def test_the_hydrograph_becomes_a_picture_with_its_texts() -> None:
    made = bulletin()
    svg = hydrograph(made, "s1", thresholds=LIMITS, language="fr", timezone="Europe/Paris")
    drawn = picture_of(svg)
    assert drawn.is_inline and drawn.ending == "png"
    with Image.open(io.BytesIO(drawn.content)) as image:
        assert image.size == (1350, 780)
        shades = np.asarray(image.convert("L"))
    bare = picture_of(svg.replace("<text", "<g").replace("</text>", "</g>"))
    with Image.open(io.BytesIO(bare.content)) as image:
        without = np.asarray(image.convert("L"))
    assert (shades != without).sum() > 3000, "the texts are drawn"
    assert struct.unpack(">I", drawn.content[16:20]) == (1350,) and len(drawn.content) < 150_000


def test_what_is_no_picture_is_kept_as_it_is() -> None:
    assert picture_of("<svg").subtype == "svg+xml"
    assert picture_of("").content == b""


def test_a_machine_without_fonts_or_library_says_so(monkeypatch) -> None:
    monkeypatch.setattr(pictures, "FONTS", ("No Such Font",))
    pictures.font.cache_clear()
    assert "no font" in pictures.why_not() and not picture_of("<svg/>").is_inline
    pictures.font.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "resvg_py", None)
    assert "not installed" in pictures.why_not() and not picture_of("<svg/>").is_inline
    pictures.font.cache_clear()


def test_a_picture_reads_nothing_of_this_machine(tmp_path: Path) -> None:
    """SVG may name files; a report's SVG is not the place to read them."""
    red = Image.new("RGB", (10, 10), "red")
    red.save(tmp_path / "secret.png")
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="10" height="10">'
           f'<image width="10" height="10" xlink:href="{tmp_path}/secret.png"/></svg>')  # fmt: skip
    with Image.open(io.BytesIO(pictures.drawn(svg, 1350, pictures.font()))) as image:
        assert image.convert("RGB").getpixel((600, 600)) == (255, 0, 0), "the library reads it: that is why we refuse"
    assert picture_of(svg) == Picture(svg.encode(), "svg+xml")
    for named in ("<use xlink:href='#a'/>", "<!DOCTYPE svg>", "<style>@import 'x'</style>", "<rect fill='url(x)'/>"):
        assert not picture_of(f'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10">{named}</svg>').is_inline


# ---- the book ----


def test_the_book_survives_a_line_that_was_cut_off(tmp_path: Path) -> None:
    book = Book.of(tmp_path, "p", "e")
    book.note("00000", "a@x", SENT, AT)
    with book.file.open("a") as out:
        out.write("2026-03-01T06:00:00Z\t00000\tb@x\tse")
    assert book.states() == {("00000", "a@x"): SENT}
    book.note("00001", "c@x", REFUSED, AT)
    assert book.states() == {("00000", "a@x"): SENT, ("00001", "c@x"): REFUSED} and book.readers() == {"a@x"}


@given(event=nasty.filter(bool))
def test_any_event_has_a_book_of_its_own(tmp_path_factory: pytest.TempPathFactory, event: str) -> None:
    folder = tmp_path_factory.mktemp("book")
    Book.of(folder, "p/..", event).note("0", "a@x", SENT, AT)
    assert Book.newest(folder, event) is not None and Book.of(folder, "p/..", event).readers() == {"a@x"}
    assert Book.newest(folder, f"{event}x") is None and all(folder in p.parents for p in folder.rglob("*"))
