"""Alerts as mail: one per news of an event and reader, all of an event in one thread."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import numpy as np

from hydria_plugin import Alert, Bulletin, FeedError, Layout, Reason, Report, Secret, Thresholds
from hydria_plugin.drawing import Words, hydrograph
from hydria_plugin.exchange import Notice, free_bytes

from .book import REFUSED, SENT, Book, forget
from .content import alert_content, report_content
from .letters import Thread, alert_name, letter
from .options import checked
from .picture import Picture, picture_of, why_not
from .readers import Reader
from .reports import report_name, report_time
from .smtp import Rejected, Server


@dataclass(frozen=True)
class Errand:
    """One mail on its way to one reader."""

    book: Book
    name: str
    reader: str
    mail: EmailMessage
    at: np.datetime64


class MailSink:
    """Sends what is news to those whom it concerns, and the explanations after it to those who were told.

    ``path``: a folder in which the sink notes who was told what, so that nobody is told twice. A reader whom the server
    refuses for good (5xx) is told of once, and does not hold up the others; everything else is tried again.
    """

    def __init__(
        self,
        *,
        path: str,
        server: str,
        sender: str,
        to: Sequence[str] = (),
        recipients: Sequence[Mapping[str, Any]] = (),
        port: int = 587,
        security: str = "starttls",
        user: str = "",
        password: Secret | None = None,
        ca: str = "",
        timeout_s: float = 10.0,
        language: str = "",
        test: bool = False,
        reports: bool = True,
        keep: str = "90d",
        folder: Path | str | None = None,
        layout: Layout | None = None,
        words: Words | None = None,
        thresholds: Thresholds | None = None,
    ) -> None:
        self._sender, self._readers, self._keep = checked(locals())
        self._path = Path(folder or ".") / path
        domain = self._sender.domain
        self._server = Server(server, port, security, user, password, ca, float(timeout_s), domain)
        self._language = language or (words.language if words else "fr")
        self._zone = str(words.zone) if words else "UTC"
        self._test, self._reports, self._thresholds = test, reports, thresholds
        self._one_at_a_time = threading.Lock()  # a call that was left behind must not send beside the next

    def write(self, bulletin: Bulletin) -> None:
        """Raises FeedError, after everything that could be sent was."""
        news = [alert for alert in bulletin.alerts if alert.is_news]
        with self._one_at_a_time, _disk(self._path):
            self._deliver(errand for alert in news for errand in self._errands(alert, bulletin))
            if self._keep is not None and any(alert.reason is Reason.CLEARED for alert in news):
                forget(self._path, bulletin.known_at - self._keep)

    def write_reports(self, reports: Sequence[Report]) -> None:
        """To those who were told of the event, in its thread. Raises FeedError."""
        if not self._reports:
            return
        with self._one_at_a_time, _disk(self._path):
            self._deliver(errand for report in reports for errand in self._report_errands(report))

    def probe(self) -> str:
        """Connects and logs in; sends nothing. Raises FeedError."""
        with _disk(self._path):
            free_bytes(self._path)
        with self._server.opened():
            pass
        pictures = why_not() or "pictures as PNG"
        told = len({reader.address for reader in self._readers})
        return f"{self._server.place}: takes mail ({self._server.security}); {told} readers; {pictures}."

    def _errands(self, alert: Alert, bulletin: Bulletin) -> Iterable[Errand]:
        """The mails of one alert that are still to be sent."""
        book = Book.of(self._path, bulletin.pipeline, alert.event)
        name, states, known = alert_name(alert.sequence), book.states(), book.readers()
        thread = Thread(book.pipeline, alert.event, self._sender.domain)
        made: dict[str, tuple[Any, Picture | None]] = {}
        for reader in self._to(alert, known):
            if (name, reader.address) in states:
                continue
            language = reader.language or self._language
            if language not in made:
                made[language] = self._content(alert, bulletin, language)
            content, picture = made[language]
            mail = letter(
                content,
                picture,
                sender=self._sender,
                to=reader.address,
                identity=thread.identity(name),
                references=thread.before(name, alert.sequence),
                sent=bulletin.known_at,
                is_urgent=alert.reason in (Reason.FIRST, Reason.HIGHER),
            )
            yield Errand(book, name, reader.address, mail, bulletin.known_at)

    def _to(self, alert: Alert, known: set[str]) -> Iterable[Reader]:
        """Each address once."""
        concerned = [r for r in self._readers if r.wants(alert) or r.address in known]
        once: dict[str, Reader] = {}
        for reader in concerned:
            once.setdefault(reader.address, reader)
        return once.values()

    def _content(self, alert: Alert, bulletin: Bulletin, language: str) -> tuple[Any, Picture | None]:
        notice = Notice.of(alert, bulletin, Words.of(language, self._zone), self._thresholds)
        svg = hydrograph(bulletin, alert.station, thresholds=self._thresholds, language=language, timezone=self._zone)
        return alert_content(notice, bulletin, self._test), picture_of(svg)

    def _report_errands(self, report: Report) -> Iterable[Errand]:
        book = Book.newest(self._path, report.event) if report.event else None
        if book is None:
            return
        name, states, known = report_name(report), book.states(), book.readers()
        thread = Thread(book.pipeline, report.event, self._sender.domain)
        svg = report.body.get("svg")
        picture = picture_of(svg) if isinstance(svg, str) and svg.lstrip().startswith("<svg") else None
        told = {reader.address: reader for reader in self._readers if reader.reports and reader.address in known}
        for reader in told.values():
            if (name, reader.address) in states:
                continue
            language = reader.language or self._language
            mail = letter(
                report_content(report, language, "TEST" if self._test else ""),
                picture,
                sender=self._sender,
                to=reader.address,
                identity=thread.identity(name),
                references=thread.before(name, 0),
                sent=report_time(report),
                is_urgent=False,
            )
            yield Errand(book, name, reader.address, mail, report_time(report))

    def _deliver(self, errands: Iterable[Errand]) -> None:
        """In one conversation, begun when there is something to send. Raises FeedError with all that was refused."""
        refused = []
        with ExitStack() as stack:
            connection = None
            for errand in errands:
                connection = connection or stack.enter_context(self._server.opened())
                try:
                    self._server.send(connection, errand.mail, self._sender.addr_spec, errand.reader)
                except Rejected as error:
                    errand.book.note(errand.name, errand.reader, REFUSED, errand.at)
                    refused.append(f"{error}; this mail is not sent to that reader again")
                except FeedError as error:
                    refused.append(str(error))
                    if connection.sock is None:
                        break  # the server hung up: the rest has to wait
                else:
                    errand.book.note(errand.name, errand.reader, SENT, errand.at)
        if refused:
            raise FeedError("; ".join(dict.fromkeys(refused)))


class _disk:
    """Trouble with the folder, as an error that names it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            remedy = "make room, or let the user that runs hydria write there"
            raise FeedError(f"{self._path} cannot be written ({error.strerror}): {remedy}") from error
