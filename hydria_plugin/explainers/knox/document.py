"""Readings as the KnoX document, and back: JSON-able dicts in the names of ``schema``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import ValidationError

from hydria_plugin import ModelError

from .readings import Caution, Reading, Response, Share, SlotReading
from .schema import CautionModel, DocumentModel, SlotModel, StationModel
from .words import Speech, cautions_in_words

Document = dict[str, Any]


def document(
    pipeline: str, forecaster: str, version: str, readings: Mapping[str, Reading], language: str = "en"
) -> Document:
    """The document of ``readings`` by station, its warnings in ``language`` (en or fr). Raises ModelError when a
    reading holds what the contract does not allow, such as a NaN."""
    speech = Speech(language)
    try:
        made = DocumentModel.model_validate(
            {
                "pipeline": pipeline,
                "forecaster": forecaster,
                "version": version,
                "stations": {station: station_facts(reading, speech) for station, reading in readings.items()},
            }
        )
    except ValidationError as cause:
        raise ModelError(f"the KnoX reading of {forecaster} breaks its contract: {first_fault(cause)}") from cause
    return made.model_dump(mode="json")


def station_facts(reading: Reading, speech: Speech) -> Document:
    """One station's part of the document."""
    return {
        "variant": reading.variant,
        "initialisations": reading.initialisations,
        "dropped": reading.dropped,
        "skill": dict(reading.skill),
        "slots": [slot_facts(slot) for slot in reading.slots],
        "state_share": reading.state_share,
        "variants": {name: list(shares) for name, shares in reading.variants.items()},
        "negative_share": reading.negative_share,
        "window": reading.window,
        "step_s": int(reading.step / np.timedelta64(1, "s")),
        "lead": reading.lead,
        "warnings": cautions_in_words(reading, speech),
        "cautions": [caution_facts(caution) for caution in reading.cautions],
    }


def caution_facts(caution: Caution) -> Document:
    numbers, slots = dict(caution.numbers), list(caution.slots)
    return {"code": caution.code, "about": caution.about, "numbers": numbers, "slots": slots}


def slot_facts(slot: SlotReading) -> Document:
    r = slot.response
    return {
        "slot": slot.slot,
        "series": slot.series,
        "share": {"median": slot.share.median, "q25": slot.share.q25, "q75": slot.share.q75},
        "volume_share": slot.volume_share,
        "per_std_share": slot.per_std_share,
        "lags": [lag_facts(slot, lag) for lag in range(len(slot.lags))],
        "response": None if r is None else {"mode": r.mode, "centroid": r.centroid, "p10": r.p10, "p90": r.p90},
        "wet_share": slot.wet_share,
        "dry_share": slot.dry_share,
    }


def lag_facts(slot: SlotReading, lag: int) -> Document:
    known = len(slot.lags_q25) == len(slot.lags_q75) == len(slot.lags)
    low, high = (slot.lags_q25[lag], slot.lags_q75[lag]) if known else (None, None)
    return {"steps": lag, "share": slot.lags[lag], "q25": low, "q75": high}


def readings_in(held: Any) -> dict[str, Reading]:
    """The readings of a document, by station. Raises ModelError when it is none."""
    try:
        checked = DocumentModel.model_validate(held)
    except ValidationError as cause:
        raise ModelError(f"this is no KnoX document: {first_fault(cause)}") from cause
    return {station: reading_of(station, facts) for station, facts in checked.stations.items()}


def reading_of(station: str, facts: StationModel) -> Reading:
    return Reading(
        station=station,
        variant=facts.variant,
        initialisations=facts.initialisations,
        dropped=facts.dropped,
        skill=facts.skill,
        slots=tuple(slot_of(slot) for slot in facts.slots),
        state_share=facts.state_share,
        variants={name: tuple(shares) for name, shares in facts.variants.items()},
        negative_share=facts.negative_share,
        window=facts.window,
        step=np.timedelta64(facts.step_s, "s"),
        lead=facts.lead,
        cautions=tuple(caution_of(c) for c in facts.cautions),
    )


def slot_of(facts: SlotModel) -> SlotReading:
    return SlotReading(
        slot=facts.slot,
        series=facts.series,
        share=Share(**facts.share.model_dump()),
        volume_share=facts.volume_share,
        per_std_share=facts.per_std_share,
        lags=tuple(lag.share for lag in facts.lags),
        response=None if facts.response is None else Response(**facts.response.model_dump()),
        wet_share=facts.wet_share,
        dry_share=facts.dry_share,
        lags_q25=tuple(lag.q25 for lag in facts.lags if lag.q25 is not None),
        lags_q75=tuple(lag.q75 for lag in facts.lags if lag.q75 is not None),
    )


def caution_of(facts: CautionModel) -> Caution:
    return Caution(facts.code, facts.numbers, tuple(facts.slots))


def first_fault(error: ValidationError) -> str:
    """Where and what, of the first of them."""
    fault = error.errors()[0]
    return f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
