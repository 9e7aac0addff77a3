"""The errors of a station's forecasts, and how much of them lasts.

For the lead of each knot, e(t) = g(truth at t) - g(median that was issued so many steps before). What lasts over a
lead, rho, is the regression of e(t) on e(t - lead) through the origin, drawn to 0 and held between 0 and 1 (an
autoregressive error model, fitted per lead; after Box and Jenkins 1976). g is a power: 0.4 of a discharge, so that an
error of a flood is not that of low water, 1 of a level.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from hydria_plugin import State
from hydria_plugin.values import Floats, Ints

from ..lead_knots import between, leads_of

POWERS = {"discharge": 0.4, "level": 1.0}
REMEMBERED = 200  # verified valid times that the sums go back over, at least,
LEADS_REMEMBERED = 50  # and so many leads: forecasts closer to each other than their lead err together
PRIOR = 2.0  # valid times without an error that lasts that count as seen, once the sums go back as far as they can
MOST = 4.0  # root mean squares of the errors that a correction is at most: floods' are several
CLEARLY = 0.7  # of the mean square, to which correcting must have brought it


def forgotten(leads: Ints) -> Floats:
    """(K) share of the sums forgotten with every verified valid time."""
    return np.asarray(1.0 / np.maximum(REMEMBERED, LEADS_REMEMBERED * leads))


def shown(values: Floats, powers: Floats) -> Floats:
    """g of values (S, ...), with the sign kept; ``powers`` (S)."""
    if (powers == 1.0).all():
        return values
    power = powers.reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(np.sign(values) * np.abs(values) ** power)


def back(values: Floats, powers: Floats) -> Floats:
    """The inverse of :func:`shown`."""
    return shown(values, 1.0 / powers)


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """S stations, K knots; the last errors of each knot's lead lie one after the other, newest first."""

    errors: Floats  # (S, L) L = the sum of the leads; NaN = not known
    age: Floats  # (S, K) valid times since the newest error
    newest: Floats  # (S, K)
    together: Floats  # (S, K) discounted sum of e(t) e(t - lead)
    before: Floats  # (S, K) of e(t - lead)^2
    raw: Floats  # (S, K) of e(t)^2 where both are known
    corrected: Floats  # (S, K) of (e(t) - rho e(t - lead))^2, rho as it was before t

    @classmethod
    def none(cls, stations: int, horizon: int) -> Self:
        leads = leads_of(horizon)
        zero = np.zeros((stations, len(leads)), np.float32)
        errors = np.full((stations, sum(leads)), np.nan, np.float32)
        return cls(errors, zero, np.full_like(zero, np.nan), zero, zero, zero, zero)

    @classmethod
    def of(cls, state: State, stations: int, horizon: int) -> Self:
        """From a stored state; as at the start where it is of another shape."""
        new = cls.none(stations, horizon)
        held = {f.name: state[f.name] for f in fields(cls) if f.name in state}
        fits = all(name in held and held[name].shape == getattr(new, name).shape for name in new.arrays())
        return cls(**held) if fits else new

    def arrays(self) -> dict[str, Floats]:
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def lasting(self, horizon: int) -> Floats:
        """(S, K) rho."""
        prior = PRIOR * np.maximum(self.before, self.raw) * forgotten(leads_of(horizon))
        return np.clip(self.together / np.maximum(self.before + prior, np.finfo(np.float32).tiny), 0.0, 1.0)

    @property
    def helps(self) -> Floats:
        """(S, K) 1 where correcting has clearly lowered the squared error of late, 0 elsewhere: what lasts hardly is
        mostly chance, and a forecast that knows the last value has little that lasts."""
        return np.asarray(self.corrected < CLEARLY * self.raw, dtype=np.float64)

    def met(self, errors: Floats, horizon: int) -> Memory:
        """After the errors (S, K) of one more valid time; NaN where there was no truth, or no forecast."""
        leads = leads_of(horizon)
        ends = np.cumsum(leads)
        earlier = self.errors[:, ends - 1]  # those of ``lead`` valid times ago
        both = np.isfinite(errors) & np.isfinite(earlier)
        e, p = np.where(both, errors, 0.0), np.where(both, earlier, 0.0)
        left = e - self.lasting(horizon) * p
        keep = 1.0 - forgotten(leads) * both
        starts = ends - np.array(leads)
        moved = np.roll(self.errors, 1, axis=1)
        moved[:, starts] = errors
        known = np.isfinite(errors)
        return replace(
            self,
            errors=moved.astype(np.float32),
            age=np.where(known, 0.0, self.age + 1.0).astype(np.float32),
            newest=np.where(known, errors, self.newest).astype(np.float32),
            together=(keep * self.together + e * p).astype(np.float32),
            before=(keep * self.before + p * p).astype(np.float32),
            raw=(keep * self.raw + e * e).astype(np.float32),
            corrected=(keep * self.corrected + left * left).astype(np.float32),
        )

    def correction(self, horizon: int) -> Floats:
        """(S, H) what is to be added to g of the forecast; 0 where nothing lasts, or correcting does not help. Older
        errors count less; none counts for more than errors usually are."""
        leads = np.array(leads_of(horizon), dtype=np.float64)
        rho = self.lasting(horizon) * self.helps
        faded = np.maximum(rho, 1e-12) ** (1.0 + self.age / leads) * (rho > 0)
        # the mean square, once the sums are full; less before: more careful
        steps = np.maximum(self.raw, 0.0) * forgotten(leads_of(horizon))
        most = MOST * np.sqrt(steps)
        at = np.clip(np.nan_to_num(faded * np.nan_to_num(self.newest)), -most, most)
        return np.asarray(at @ between(horizon).T)
