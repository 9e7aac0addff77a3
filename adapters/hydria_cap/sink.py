"""Alerts as CAP messages in a folder, and to an address where one is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from hydria_plugin import Alert, Bulletin, FeedError, Layout, Reason, Report
from hydria_plugin.exchange import Access, Refusal, Web, free_bytes, put_file, xml_document

from .areas import around, read_areas
from .cap_rules import faults
from .composing import identifier, message_of
from .markup import written
from .message import Area
from .options import CapOptions, checked
from .reports import keep_reports, resources_of
from .told import Told, forget, name_of

KNOWN = 409  # the receiver has it already
TELL_AGAIN = 2  # steps before a message ends, from which an open event is told again


@dataclass(kw_only=True, repr=False, eq=False)
class CapSink(CapOptions):
    """One CAP 1.2 message per news of an event: Alert, Update, Cancel. ``<path>/<identifier>.xml`` is for receivers,
    who may take it away; ``<path>/.told`` is the sink's memory. The same bulletin twice gives the same bytes.

    ``status`` has no default: whoever writes Actual means it.
    """

    def __post_init__(self) -> None:
        self._style, self._expires, self._keep = checked(vars(self))
        folder = Path(self.folder or ".")
        self._path = folder / self.path
        self._areas_file = folder / self.areas if self.areas else None
        self._areas: Mapping[str, tuple[Area, ...]] | None = None
        access = Access(user=self.user, password=self.password, token=self.token, ca=self.ca)
        self._web = Web(self.post, hosts=self.hosts, access=access, tries=2) if self.post else None

    def write(self, bulletin: Bulletin) -> None:
        """Every alert that is news, and every open one whose last message is about to end. One that cannot be sent
        does not hold up the others of the bulletin. Raises FeedError."""
        refused = []
        for alert in bulletin.alerts:
            try:
                self._tell(alert, bulletin)
            except OSError as cause:
                remedy = "make room, or let the user that runs hydria write there"
                raise FeedError(f"{self._path} cannot be written ({cause.strerror}): {remedy}") from cause
            except FeedError as error:
                refused.append(str(error))
        if refused:
            raise FeedError("; ".join(refused))
        if self._keep is not None and any(a.reason is Reason.CLEARED for a in bulletin.alerts):
            forget(self._archive, bulletin.pipeline, self._path / "reports", bulletin.known_at - self._keep)

    def write_reports(self, reports: Sequence[Report]) -> None:
        """Beside the messages, in a folder of their event; the next message of the event carries them."""
        try:
            keep_reports(self._path, reports)
        except OSError as cause:
            raise FeedError(f"{self._path} cannot be written ({cause.strerror})") from cause

    def probe(self) -> str:
        """Whether the folder can be written, and the areas read. Nothing is sent. Raises FeedError, ConfigError."""
        try:
            free = free_bytes(self._path)
        except OSError as cause:
            raise FeedError(f"{self._path} cannot be written ({cause.strerror})") from cause
        areas = "circles around the stations" if self._areas_file is None else f"areas of {len(self._known())} stations"
        sent = f", sent to {self._web.address}" if self._web else ""
        return f"{self._path}: can be written, {free / 1e9:.1f} GB free; status {self._style.status}, {areas}{sent}."

    @property
    def _archive(self) -> Path:
        return self._path / ".told"

    def _tell(self, alert: Alert, bulletin: Bulletin) -> None:
        name = name_of(alert.sequence, alert.issued_at, alert.is_news)
        told = Told.of(self._archive, bulletin.pipeline, alert.event)
        content = told.content(name)
        if content is None:
            if not alert.is_news and not self._ends_soon(told, name, bulletin):
                return
            content = self._made(alert, bulletin, told, name)
            told.keep(name, content)
        own = identifier(bulletin.pipeline, alert.event, name)
        put_file(self._path / f"{own}.xml", content)
        if self._web:
            self._post(content)

    def _post(self, content: bytes) -> None:
        """The same bytes in each try. Raises FeedError."""
        assert self._web is not None
        with closing(self._web):  # hours may pass until the next: no connection waits for it
            try:
                self._web.send(body=content, kind="application/cap+xml", repeatable=True)
            except Refusal as refusal:
                if refusal.status != KNOWN:
                    raise

    def _ends_soon(self, told: Told, name: str, bulletin: Bulletin) -> bool:
        """Would the last message end before the event is told again?"""
        earlier = told.before(name)
        if not earlier:
            return False  # nothing was told here: the sink came later than the event
        ends = max(info.expires for info in earlier[-1].infos)
        return bool(ends - bulletin.known_at <= TELL_AGAIN * bulletin.layout.step)

    def _made(self, alert: Alert, bulletin: Bulletin, told: Told, name: str) -> bytes:
        horizon = bulletin.layout.step * bulletin.layout.horizon
        lasts = self._expires if self._expires is not None else max(horizon, 4 * bulletin.layout.step)
        message = message_of(
            self._style,
            alert,
            bulletin,
            name,
            [earlier.reference for earlier in told.before(name)],
            self._where(alert.station, bulletin.layout),
            resources_of(self._path, alert.event, self.reports_address),
            bulletin.known_at.astype("datetime64[s]") + lasts,
        )
        content = written(message)
        wrong = faults(xml_document(content, message.identifier))
        if wrong:
            raise FeedError(f"the CAP message {message.identifier} is not sent: {'; '.join(wrong)}")
        return content

    def _where(self, station: str, layout: Layout) -> Sequence[Area]:
        row = layout.stations.index(station)
        if station in self._known():
            return self._known()[station]
        name = layout.names[row] if layout.names and layout.names[row] else station
        return (around(name, (self.places or {}).get(layout.targets[row]), float(self.radius_km)),)

    def _known(self) -> Mapping[str, tuple[Area, ...]]:
        """The admin's areas, read when they are first asked for."""
        if self._areas is None:
            self._areas = read_areas(self._areas_file) if self._areas_file else {}
        return self._areas
