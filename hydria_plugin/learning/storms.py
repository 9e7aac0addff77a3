"""Rain over a fictitious basin: storms of cells that are born, travel with the wind, and die.

After the cluster models of rain (Neyman and Scott; Cowpertwait 1995 for their spatial form): storms arrive as a Poisson
process whose rate follows the season; each brings a Poisson number of cells; a cell has a gamma duration and intensity,
a Gaussian shape in space, a sine-squared life in time, and moves. Three kinds take turns over the year: fronts (wide,
long, light), convective storms of summer (small, short, hard) and the slow autumn storms of the Cévennes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..values import Floats, Ints, Times

HOUR = np.timedelta64(3600, "s")


@dataclass(frozen=True)
class Kind:
    """One kind of storm; means of gamma variables unless said otherwise."""

    name: str
    per_year: float
    month: float  # of its season's middle, 1 = mid January
    season: float  # 0: all year alike; 2 and more: concentrated around the middle
    cells: float  # per storm
    last_hours: float  # over which cells are born
    cell_hours: float
    radius_km: float
    intensity_mm_h: float  # at the centre of a cell at its height
    speed_km_h: float


CLIMATE = (
    Kind("front", 55, 1.0, 0.5, 9, 15, 4.0, 24, 1.9, 30),
    Kind("convective", 26, 7.2, 2.5, 2.5, 4, 1.2, 6.5, 18, 18),
    Kind("autumn", 5, 10.2, 4.0, 14, 20, 3.0, 10, 11, 7),
)


def storms(
    times: Times, places_km: Floats, rng: np.random.Generator, climate: tuple[Kind, ...] = CLIMATE, wetness: float = 1.0
) -> Floats:
    """Rain (T, Z) in mm per step at ``places_km`` (Z, 2); ``times`` (T) regular, each the end of its step."""
    hours = (times - times[0]) / HOUR
    rain = np.zeros((len(times), len(places_km)))
    for kind in climate:
        for start in _arrivals(times, kind, rng):
            _rain_down(rain, hours, start, kind, places_km, rng)
    return rain * wetness * float(hours[1] - hours[0])


def _arrivals(times: Times, kind: Kind, rng: np.random.Generator) -> Floats:
    """Hours since the first step at which storms begin: a Poisson process thinned by the season."""
    span = float((times[-1] - times[0]) / HOUR)
    peak = kind.per_year * _season(np.linspace(0, 12, 240), kind).max() / _season(np.linspace(0, 12, 240), kind).mean()
    starts = np.sort(rng.uniform(0, span, rng.poisson(peak * span / 8766)))
    days = (times[0] - times[0].astype("datetime64[Y]")) / np.timedelta64(1, "D") + starts / 24
    likely = _season(days / 365.25 * 12 + 0.5, kind)
    return np.asarray(starts[rng.uniform(0, _season(np.array([kind.month]), kind)[0], len(starts)) < likely])


def _season(month: Floats, kind: Kind) -> Floats:
    return np.asarray(np.exp(kind.season * np.cos((month - kind.month) / 6 * np.pi)))


def _rain_down(rain: Floats, hours: Floats, start: float, kind: Kind, places: Floats, rng: np.random.Generator) -> None:
    """Add one storm's cells, in mm/h, to ``rain``."""
    middle, reach = places.mean(axis=0), np.ptp(places, axis=0).max() / 2 + kind.radius_km
    bearing, speed = rng.uniform(0, 2 * np.pi), rng.gamma(4.0, kind.speed_km_h / 4)
    wind = speed * np.array([np.cos(bearing), np.sin(bearing)])
    severity = rng.gamma(3.0, 1 / 3)
    for _ in range(rng.poisson(kind.cells)):
        born = start + rng.uniform(0, rng.gamma(3.0, kind.last_hours / 3))
        life = max(rng.gamma(3.0, kind.cell_hours / 3), 0.2)
        centre = middle + rng.uniform(-reach, reach, 2)
        radius = max(rng.gamma(4.0, kind.radius_km / 4), 1.0)
        peak = severity * rng.gamma(1.5, kind.intensity_mm_h / 1.5)
        first, last = np.searchsorted(hours, [born, born + life + hours[1]])
        age = hours[first:last] - born - hours[1] / 2
        where = centre + (age - life / 2)[:, None] * wind
        away = ((places[None] - where[:, None]) ** 2).sum(axis=2)
        alive = np.where((age > 0) & (age < life), np.sin(np.pi * np.clip(age / life, 0, 1)) ** 2, 0.0)
        rain[first:last] += peak * alive[:, None] * np.exp(-away / (2 * radius**2))


def study_storms(
    events: int, zones: int, together: float, rng: np.random.Generator, length: int = 72, apart: int = 24
) -> tuple[Floats, Ints]:
    """The rain of the study: ``events`` storms of ``length`` hourly steps, ``apart`` dry steps between them.

    Each zone has cells of its own and a share ``together`` of a storm common to all. Returns rain (T, Z) in mm/h and
    the event (T) each step belongs to. The dry steps after a storm belong to it.
    """
    whole = length + apart
    rain = np.zeros((events * whole, zones))
    for event in range(events):
        common = _cells(length, 1, rng)
        own = _cells(length, zones, rng)
        rain[event * whole : event * whole + length] = together * common + (1 - together) * own
    return rain, np.repeat(np.arange(events, dtype=np.int32), whole)


def _cells(length: int, columns: int, rng: np.random.Generator) -> Floats:
    """(length, columns) mm/h: in each column a few cells of gamma depth, sine-shaped in time."""
    rain = np.zeros((length, columns))
    for column in range(columns):
        for _ in range(1 + rng.poisson(3)):
            last = int(rng.integers(3, 10))
            first = int(rng.integers(0, length - 24 - last))
            shape = np.sin(np.pi * (np.arange(last) + 0.5) / last)
            rain[first : first + last, column] += rng.gamma(1.5, 6.0) * shape
    return rain


def tipped(rain: Floats, bucket_mm: float) -> Floats:
    """What a tipping bucket counts: whole buckets, the rest kept for the next step. ``bucket_mm`` 0: all of it."""
    if bucket_mm <= 0:
        return rain
    full = np.floor(np.cumsum(rain, axis=0) / bucket_mm + 1e-9)
    return np.asarray(np.diff(full, axis=0, prepend=0.0) * bucket_mm)
