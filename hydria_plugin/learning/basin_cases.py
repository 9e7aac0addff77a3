"""The cases an explanation is judged on: A to E of the study, and harder ones. See fictitious_basin."""

from __future__ import annotations

from dataclasses import replace

from .fictitious_basin import Basin, Zone
from .sensor_faults import FaultRates

STUDY_ZONES = (
    Zone("north", 0.45, 2.0, (-8.0, 9.0)),
    Zone("west", 0.30, 5.0, (-12.0, -4.0)),
    Zone("east", 0.15, 3.0, (7.0, 3.0)),
    Zone("south", 0.10, 7.0, (2.0, -9.0)),
)
A = Basin(STUDY_ZONES, power=1.5, together=0.5, noise=0.05, events=40)


def cases() -> dict[str, Basin]:
    """By name. A to E: the study's (C has fewer events; D differs from A in the network, which is given q(k-1))."""
    north, west, east, south = STUDY_ZONES
    return {
        "A": A,
        "B": replace(A, power=1.0, together=0.7, noise=0.10),
        "C": replace(A, events=20),  # 8 to learn from beside 6 to stop at and 6 to test on
        "D": A,
        "E": replace(A, gauge_error=0.30),
        "off-basin": replace(A, zones=(*STUDY_ZONES, Zone("beyond", 0.0, 3.0, (25.0, 20.0)))),
        "identical": replace(A, identical=((0, 1),)),
        "karst": replace(A, zones=(north, replace(west, slow_share=0.6, slow_mode_hours=24.0), east, south)),
        "faulty": replace(A, faults=FaultRates(gaps=30, clogged=8, spikes=30), bucket_mm=0.2),
        "equal": replace(A, zones=tuple(replace(zone, share=0.25) for zone in STUDY_ZONES)),
        "production": replace(A, law="production", power=1.0, bucket_mm=0.2),
    }


def demonstration() -> Basin:
    """The basin of `hydria demo`: the study's shares on a larger, slower basin, with soil, tipping gauges that err, a
    rounded level and everyday faults. Twice the study's response times leave some hours to warn in without any rain
    forecast."""
    slower = tuple(replace(zone, mode_hours=2 * zone.mode_hours) for zone in STUDY_ZONES)
    return replace(
        A, zones=slower, law="production", power=1.0, area_km2=900.0, rating=(100.0, 0.15, 1.7), noise=0.01,
        gauge_error=0.15, bucket_mm=0.2, resolution_m=0.01, faults=FaultRates(),
    )  # fmt: skip
