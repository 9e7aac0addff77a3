"""One sentence on what a host gives, for `hydria check`."""

from __future__ import annotations

from urllib.parse import urlsplit

import numpy as np

from hydria_plugin import FeedError
from hydria_plugin.exchange import ago, iso_utc

from .calls import asked, clock_problem, gathered
from .hubeau import Poll
from .observations import FIELDS, Places, page
from .polling import Polling
from .readings import Readings, joined
from .vigicrues import Visit

LOOK_BACK = np.timedelta64(6, "h")


def hubeau_seen(polling: Polling) -> str:
    """Raises FeedError when none of the series has a value of the last six hours."""
    now, host = polling.now(), urlsplit(polling.web.address).netloc
    if polling.layout is None:
        message, answer = asked(polling.web, "observations_tr", {"size": 1})
        version = page(message, answer.place).version
        return f"Hub'Eau Hydrométrie {version} at {host} answers; its series are known once a pipeline asks for them."
    places, strange = polling.placed(polling.layout.all_series())
    span = {"date_debut_obs": iso_utc(now - LOOK_BACK), "size": 20_000, "fields": FIELDS}
    poll = Poll(polling.web, places, span)
    poll.run(is_long=False)
    told = [*strange, *(p.error for p in (*poll.problems(), *clock_problem(poll.answer, now)))]
    return " ".join([seen(joined(poll.found), places, f"Hub'Eau at {host}", "mm and l/s", now), *sentences(told)])


def vigicrues_seen(polling: Polling) -> str:
    """Raises FeedError when none of the series has a value."""
    now, host = polling.now(), urlsplit(polling.web.address).netloc
    if polling.layout is None:
        polling.web.get("observations.json/index.php")
        return f"Vigicrues at {host} answers; its series are known once a pipeline asks for them."
    places, strange = polling.placed(polling.layout.all_series())
    visit = Visit(polling.web, places)
    failed = gathered(visit.keys(), visit.ask)
    told = [*strange, *visit.without, *map(str, failed), *(p.error for p in visit.tally.problems())]
    told += [p.error for p in clock_problem(visit.answer, now)]
    return " ".join([seen(joined(visit.found), places, f"Vigicrues at {host}", "m and m3/s", now), *sentences(told)])


def seen(found: Readings, places: Places, host: str, units: str, now: np.datetime64) -> str:
    """How many series have values, the newest, and how late."""
    wanted = {place.series for where in places.values() for place in where}
    observed = found.take(np.isnat(found.issued_at) & np.isfinite(found.value))
    if not len(observed):
        raise FeedError(f"{host}: none of {len(wanted)} series has a value of the last hours: are the codes right?")
    last = int(np.argmax(observed.time))
    late = ago(now - observed.time[last])
    count = len(set(observed.series.tolist()))
    return (
        f"{host}: {count} of {len(wanted)} series have values; the newest is {observed.series[last]} = "
        f"{observed.value[last]:g} {observed.unit[last]} of {iso_utc(observed.time[last])}, {late} late; "
        f"it comes in {units}, in UTC."
    )


def sentences(told: list[str]) -> list[str]:
    return [f"Not right: {text}." for text in told]
