"""knox: which rain zone gives how much of the flow, and how fast."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .speaking import Config, columns, guarded, in_json, say

if TYPE_CHECKING:
    from ..explainers.knox.readings import Reading
    from ..explainers.knox.words import Names, Speech
    from ..workshop.knowledge import Knowledge

MOST = 50  # stations on one page
Out = Annotated[Path | None, typer.Option("--html", help="Write the report as one HTML page that works offline.")]


def register(app: typer.Typer) -> None:
    app.command("knox")(guarded(knox))


def knox(
    config: Config,
    station: Annotated[str, typer.Option(help="The station; all of the pipeline by default.")] = "",
    html: Out = None,
    as_json: Annotated[str, typer.Option("--json", help="Write the numbers as JSON to this file; - prints them.")] = "",
    svg: Annotated[Path | None, typer.Option(help="Write one station's plate for print (SVG).")] = None,
    language: Annotated[str, typer.Option(help="en or fr; the platform's by default.")] = "",
    pipeline: Annotated[str, typer.Option("--pipeline", help="The pipeline, where several have the station.")] = "",
) -> None:
    """Which rain zone gives how much of the flow, and how fast, read from the weights of the trained networks."""
    from ..explainers.knox.words import LANGUAGES
    from ..workshop.knowledge import knowledge_of

    if language and language not in LANGUAGES:
        raise typer.BadParameter(f"--language: {language!r} is not allowed; allowed: {', '.join(LANGUAGES)}")
    known = knowledge_of(config, station, pipeline)
    spoken = language or known.language
    if html is not None and len(known.readings) > MOST:
        raise typer.BadParameter(
            f"--html: a page holds {MOST} stations at most, not {len(known.readings)}; use --station"
        )
    if svg is not None and len(known.readings) > 1:
        raise typer.BadParameter(
            f"--svg: a plate shows one station; name it with --station: {', '.join(known.readings)}"
        )
    numbers_to = Path(as_json) if as_json not in ("", "-") else None
    files = ((html, page_of), (numbers_to, json_of), (svg, plate_of))
    written = [put(path, make(known, spoken)) for path, make in files if path is not None]
    say(
        in_json(json.loads(json_of(known, spoken)), 1) if as_json == "-" else "\n".join([told(known, spoken), *written])
    )


def put(path: Path, content: str) -> str:
    """Write it; a line that says so. Raises HydriaError."""
    from ..errors import HydriaError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    except OSError as cause:
        raise HydriaError(f"{path} cannot be written: {cause.strerror}") from cause
    return f"written: {path}"


def json_of(known: Knowledge, language: str) -> str:
    from ..explainers.knox.document import document

    held = document(known.pipeline, known.forecaster, known.version, known.readings, language)
    return json.dumps(held, ensure_ascii=False, allow_nan=False, indent=1)


def page_of(known: Knowledge, language: str) -> str:
    from ..explainers.knox.page import page, plotly_script

    return page(
        list(known.readings.values()),
        known.sites,
        language,
        pipeline=known.pipeline,
        forecaster=known.forecaster,
        version=known.version,
        script=plotly_script(),
    )


def plate_of(known: Knowledge, language: str) -> str:
    from ..explainers.knox.plate import plate
    from ..explainers.knox.words import Speech

    facts = {"pipeline": known.pipeline, "forecaster": known.forecaster, "version": known.version}
    ((station, reading),) = known.readings.items()
    return plate(reading, known.sites[station], language, Speech(language)["subtitle"].format(**facts))


def told(known: Knowledge, language: str) -> str:
    """For people at a terminal: per station the headline, a row per zone, the cautions."""
    from ..explainers.knox.words import Speech

    speech = Speech(language)
    return "\n\n".join(
        told_one(r, known.sites[s].gauges, known.sites[s].name, speech) for s, r in known.readings.items()
    )


def told_one(reading: Reading, gauges: Names, name: str, speech: Speech) -> str:
    from ..explainers.knox.page import numbers
    from ..explainers.knox.words import cautions_in_words, facts_in_words, headline, labels, skill_in_words

    head = [
        speech[key] for key in ("zone", "share", "spread", "volume share", "per std share", "mode", "centroid", "width")
    ]
    zones = zip(labels(reading, gauges), reading.slots, strict=True)
    table = columns([[zone, *numbers(slot, reading, speech)] for zone, slot in zones], head)
    about = f"{skill_in_words(reading, speech)} {facts_in_words(reading, speech)}"
    cautions = [f"! {said}" for said in cautions_in_words(reading, speech, gauges)]
    return "\n".join([f"{name}: {headline(reading, speech, gauges)}", table, about, *cautions])
