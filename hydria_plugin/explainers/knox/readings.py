"""What is read out of one station's networks: plain numbers, no words. Words, pages and pictures are made of these.

Shares are fractions, not percent, over the rain zones only (sum 1 over the slots) unless said otherwise; times are in
steps of the record and without the lead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

VARIANTS = ("K1", "K2", "K2r", "gradient", "total")  # the read-outs, in the order they are shown
OF_TIMES = ("window", "two-paths")  # codes of cautions that bear on response times, all others bear on shares


@dataclass(frozen=True, slots=True)
class Share:
    """A share over the initialisations: the median (renormalised over the zones) and the quartiles."""

    median: float
    q25: float
    q75: float


@dataclass(frozen=True, slots=True)
class Response:
    """How long after the rain, in steps, lead apart: read from the lag distribution of one zone."""

    mode: float
    centroid: float
    p10: float
    p90: float


@dataclass(frozen=True, slots=True)
class SlotReading:
    """One rain zone."""

    slot: str
    series: str
    share: Share  # gain share, mm for mm
    volume_share: float  # gain times mean rain
    per_std_share: float  # gain times standard deviation of the rain
    lags: tuple[float, ...]  # (L) lag 0 first; sums to 1, all 0 where the zone has no say
    response: Response | None  # None where the zone has no say
    wet_share: float | None = None  # gain share read on the wet half of the cases; None: not told apart
    dry_share: float | None = None  # and on the dry half
    lags_q25: tuple[float, ...] = ()  # (L) quartiles of the lags over the initialisations; () = not known
    lags_q75: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Caution:
    """A reason not to trust the reading, by its code; the sentence is made of it in ``words``.

    Codes, with the zones named in ``slots`` and what ``numbers`` holds (``limit``: the bound that was passed;
    ``half``, ``tenth``: steps):
      spread         any zones        iqr, limit                        initialisations disagree
      sign           none             share, limit                      signed paths that lower the flow
      disagreement   one zone         share, other, limit               headline and its cross-check disagree
      twin           one zone         share, other, limit               reading and forecasting network disagree
      state          none             share, limit                      wetness and season hide the rain
      skill          none             nse, limit                        the network does not reproduce the river
      alike          two zones        correlation, limit                gauges that cannot be told apart
      silent         one zone         share, limit                      a gauge almost without rain or values
      window         one zone         share, limit                      the response goes on beyond the window
      two-paths      one zone         half, tenth                       a fast and a slow path: one time hides both
      events         none             events, limit                     few floods to learn from
      members        none             dropped, initialisations, limit   many initialisations diverged
      wet-dry        one zone         wet, dry, limit                   shares change with the wetness
      single         one zone         (none)                            one rain gauge: its share is 1 by construction
    """

    code: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    slots: tuple[str, ...] = ()

    @property
    def about(self) -> str:
        """What it bears on: "shares" or "times"."""
        return "times" if self.code in OF_TIMES else "shares"


@dataclass(frozen=True, slots=True)
class Reading:
    """One station, read by the headline variant over its initialisations."""

    station: str
    variant: str  # the headline read-out: one of VARIANTS
    initialisations: int  # networks read, diverged ones not counted
    dropped: int  # networks that diverged
    skill: Mapping[str, float]  # of the median network on floods it has not seen: "nse", ...
    slots: tuple[SlotReading, ...]  # in the order of inputs.csv
    state_share: float  # of rain and state together: what comes from state inputs
    variants: Mapping[str, tuple[float, ...]]  # read-out -> gain shares in the order of slots; those there are
    negative_share: float  # sign diagnostic nu: negative part of the signed path gains
    window: int  # L, lags that the network sees
    step: np.timedelta64
    lead: int = 0  # steps from the newest rain to the value explained
    cautions: tuple[Caution, ...] = ()
