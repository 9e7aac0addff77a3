"""Alerts to an address: signed messages, one per news and per explanation; or Alertmanager's alerts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

import numpy as np

from hydria_plugin import Bulletin, FeedError, Report, Secret, Thresholds
from hydria_plugin.drawing import Words
from hydria_plugin.exchange import Access, Gate, Refusal, Web

from .alertmanager import alerts_of
from .bodies import Letter, alert_letter, report_letter
from .options import checked
from .signing import WINDOW_MIN, headers, minutes_ahead

Clock = Callable[[], np.datetime64]
KNOWN = 409  # it has the message already
GONE = 410
UNREADABLE = (400, 413, 415, 422)  # the message is at fault: sent again it is refused again
MOST_PASSED = 10_000


class WebhookSink:
    """POSTs to ``url``. Delivered is what is answered with 2xx, or 409: the receiver has it.

    Everything else is told, and left to the outbox, which tries again. A message that the receiver calls unreadable
    (400, 413, 415, 422) is told once and then passed over: it must not cost the next alert.
    """

    def __init__(
        self,
        *,
        url: str,
        mode: str = "standard",
        secrets: Sequence[Secret] = (),
        hosts: Sequence[str] = (),
        user: str = "",
        password: Secret | None = None,
        token: Secret | None = None,
        ca: str = "",
        timeout_s: float = 10.0,
        languages: Sequence[str] = ("en", "fr"),
        labels: Mapping[str, str] | None = None,
        severity: Mapping[str, str] | None = None,
        lasts: str = "",
        reports: bool = True,
        clock: Clock | None = None,
        words: Words | None = None,
        thresholds: Thresholds | None = None,
    ) -> None:
        access = Access(user=user, password=password, token=token, ca=ca)
        self._keys, self._lasts, self._tongues = checked(locals())
        self._gate = Gate.to(url, hosts)
        self._web = Web(url, access=access, timeout_s=timeout_s, tries=2, gate=self._gate)
        self._mode, self._reports = mode, reports
        self._labels, self._severity = labels or {}, severity or {}
        self._clock, self._thresholds = clock or _now, thresholds
        self._passed: dict[str, None] = {}  # messages that the receiver cannot read, and that were told

    def write(self, bulletin: Bulletin) -> None:
        """Every news as a message; in Alertmanager's mode every open event. Raises FeedError."""
        if self._mode == "alertmanager":
            with closing(self._web):  # hours may pass until the next: no connection waits for it
                self._raise(bulletin)
            return
        news = [alert for alert in bulletin.alerts if alert.is_news]
        self._send([alert_letter(alert, bulletin, self._tongues, self._thresholds) for alert in news])

    def write_reports(self, reports: Sequence[Report]) -> None:
        """Each as a message that names its event. Alertmanager has no place for them."""
        if self._reports and self._mode == "standard":
            self._send([report_letter(report) for report in reports])

    def probe(self) -> str:
        """Whether the address may be called. Alertmanager is asked for its status; a receiver of messages is not
        sent one. Raises FeedError."""
        if self._mode == "alertmanager":
            with closing(self._web):
                said = self._web.get(self._web.address.rstrip("/") + "/api/v2/status").json()
            version = said.get("versionInfo", {}).get("version", "?") if isinstance(said, dict) else "?"
            return f"{self._web.address}: Alertmanager {version} answers."
        self._gate.checked(self._web.address, "sink webhook")
        return f"{self._web.address}: may be called; {len(self._keys)} secrets. Nothing was sent."

    def _raise(self, bulletin: Bulletin) -> None:
        lasts = self._lasts if self._lasts is not None else bulletin.layout.step * bulletin.layout.horizon
        found = alerts_of(bulletin, self._tongues, self._thresholds, self._labels, self._severity, lasts)
        if found:
            body = json.dumps(found, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")
            self._web.send(self._web.address.rstrip("/") + "/api/v2/alerts", body, repeatable=True)

    def _send(self, letters: Sequence[Letter]) -> None:
        """One that is refused does not hold up the others. Raises FeedError that tells all refusals."""
        told = []
        with closing(self._web):
            for letter in letters:
                if letter.identity in self._passed:
                    continue
                try:
                    self._post(letter)
                except FeedError as error:
                    told.append(f"{letter.about}: {error}")
        if told:
            raise FeedError("; ".join(told))

    def _post(self, letter: Letter) -> None:
        sent = int(self._clock().astype("datetime64[s]").astype(np.int64))
        try:
            self._web.send(
                body=letter.body, headers=headers(letter.identity, sent, letter.body, self._keys), repeatable=True
            )
        except Refusal as refusal:
            if refusal.status == KNOWN:
                return
            if refusal.status in UNREADABLE and abs(ahead := minutes_ahead(refusal.date, sent)) > WINDOW_MIN:
                said = f"its clock is {abs(ahead):.0f} min {'ahead of' if ahead > 0 else 'behind'} ours"
                raise FeedError(
                    f"{refusal}; {said}, and what is not of its time is refused: it is tried again"
                ) from refusal
            if refusal.status in UNREADABLE:
                self._pass(letter.identity)
                raise FeedError(f"{refusal}; it is passed over") from refusal
            if refusal.status == GONE:
                raise FeedError(f"{refusal}; the receiver is gone: give its new url or take the sink out") from None
            raise

    def _pass(self, identity: str) -> None:
        self._passed[identity] = None
        if len(self._passed) > MOST_PASSED:
            del self._passed[next(iter(self._passed))]


def _now() -> np.datetime64:
    import time

    return np.datetime64(time.time_ns() // 1000, "us")
