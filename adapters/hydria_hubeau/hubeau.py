"""Levels and discharges of France in real time, as Hub'Eau's Hydrométrie v2 publishes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hydria_plugin import FeedError, Layout, Problem, Wanted
from hydria_plugin.exchange import Answer, Refusal, Web, iso_utc

from .calls import asked, gathered
from .keeping import oldest
from .observations import FIELDS, UNITS, Page, Places, observations, page
from .polling import Clock, Polling, number_faults
from .readings import Readings, joined
from .telling import Tally

if TYPE_CHECKING:
    import pandas as pd

URL = "https://hubeau.eaufrance.fr/api/v2/hydrometrie"
LARGEST = 20_000  # rows of a page
MOST_CODES = 100  # of one call
MOST_PAGES = 2_000
LONG = np.timedelta64(1, "D")  # a read that goes further back is a first one: it must be whole, for nobody asks again
STOPPED = "version 1 answers so since it was stopped in May 2025"


class HubeauSource:
    """Asks for many stations at once, page by page. README.md says what each option means."""

    def __init__(
        self,
        *,
        url: str = URL,
        id: str = "{code}.{grandeur}",
        names: Mapping[str, str] | None = None,
        record: str = "",
        size: int = LARGEST,
        hosts: Sequence[str] = (),
        ca: str = "",
        timeout_s: float = 30.0,
        tries: int = 3,
        pause_s: float = 0.2,
        folder: Path | str | None = None,
        clock: Clock | None = None,
        layout: Layout | None = None,
    ) -> None:
        faults = number_faults(size=(size, 1))
        if not faults and not (isinstance(size, int) and size <= LARGEST):
            faults.append(f"size = {size!r} must be a whole number of at most {LARGEST}: the service gives no more")
        web: dict[str, Any] = {"hosts": hosts, "ca": ca, "timeout_s": timeout_s, "tries": tries, "pause_s": pause_s}
        house: dict[str, Any] = {"folder": folder, "clock": clock, "layout": layout}
        said: dict[str, Any] = {"url": url, "id": id, "names": names, "record": record, "other_faults": faults}
        said |= {"whose": "Hub'Eau", "serves": lambda key: not key.tendency}
        self._polling = Polling("hubeau", UNITS, **said, **web, **house)
        self._size = size
        self._told: frozenset[str] = frozenset()  # problems that were said, and stand

    def read(self, wanted: Wanted) -> pd.DataFrame:
        """Observations stamped in (start - step, issued_at]. Raises FeedError when the service gives nothing at all."""
        now, start = self._polling.now(wanted), (wanted.start - wanted.step).astype("datetime64[s]")
        places, strange = self._polling.placed(wanted.series)
        lasting = [*strange, *too_old(needed(wanted, self._polling.layout), now)]
        start = max(start, oldest(now))
        poll = Poll(self._polling.web, places, self._span(start, wanted, now))
        if places and start < wanted.issued_at:
            poll.run(is_long=wanted.issued_at - start > LONG)
        problems = [*self._news(lasting), *poll.problems()]
        return self._polling.table(joined(poll.found), wanted, problems, poll.answer)

    def probe(self) -> str:
        """The newest value of the last six hours, how late it is, its unit and zone. Raises FeedError."""
        from .probing import hubeau_seen

        return hubeau_seen(self._polling)

    def _span(self, start: np.datetime64, wanted: Wanted, now: np.datetime64) -> dict[str, Any]:
        """The parameters of the time; what came after the issue time is asked for too, and put on record."""
        span: dict[str, Any] = {"date_debut_obs": iso_utc(start), "size": self._size, "fields": FIELDS}
        if wanted.issued_at < now - LONG:
            span["date_fin_obs"] = iso_utc(wanted.issued_at)
        return span

    def _news(self, lasting: Sequence[str]) -> list[Problem]:
        """Problems that stay are said once, and again when they have changed."""
        known, self._told = self._told, frozenset(lasting)
        return [Problem("source", None, text) for text in lasting if text not in known]


@dataclass(slots=True)
class Poll:
    """One read: what was found, and what was wrong."""

    web: Web
    places: Places
    span: Mapping[str, Any]
    found: list[Readings] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    failed: list[FeedError] = field(default_factory=list)
    answer: Answer | None = None  # the last
    is_shifted: bool = False  # a day less than the month is asked for

    def run(self, is_long: bool) -> None:
        """Raises FeedError when nothing was answered, or a long read is not whole."""
        self.failed.extend(gathered(pieces(self.places), self._piece))
        passing = [error for error in self.failed if may_pass(error)]
        if is_long and passing:
            text = "what goes back more than a day must be whole, and is asked for again in the next cycle"
            raise FeedError(f"{passing[0]}; {text}") from passing[0]

    def problems(self) -> list[Problem]:
        told = [Problem("source", None, str(error)) for error in self.failed]
        return [*told, *self.tally.problems()]

    def _piece(self, piece: Piece) -> None:
        """The pages of one list of codes; halved where the service refuses it, for one code can spoil it."""
        try:
            self._pages(piece)
        except Refusal as refusal:
            if is_about_month(refusal) and not self.is_shifted:
                self._shift(refusal)
                self._piece(piece)
            elif refusal.status in (400, 413, 414) and len(piece.codes) > 1 and not is_about_month(refusal):
                half = len(piece.codes) // 2
                halves = [Piece(codes, piece.quantities) for codes in (piece.codes[:half], piece.codes[half:])]
                self.failed.extend(gathered(halves, self._piece))
            else:
                raise explained(refusal) from refusal

    def _shift(self, refusal: Refusal) -> None:
        """The service's month begins later than ours: ask for a day less."""
        first = np.datetime64(self.span["date_debut_obs"].removesuffix("Z"), "s") + LONG
        self.span, self.is_shifted = {**self.span, "date_debut_obs": iso_utc(first)}, True
        self.tally.add("month", f"{refusal}; asked again from {iso_utc(first)} on: is the clock of this machine right?")

    def _pages(self, piece: Piece) -> None:
        """Newest first. What follows a page that came is used if it comes too, and told if it does not."""
        params: dict[str, Any] = {"code_entite": ",".join(piece.codes), "grandeur_hydro": piece.quantities, **self.span}
        rows = 0
        for number in range(MOST_PAGES):
            try:
                one = self._page(params)
            except FeedError as error:
                if number == 0:
                    raise
                self.failed.append(FeedError(f"{error}; the rest after page {number} is missing"))
                return
            rows += len(one.rows)
            if one.following is None:
                if rows < one.count:
                    short = f"Hub'Eau counts {one.count} rows and gives {rows}"
                    self.tally.add("count", f"{short}: the rest may come with the next read")
                return
            if one.following == {k: str(v) for k, v in params.items()}:
                self.failed.append(
                    FeedError(f"Hub'Eau says of page {number + 1} that it follows itself; no more is read")
                )
                return
            params = dict(one.following)

    def _page(self, params: Mapping[str, Any]) -> Page:
        message, self.answer = asked(self.web, "observations_tr", params)
        one = page(message, self.answer.place)
        self.found.append(observations(one.rows, self.places, self.tally))
        return one


@dataclass(frozen=True, slots=True)
class Piece:
    """What one call asks for."""

    codes: tuple[str, ...]
    quantities: str  # "H", "Q" or "H,Q"


def pieces(places: Places) -> list[Piece]:
    """Stations together of which the same is wanted, no more than a call may hold."""
    by_code: dict[str, set[str]] = {}
    for key in places:
        by_code.setdefault(key.code, set()).add(key.quantity)
    return list(_pieces(by_code))


def _pieces(by_code: Mapping[str, set[str]]) -> Iterator[Piece]:
    for quantities in ("H", "Q", "H,Q"):
        codes = sorted(code for code, has in by_code.items() if has == set(quantities.split(",")))
        for first in range(0, len(codes), MOST_CODES):
            yield Piece(tuple(codes[first : first + MOST_CODES]), quantities)


def needed(wanted: Wanted, layout: Layout | None) -> np.datetime64:
    """From when on a forecast misses what is not there; running totals, which reach further back, are of rain."""
    return wanted.start if layout is None else max(wanted.start, wanted.issued_at - layout.past * layout.step)


def too_old(start: np.datetime64, now: np.datetime64) -> list[str]:
    """A sentence where more is asked for than is kept."""
    if start >= oldest(now):
        return []
    day = oldest(now).astype("datetime64[D]")
    return [f"Hub'Eau keeps one month, nothing before {day}: older values come from a record (option `record`)"]


def may_pass(error: FeedError) -> bool:
    """The next cycle may be luckier; a code that is refused stays refused."""
    return not isinstance(error, Refusal) or error.status >= 500 or error.status == 429


def is_about_month(refusal: Refusal) -> bool:
    return refusal.status == 400 and b"month" in refusal.body


def explained(refusal: Refusal) -> Refusal:
    """With the remedy, where there is one."""
    hint = {403: f"; {STOPPED}: url must end in /api/v2/hydrometrie"}.get(refusal.status, "")
    if is_about_month(refusal):
        hint = "; Hub'Eau keeps one month: is the clock of this machine right?"
    return Refusal(f"{refusal}{hint}", refusal.status, refusal.body, refusal.pause_s) if hint else refusal
