"""The compact forms: a bulletin as one head (JSON) and blocks of stations, observations as one row of columns.

An array that a bulletin holds twice (``raw`` and ``forecast`` are the same where nothing corrects, their ``parts``
always) is stored once, and read back as one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import Bulletin, Forecast, Layout, Observations, Summary

from .documents import read_problems, write_problems
from .packing import pack, unpack

BLOCK = 1000  # stations in one row: see benchmarks/store.py
_OPTIONAL = ("members", "variance", "parts")
_SUMMARY = tuple(f.name for f in fields(Summary))
_COLUMNS = tuple(f.name for f in fields(Observations) if f.name != "series")


@dataclass(frozen=True, slots=True)
class Packed:
    """A bulletin without its alerts, states, reports and observations, which have rows of their own."""

    head: str
    blocks: tuple[bytes, ...]


def pack_bulletin(bulletin: Bulletin) -> Packed:
    kept = {name: getattr(bulletin.summary, name) for name in _SUMMARY}
    arrays: dict[str, NDArray[Any]] = {name: array for name, array in kept.items() if array is not None}
    heads = {"forecast": _forecast_head(bulletin.forecast, "forecast", bulletin.layout, arrays)}
    if bulletin.raw is not bulletin.forecast:
        heads["raw"] = _forecast_head(bulletin.raw, "raw", bulletin.layout, arrays)
    same = _take_out_doubles(arrays)
    problems = write_problems(bulletin.problems)
    head = json.dumps({**heads, "same": same, "problems": problems, "digests": dict(bulletin.digests)})
    return Packed(head, _blocks(arrays))


def unpack_bulletin(packed: Packed, layout: Layout, key: Mapping[str, Any], **more: Any) -> Bulletin:
    """The bulletin of ``key`` (pipeline, issued_at, known_at, revision); ``more``: alerts, learned, reports."""
    head = json.loads(packed.head)
    what = f"bulletin {key['pipeline']} {key['issued_at']} revision {key['revision']}"
    arrays = _joined([unpack(block, what) for block in packed.blocks])
    arrays |= {name: arrays[kept] for name, kept in head["same"].items()}
    forecast = _forecast(head["forecast"], "forecast", layout, arrays)
    raw = _forecast(head["raw"], "raw", layout, arrays) if "raw" in head else forecast
    summary = Summary(**{name: arrays.get(name) for name in _SUMMARY})  # type: ignore[arg-type]
    problems = read_problems(head["problems"])
    return Bulletin(
        **key,
        layout=layout,
        summary=summary,
        raw=raw,
        forecast=forecast,
        problems=problems,
        digests=head["digests"],
        **more,
    )


def pack_observations(received: Observations) -> bytes:
    return pack({name: getattr(received, name) for name in _COLUMNS})


def unpack_observations(blob: bytes, series: tuple[str, ...]) -> Observations:
    return Observations(series=series, **unpack(blob, "row of observations"))


def _forecast_head(forecast: Forecast, name: str, layout: Layout, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """What is not arrays; the arrays, all with stations first, go to ``arrays``."""
    makers = tuple(dict.fromkeys(forecast.made_by))
    number = {maker: i for i, maker in enumerate(makers)}
    arrays[f"{name}.made_by"] = np.fromiter((number[m] for m in forecast.made_by), np.int32, len(forecast.made_by))
    for field in ("values", "rung", *_OPTIONAL):
        if getattr(forecast, field) is not None:
            arrays[f"{name}.{field}"] = getattr(forecast, field)
    return {
        "issued_at": str(forecast.issued_at),
        "step": int(forecast.step.astype("m8[s]").astype(np.int64)),
        "stations": None if forecast.stations == layout.stations else forecast.stations,
        "quantiles": forecast.quantiles,
        "makers": makers,
        "part_names": forecast.part_names,
    }


def _forecast(head: Mapping[str, Any], name: str, layout: Layout, arrays: Mapping[str, NDArray[Any]]) -> Forecast:
    makers = head["makers"]
    return Forecast(
        issued_at=np.datetime64(head["issued_at"]),
        step=np.timedelta64(head["step"], "s"),
        stations=layout.stations if head["stations"] is None else tuple(head["stations"]),
        quantiles=tuple(head["quantiles"]),
        values=arrays[f"{name}.values"],
        made_by=tuple(makers[i] for i in arrays[f"{name}.made_by"].tolist()),
        rung=arrays[f"{name}.rung"],
        part_names=tuple(head["part_names"]),
        members=arrays.get(f"{name}.members"),
        variance=arrays.get(f"{name}.variance"),
        parts=arrays.get(f"{name}.parts"),
    )


def _take_out_doubles(arrays: dict[str, NDArray[Any]]) -> dict[str, str]:
    """Remove arrays that are the same memory as an earlier one; {removed: kept}."""
    kept: dict[tuple[Any, ...], str] = {}
    same = {}
    for name, array in arrays.items():
        place = (array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str)
        if array.size and place in kept:
            same[name] = kept[place]
        kept.setdefault(place, name)
    for name in same:
        del arrays[name]
    return same


def _blocks(arrays: Mapping[str, NDArray[Any]]) -> tuple[bytes, ...]:
    """Blocks of BLOCK stations, each with its part of all arrays; at least one."""
    stations = max(len(a) for a in arrays.values())
    firsts = range(0, max(stations, 1), BLOCK)
    return tuple(pack({name: a[i : i + BLOCK] for name, a in arrays.items()}) for i in firsts)


def _joined(blocks: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    if len(blocks) == 1:
        return dict(blocks[0])
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
