"""Who reads what: by station, by threshold, in which language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydria_plugin import Alert

ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
KEYS = ("to", "stations", "thresholds", "language", "reports")
LANGUAGES = ("fr", "en")


@dataclass(frozen=True, slots=True)
class Reader:
    """``stations`` and ``thresholds``: empty means all."""

    address: str
    stations: frozenset[str] = frozenset()
    thresholds: frozenset[str] = frozenset()
    language: str = ""  # "" = the platform's
    reports: bool = True

    def wants(self, alert: Alert) -> bool:
        """Is it news for this reader? One who was told of the event before is told all that follows."""
        of_station = not self.stations or alert.station in self.stations
        return of_station and (not self.thresholds or alert.threshold in self.thresholds)


def is_address(text: Any) -> bool:
    return isinstance(text, str) and ADDRESS.fullmatch(text) is not None


def readers_of(to: Sequence[str], recipients: Sequence[Mapping[str, Any]]) -> tuple[Reader, ...]:
    """Each address as often as it is named; checked before."""
    found = [Reader(address) for address in to]
    for one in recipients:
        addresses = one["to"] if isinstance(one["to"], list | tuple) else [one["to"]]
        found += [
            Reader(
                address,
                frozenset(one.get("stations", ())),
                frozenset(one.get("thresholds", ())),
                one.get("language", ""),
                one.get("reports", True),
            )
            for address in addresses
        ]
    return tuple(found)


def faults(to: Any, recipients: Any, stations: Sequence[str] | None) -> Iterator[str]:
    """What is wrong with the options ``to`` and ``recipients``."""
    if isinstance(to, str) or not all(is_address(one) for one in to):
        yield f'sink mail: to = {to!r} must be a list of addresses such as ["crues@exemple.fr"]'
    if not isinstance(recipients, list | tuple) or not all(isinstance(one, Mapping) for one in recipients):
        yield f'sink mail: recipients must be a list of tables such as [{{ to = "a@b.fr" }}], not {recipients!r}'
        return
    if not to and not recipients:
        yield "sink mail: nobody is told: to and recipients are empty"
    for number, one in enumerate(recipients, 1):
        yield from (f"sink mail: recipient {number}: {fault}" for fault in _faults(one, stations))


def _faults(one: Mapping[str, Any], stations: Sequence[str] | None) -> Iterator[str]:
    if odd := [key for key in one if key not in KEYS]:
        yield f"{', '.join(map(repr, odd))} is not known; allowed: {', '.join(KEYS)}"
    addresses = one.get("to", [])
    addresses = addresses if isinstance(addresses, list | tuple) else [addresses]
    if not addresses or not all(is_address(address) for address in addresses):
        yield f"to = {one.get('to')!r} must be an address or a list of them"
    for key in ("stations", "thresholds"):
        if not isinstance(one.get(key, []), list | tuple) or not all(isinstance(n, str) for n in one.get(key, [])):
            yield f"{key} = {one[key]!r} must be a list of names"
            return
    if one.get("language", "") not in ("", *LANGUAGES):
        yield f"language = {one['language']!r} must be one of {', '.join(LANGUAGES)}"
    if not isinstance(one.get("reports", True), bool):
        yield f"reports = {one['reports']!r} must be true or false"
    unknown = [name for name in one.get("stations", []) if stations is not None and name not in stations]
    if unknown:
        yield f"there is no station {', '.join(map(repr, unknown))}"
