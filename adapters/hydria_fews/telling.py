"""What was seen of a host, in one sentence for `hydria check`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hydria_plugin import Layout
from hydria_plugin.exchange import ago, iso_utc

from .naming import Naming
from .pi_series import PiSeries


def seen(series: Sequence[PiSeries], naming: Naming, layout: Layout | None, now: np.datetime64 | None) -> str:
    """How many series, the newest value with its unit, how old it is; which wanted ones are not there."""
    wanted = layout.all_series() if layout else ()
    there = {naming.series(one.header) for one in series}
    missing = [name for name in wanted if name not in there]
    asked = f" ({len(wanted) - len(missing)} of {len(wanted)} wanted)" if wanted else ""
    lacking = f"; not there: {', '.join(missing[:5])}{', ...' if len(missing) > 5 else ''}" if missing else ""
    return f"{len(series)} series{asked}{newest(series, naming, now)}{lacking}"


def newest(series: Sequence[PiSeries], naming: Naming, now: np.datetime64 | None) -> str:
    last = [(one.time[i], float(one.value[i]), one) for one in series for i in known(one)[-1:]]
    if not last:
        return ", no value"
    time, value, one = max(last, key=lambda found: found[0])
    unit = one.header.units or "no unit"
    age = "" if now is None else f", {ago(now - time)} ago"
    return f", the newest {value:g} {unit} ({naming.series(one.header)}) of {iso_utc(time)} UTC{age}"


def known(one: PiSeries) -> list[int]:
    """Which events of an observed series have a value, in order of time."""
    if one.header.is_forecast:
        return []
    order = np.argsort(one.time, kind="stable")
    return [int(i) for i in order if np.isfinite(one.value[i])]
