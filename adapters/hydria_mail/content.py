"""What a mail says: as plain text that is enough at three in the morning, and as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from hydria_plugin import Bulletin, Reason, Report
from hydria_plugin.drawing.palette import colour_of
from hydria_plugin.exchange import Notice

from .words import TEXT

ROWS = 6  # leads that are written out
PROBLEMS = 3
GREEN = "#2e8b57"
CELL = "padding:3px 14px 3px 0;vertical-align:top"
BODY = (
    "font-family:'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;color:#17202a;max-width:920px;margin:0;padding:8px"
)


@dataclass(frozen=True, eq=False)
class Content:
    """One mail, in one language."""

    subject: str
    badge: str  # "HIGHER · ORANGE"
    colour: str
    headline: str
    facts: tuple[tuple[str, str], ...]
    outlook_title: str
    outlook: tuple[tuple[str, str, str, str], ...]  # +lead, clock, median, band
    warnings: tuple[str, ...]
    foot: tuple[str, ...]
    picture: str  # its text, for those who do not see it
    language: str

    @property
    def text(self) -> str:
        """Plain: the facts in the order in which they are needed, no line that a narrow screen breaks badly."""
        colon = TEXT[self.language]["colon"]
        wide = max((len(label) for label, _ in self.facts), default=0)
        facts = [f"{label + colon:<{wide + len(colon) + 1}}{value}" for label, value in self.facts]
        table = [f"  {ahead:>7}  {clock}  {median:>10}   {band}" for ahead, clock, median, band in self.outlook]
        blocks = [[self.badge, self.headline], facts, [f"! {w}" for w in self.warnings],
                  [self.outlook_title, *table] if table else [], list(self.foot)]  # fmt: skip
        return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"

    def html(self, image: str) -> str:
        """``image``: what the picture is called within the mail; "" for none."""
        return "".join(self._html(image))

    def _html(self, image: str) -> Iterator[str]:
        yield f'<!doctype html><html lang="{self.language}"><head><meta charset="utf-8">'
        yield f'<title>{escape(self.subject)}</title></head><body style="{BODY}">'
        yield f'<p style="margin:0 0 6px"><span style="border-left:14px solid {self.colour};padding:4px 10px;'
        yield f'font-weight:bold;background:#f4f7fb">{escape(self.badge)}</span></p>'
        yield f'<h1 style="font-size:19px;margin:8px 0 12px">{escape(self.headline)}</h1>'
        yield from (f'<p style="margin:4px 0"><strong>⚠ {escape(w)}</strong></p>' for w in self.warnings)
        yield '<table style="border-collapse:collapse;font-size:15px">'
        for label, value in self.facts:
            yield f'<tr><th align="left" scope="row" style="{CELL};font-weight:normal;color:#55606c">{escape(label)}'
            yield f'</th><td style="{CELL}">{escape(value)}</td></tr>'
        yield "</table>"
        if image:
            yield f'<p style="margin:14px 0"><img src="cid:{escape(image)}" alt="{escape(self.picture)}" '
            yield 'width="900" style="width:100%;max-width:900px;height:auto"></p>'
        yield from self._table()
        yield from (f'<p style="font-size:13px;color:#55606c;margin:6px 0">{escape(line)}</p>' for line in self.foot)
        yield "</body></html>"

    def _table(self) -> Iterator[str]:
        if not self.outlook:
            return
        yield f'<p style="margin:10px 0 4px">{escape(self.outlook_title)}</p>'
        yield '<table style="border-collapse:collapse;font-size:15px">'
        for row in self.outlook:
            cells = "".join(f'<td style="{CELL}">{escape(cell)}</td>' for cell in row)
            yield f"<tr>{cells}</tr>"
        yield "</table>"


def alert_content(notice: Notice, bulletin: Bulletin, is_test: bool) -> Content:
    """The mail of an alert."""
    t, alert, language = TEXT[notice.words.language], notice.alert, notice.words.language
    cleared = alert.reason is Reason.CLEARED
    badge = f"{t[alert.reason]} · {alert.threshold.upper()}"
    test = (notice.test,) if is_test else ()
    row = bulletin.layout.stations.index(alert.station)
    zone = f"{notice.words.local(alert.issued_at):%Z}"
    warnings = [*test, *_warnings(notice, bulletin, row)]
    return Content(
        subject=" ".join([*test, f"[{badge}] {notice.headline}"]),
        badge=badge,
        colour=GREEN if cleared else colour_of(alert.threshold, max(alert.rank, 0)),
        headline=notice.headline,
        facts=notice.facts,
        outlook_title=t["Outlook"],
        outlook=tuple(_outlook(notice, bulletin, row)),
        warnings=tuple(warnings),
        foot=(notice.label, t["event"].format(alert.event, alert.sequence + 1, zone)),
        picture=t["picture"].format(notice.station),
        language=language,
    )


def report_content(report: Report, language: str, is_test: str) -> Content:
    """The mail of an explanation."""
    t = TEXT[language]
    badge = f"{t['why']} · {report.kind.upper()}"
    subject = " ".join([*([is_test] if is_test else []), f"[{badge}] {report.headline}"])
    return Content(
        subject, badge, "#55606c", report.headline, (), "", (), (is_test,) if is_test else (),
        (t["report event"].format(report.event),), report.headline, language,
    )  # fmt: skip


def _warnings(notice: Notice, bulletin: Bulletin, row: int) -> Iterator[str]:
    """What makes the forecast less than it should be."""
    t, station = TEXT[notice.words.language], notice.alert.station
    if not bulletin.forecast.there[row]:
        yield t["none"]
    wrong = [p.error for p in bulletin.problems if p.station in (None, station) and p.error != "no forecast"]
    yield from (f"{t['degraded']}{t['colon']} {one_line(error)[:200]}" for error in wrong[:PROBLEMS])


def _outlook(notice: Notice, bulletin: Bulletin, row: int) -> Iterator[tuple[str, str, str, str]]:
    """Some leads, evenly, the last among them."""
    forecast, t = bulletin.forecast, TEXT[notice.words.language]
    if not forecast.there[row]:
        return
    horizon, times = bulletin.layout.horizon, forecast.valid_times()
    values: Any = np.asarray(forecast.values[row], dtype=float)
    for lead in sorted({round(n * horizon / min(ROWS, horizon)) for n in range(1, min(ROWS, horizon) + 1)}):
        low, median, high = (float(np.interp(p, forecast.quantiles, values[lead - 1])) for p in (0.1, 0.5, 0.9))
        yield (
            f"+{notice.words.duration(lead * bulletin.layout.step)}",
            notice.words.clock(times[lead - 1]),
            notice.amount(median),
            t["between"].format(notice.amount(low), notice.amount(high)),
        )


def one_line(text: str) -> str:
    """Without line ends and what else cannot be shown: nothing from outside begins a header or a line of its own."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
