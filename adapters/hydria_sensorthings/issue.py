"""The observations of one issue time, brought to what they should be: none twice, none missing, none left over."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hydria_plugin import FeedError
from hydria_plugin.exchange import Refusal, iso_utc, moment

from .holdings import Held
from .links import path_of
from .plan import Cell, alike, rounded
from .service import Service

MOST_ROWS = 2000  # observations in one call
ERROR = "error"


@dataclass(frozen=True, slots=True)
class Kept:
    """An observation that the server holds."""

    path: str
    valid: np.datetime64
    value: float
    parameters: Any


@dataclass(frozen=True, slots=True)
class Fresh:
    """An observation that it does not hold yet."""

    stream: Held
    cell: Cell


def held_at(service: Service, stream: Held, issued_at: np.datetime64) -> list[Kept]:
    """The observations of a Datastream with this resultTime."""
    asked = {"$filter": f"resultTime eq {iso_utc(issued_at)}"}
    return [
        kept for found in service.entities("Observations", asked, within=stream.path) if (kept := kept_of(found.body))
    ]


def kept_of(body: Mapping[str, Any]) -> Kept | None:
    try:
        valid = moment(str(body.get("phenomenonTime")).partition("/")[0])
        value = float(body.get("result", math.nan))
    except (ValueError, TypeError, OverflowError):
        return None
    return Kept(path_of(dict(body), "Observations"), valid.astype("datetime64[s]"), value, body.get("parameters"))


def mended(service: Service, stream: Held, cells: Sequence[Cell], issued_at: np.datetime64) -> list[Fresh]:
    """Change and remove what is there of an issue time so that it is ``cells``; what is still to be written."""
    there: dict[np.datetime64, Kept] = {}
    wanted = {cell.valid.astype("datetime64[s]"): cell for cell in cells}
    for kept in sorted(held_at(service, stream, issued_at), key=lambda k: k.path):
        if kept.valid in there or kept.valid not in wanted:
            service.remove(kept.path)
        else:
            there[kept.valid] = kept
    for valid, kept in there.items():
        result, parameters = rounded(wanted[valid].value * stream.scale), wanted[valid].parameters
        if not math.isclose(kept.value, result, rel_tol=1e-9, abs_tol=1e-12) or not alike(kept.parameters, parameters):
            body = {"result": result} if parameters is None else {"result": result, "parameters": parameters}
            service.change(kept.path, body)
    return [Fresh(stream, cell) for valid, cell in wanted.items() if valid not in there]


def put(service: Service, fresh: Sequence[Fresh], issued_at: np.datetime64) -> None:
    """Write observations that are not there. Raises FeedError where any is refused."""
    if not service.has_data_arrays():
        for one in fresh:
            put_alone(service, one, issued_at)
        return
    for first in range(0, len(fresh), MOST_ROWS):
        parts = by_stream(fresh[first : first + MOST_ROWS])
        rows = [one for part in parts for one in part]
        answers = service.create_observations([group_of(part, issued_at) for part in parts])
        if ERROR in answers and len(answers) != len(rows):
            told = f"{answers.count(ERROR)} of {len(answers)} answers are {ERROR!r}, for {len(rows)} observations"
            raise FeedError(f"{service.address}: CreateObservations did not take all: {told}")
        for one, answer in zip(rows, answers, strict=False):
            if answer == ERROR:  # alone, the server says why
                put_alone(service, one, issued_at)


def by_stream(fresh: Sequence[Fresh]) -> list[list[Fresh]]:
    """Those of one Datastream, of one shape, together."""
    parts: dict[tuple[str, bool], list[Fresh]] = {}
    for one in fresh:
        parts.setdefault((one.stream.path, one.cell.parameters is None), []).append(one)
    return list(parts.values())


def group_of(part: Sequence[Fresh], issued_at: np.datetime64) -> dict[str, Any]:
    """One Datastream's rows of a data array."""
    bodies = [body_of(one, issued_at) for one in part]
    components = list(bodies[0])
    rows = [list(body.values()) for body in bodies]
    if part[0].stream.feature != "":
        components.append("FeatureOfInterest/id")
        rows = [[*row, part[0].stream.feature] for row in rows]
    return {
        "Datastream": {"@iot.id": part[0].stream.id},
        "components": components,
        "dataArray@iot.count": len(rows),
        "dataArray": rows,
    }


def body_of(one: Fresh, issued_at: np.datetime64) -> dict[str, Any]:
    body = {
        "phenomenonTime": iso_utc(one.cell.valid),
        "resultTime": iso_utc(issued_at),
        "result": rounded(one.cell.value * one.stream.scale),
    }
    return body if one.cell.parameters is None else {**body, "parameters": one.cell.parameters}


def put_alone(service: Service, one: Fresh, issued_at: np.datetime64) -> None:
    body = {**body_of(one, issued_at), "Datastream": {"@iot.id": one.stream.id}}
    if one.stream.feature != "":
        body["FeatureOfInterest"] = {"@iot.id": one.stream.feature}
    try:
        service.create("Observations", body)
    except Refusal as refusal:
        what = f"the observation of {one.stream.name!r} valid at {iso_utc(one.cell.valid)}"
        raise FeedError(f"{what} was refused: {refusal}") from refusal
