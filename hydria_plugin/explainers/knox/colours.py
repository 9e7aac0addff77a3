"""One colour per zone, told apart under every kind of colour vision (Okabe and Ito, 2008), then again from the start
with dashes."""

from __future__ import annotations

ZONES = ("#0072b2", "#d55e00", "#009e73", "#a8518a", "#b88400", "#3a9bd1", "#5a5a5a", "#7a4a12")
DASHES = ("solid", "dash", "dot")
STATION = "#17202a"


def colour(zone: int) -> str:
    return ZONES[zone % len(ZONES)]


def dash(zone: int) -> str:
    return DASHES[zone // len(ZONES) % len(DASHES)]
