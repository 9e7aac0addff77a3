"""The KnoX document as a contract: what ``hydria knox --json`` writes and what lies with a model as ``knox.json``.

``knox.schema.json`` beside this file is the same in JSON Schema, for hosts; a test keeps the two alike. Shares are
fractions of 1, times are in steps of the record, lead apart. No number is NaN or infinite: what is not known is null.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA = Path(__file__).with_name("knox.schema.json")
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Finite  # of 1; a signed read-out may go a little below 0
Steps = Finite
Count = Annotated[int, Field(ge=0)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ShareModel(Strict):
    """Gain share, mm for mm, of the rain: the medians of a station sum to 1."""

    median: Share
    q25: Share
    q75: Share


class LagModel(Strict):
    """How much of a zone's effect comes so many steps after the rain; quartiles over the initialisations."""

    steps: Count
    share: Share
    q25: Share | None = None
    q75: Share | None = None


class ResponseModel(Strict):
    """The response time of a zone, in steps, lead apart."""

    mode: Steps
    centroid: Steps
    p10: Steps
    p90: Steps


class SlotModel(Strict):
    """One rain zone."""

    slot: str
    series: str
    share: ShareModel
    volume_share: Share
    per_std_share: Share
    lags: list[LagModel]
    response: ResponseModel | None
    wet_share: Share | None = None
    dry_share: Share | None = None


class CautionModel(Strict):
    """A warning by its code; its sentence stands at the same place of ``warnings``. It bears on shares or on times."""

    code: str
    about: Literal["shares", "times"] = "shares"
    numbers: dict[str, Finite]
    slots: list[str]


class StationModel(Strict):
    """What the networks of one station say."""

    variant: str
    initialisations: Count
    dropped: Count
    skill: dict[str, Finite]
    slots: list[SlotModel]
    state_share: Share
    variants: dict[str, list[Share]]
    negative_share: Share
    window: Count
    step_s: Annotated[int, Field(gt=0)]
    lead: Count
    warnings: list[str]
    cautions: list[CautionModel]


class DocumentModel(Strict):
    """The readings of one model of one pipeline."""

    pipeline: str
    forecaster: str
    version: str
    stations: dict[str, StationModel]


def json_schema() -> dict[str, Any]:
    """The contract as JSON Schema (draft 2020-12)."""
    held = DocumentModel.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **held, "title": "hydria knox"}
