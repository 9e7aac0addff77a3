"""What both sources have in common: whom they call, how they are named, what they record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin import ConfigError, Layout, Problem, Wanted
from hydria_plugin.exchange import Access, Answer, Web, feed_table, web_address

from .calls import clock_problem, true_time
from .names import Key, Names, faults_of, misfits, scale_of
from .observations import Place, Places
from .punctual import Early
from .readings import Readings
from .record import Recorder

if TYPE_CHECKING:
    import pandas as pd

Clock = Callable[[], np.datetime64]


class Polling:
    """Built from the options; gives the table in the end. Raises ConfigError with all faults. ``whose``: the host in
    words, ``serves``: whether it has such a series at all."""

    def __init__(
        self,
        host: str,
        units: Mapping[str, str],
        *,
        whose: str,
        serves: Callable[[Key], bool],
        url: str,
        id: str,
        names: Mapping[str, str] | None,
        record: str,
        hosts: Sequence[str],
        ca: str,
        timeout_s: float,
        tries: int,
        pause_s: float,
        folder: Path | str | None,
        clock: Clock | None,
        layout: Layout | None,
        forecast_id: str = "",
        other_faults: Sequence[str] = (),
    ) -> None:
        access = Access(ca=Path(folder or ".") / ca if isinstance(ca, str) and ca else "")
        faults = [*other_faults, *faults_of(id, names or {}, forecast_id), *web_faults(url, access)]
        faults += number_faults(timeout_s=(timeout_s, 0.1), tries=(tries, 1), pause_s=(pause_s, 0))
        if isinstance(hosts, str) or not all(isinstance(host, str) for host in hosts):
            faults.append(f'hosts = {hosts!r} must be a list of names: ["mirror.example"]')
        if not isinstance(record, str):
            faults.append(f'record = {record!r} must be a folder, or "" for none')
        if not faults:
            self.names = Names(id, names or {}, forecast_id)
            faults += misfits(layout, self.names, units)
        if faults:
            raise ConfigError([f"source {host}: {fault}" for fault in faults])
        self.web = Web(url, hosts=hosts, access=access, timeout_s=timeout_s, tries=int(tries), pause_s=pause_s)
        self.recorder = Recorder(Path(folder or ".") / record, host) if record else None
        self.clock, self.layout = clock, layout
        self._units, self._whose, self._serves = units, whose, serves
        self._early = Early()

    def now(self, wanted: Wanted | None = None) -> np.datetime64:
        """The clock's time; without one, the moment the forecast is made."""
        if self.clock is not None:
            return _micro(self.clock())
        if wanted is None:
            return np.datetime64("now", "us")
        return _micro(wanted.known_at)

    def placed(self, series: Sequence[str]) -> tuple[Places, list[str]]:
        """Where each key's values go, and a sentence on series that cannot be of the host."""
        places: dict[Key, tuple[Place, ...]] = {}
        strange = []
        for one in series:
            key = self.names.key(one)
            if key is None or not self._serves(key):
                strange.append(one)
                continue
            factor, unit = scale_of(self.layout, one, key, self._units)
            places[key] = (*places.get(key, ()), Place(one, factor, unit))
        if not strange:
            return places, []
        more = f" and {len(strange) - 5} more" if len(strange) > 5 else ""
        named = ", ".join(map(repr, strange[:5]))
        return places, [f"series {named}{more} cannot be of {self._whose}; see `id` and `names` of the source"]

    def table(
        self, found: Readings, wanted: Wanted, problems: Sequence[Problem], answer: Answer | None
    ) -> pd.DataFrame:
        """Put on record what came, and give what was wanted of it. ``answer``: one that tells the host's time."""
        now = self.now(wanted)
        told = [*problems, *clock_problem(answer, now)]
        if self.recorder is not None:
            told += self.recorder.append(found, now)
        issued = None if np.isnat(found.issued_at).all() else found.issued_at
        received = self._early.received(found, true_time(answer, now))
        return feed_table(
            found.series,
            found.time,
            found.value,
            flag=found.flag,
            issued_at=issued,
            received_at=received,
            wanted=wanted,
            problems=told,
        )


def _micro(time: np.datetime64) -> np.datetime64:
    fine: np.datetime64 = time.astype("datetime64[us]")
    return fine


def web_faults(url: object, access: Access) -> list[str]:
    """Faults of the url and of the certificates."""
    try:
        web_address(url if isinstance(url, str) else "")
    except ValueError as error:
        return [f"url: {error}", *access.faults()]
    if "?" in str(url) or "#" in str(url):
        return ["url must end with its path: without '?' and what follows", *access.faults()]
    return access.faults()


def number_faults(**numbers: tuple[object, float]) -> list[str]:
    """One sentence per number that is none, or lies below what is allowed."""
    return [
        f"{name} = {value!r} must be a number of at least {least:g}"
        for name, (value, least) in numbers.items()
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= least
    ]
