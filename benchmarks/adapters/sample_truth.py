"""What a file holds by plain lxml, json and lines of text, without the adapters: how many of what they should find, or
the words that a right refusal must say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lxml import etree

MAGIC = {b"PK\x03\x04": "ZIP", b"\x89HDF": "NetCDF", b"CDF": "NetCDF"}
ROOTS = {"Diag": "diagnostics", "generalAdapterRun": "a configuration of the General Adapter"}
RESULTS = ("ResObsHydro", "ResObsMeteo")
PLACES = ("SiteHydro", "StationHydro", "Capteur", "CourbeTarage", "ValeursSeuilStationHydro")
CODES = ("CdSiteHydro", "CdStationHydro", "CdCapteur")

Truth = int | str  # a count, or what a refusal must name


def fews(path: Path) -> Truth:
    data = path.read_bytes()
    for head, name in MAGIC.items():
        if data.startswith(head):
            return name
    if path.suffix == ".json":
        found = document(path)
        if isinstance(found, dict) and "locations" in found:
            return len(found["locations"])
        series = found.get("timeSeries") if isinstance(found, dict) else None
        counts = [len(one.get("events", ())) for one in series or ()]
        return (sum(counts) or len(counts)) if series is not None else "no list timeSeries"
    if path.suffix == ".bin":
        return f"{len(data)} bytes = {len(data) // 4} values"
    if path.suffix == ".csv":
        return "no column 'time'" if b"time" not in data.split(b"\n")[0] else 0
    root = etree.fromstring(data)
    name = local(root)
    if name in ROOTS:
        return ROOTS[name]
    if name == "RatingCurves":  # rows that rise: of several with one discharge the last
        return sum(len({row.get("discharge") for row in table.iter("{*}row")}) for table in root.iter("{*}table"))
    tags = {"TimeSeries": "event", "Run": "inputTimeSeriesFile"}
    return count(root, tags[name]) or (count(root, "series") if name == "TimeSeries" else 0)


def sandre(path: Path) -> Truth:
    data = path.read_bytes()
    if path.suffix == ".hfs":
        return "SHOM"
    if path.suffix == ".csv":
        head, _, *lines = [line.split(";") for line in data.decode("iso-8859-1").splitlines()]
        places = [n for n, name in enumerate(head) if name.strip("<> ") in CODES]
        return len(lines) if b"<ResObs" in data else len({line[n] for line in lines for n in places} - {""})
    root = etree.fromstring(data)
    if count(root, "ObsElaborHydro"):
        return "elaborated"
    values = sum(count(root, tag) for tag in RESULTS) + sum(
        1 for one in root.iter("{*}Prev") if one.find("{*}ResMoyPrev") is not None or "50" in texts(one, "PProbPrev")
    )
    described = {(e.text or "").strip() for tag in CODES for e in root.iter(f"{{*}}{tag}") if is_described(e)}
    return values or len(described) + count(root, "GrdMeteo")


def is_described(code: etree._Element) -> bool:
    """Whether the message is about this place, not about one that it is a neighbour of."""
    around = [local(one) for one in code.iterancestors()]
    return around[0] in PLACES and not any(name.startswith("PlageAsso") for name in around)


def hubeau(path: Path) -> Truth:
    return len(document(path)["data"])


def vigicrues(path: Path) -> Truth:
    found = document(path)
    if "Serie" in found:
        return len(found["Serie"]["ObssHydro"])
    if "Simul" in found:
        return 3 * len(found["Simul"]["Prevs"])
    return next((key for key in found if key.startswith("vic:")), "RefInfoVigiCru")


def sensorthings(path: Path) -> Truth:
    rows = document(path)["value"]
    return sum(len(row["dataArray"]) if "dataArray" in row else 1 for row in rows)


def cap(path: Path) -> Truth:
    """By the schema, where it is there."""
    root = etree.parse(path).getroot()
    if "cap:1.2" not in str(root.tag):
        return "not CAP 1.2"
    schema = etree.XMLSchema(etree.parse(path.parents[1] / "xsd" / "CAP-v1.2.xsd"))
    if schema.validate(root):
        return count(root, "info")
    expected = str(schema.error_log.last_error).rpartition("Expected is")[2]
    return next((name for name in ("scope", "sender", "sent", "status") if name in expected), expected)


def csv(path: Path) -> Truth:
    return sum(1 for line in path.read_text().splitlines() if line and not line.startswith("#"))


def document(path: Path) -> Any:
    return json.loads(path.read_bytes())


def local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def count(root: etree._Element, tag: str) -> int:
    return sum(1 for _ in root.iter(f"{{*}}{tag}"))


def texts(element: etree._Element, tag: str) -> list[str]:
    return [(e.text or "").strip() for e in element.iter(f"{{*}}{tag}")]


TRUTH: dict[str, Callable[[Path], Truth]] = {
    "fews": fews, "sandre": sandre, "hubeau": hubeau, "vigicrues": vigicrues, "sensorthings": sensorthings, "cap": cap,
    "csv": csv,
}  # fmt: skip
