"""The SCHAPI CSV drop: ``;``, decimal comma, dd/mm/yyyy, two header lines, ``FLG`` at the end of every line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hydria_plugin import FeedError

from .codes import number
from .collecting import Collector, Points
from .faults import quoted
from .rows import Stream
from .times import NEVER, day_first

END = "FLG"
HYDRO, METEO, SITES = "ResObsHydro", "ResObsMeteo", ("LbSiteHydro", "LbSiteMeteo")
ALLOWED = "a first line such as <CdSiteHydro>;<CdStationHydro>;<GrdSerie>;<DtObsHydro>;<ResObsHydro>;...;<FLG>"
TIDE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s+-?\d+\.\d+$")
Line = dict[str, str]


def decoded(data: bytes) -> str:
    """UTF-8 where it is that, else ISO-8859-1, which some producers write."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("iso-8859-1")


def table_of(text: str, place: str, collector: Collector | None = None) -> tuple[list[str], list[Line]]:
    """Column names without their brackets, and the whole lines. Raises FeedError where it is no such drop."""
    lines = text.splitlines()
    names = [cell.strip(" <>") for cell in lines[0].split(";")] if lines else []
    if len(names) < 2 or not any(name in (HYDRO, METEO, *SITES) for name in names):
        raise FeedError(f"{place}: is neither XML nor a SCHAPI CSV drop: {told(lines[0] if lines else '')}")
    found = []
    for at, line in enumerate(lines[1:], 2):
        cells = [cell.strip() for cell in line.split(";")]
        if not line.strip() or (at == 2 and is_second_header(cells)):
            continue
        if len(cells) != len(names) or (names[-1] == END and cells[-1] != END):
            if collector:
                collector.faults.add("line", f"line {at} has {len(cells)} cells or lacks {END}: {quoted(line)}")
            continue
        found.append(dict(zip(names, cells, strict=True)))
    return names, found


def told(first: str) -> str:
    """How the file begins, and what would be right."""
    tide = " (a tide of SHOM's? the csv adapter reads columns)" if TIDE.match(first) else ""
    return f"it begins {quoted(first)}{tide}; allowed: {ALLOWED}"


def is_second_header(cells: Sequence[str]) -> bool:
    """The line that repeats the header in words: no cell of it holds a digit, as every code does."""
    return cells[-1].strip("<> ") == END and not any(c.isdigit() for cell in cells for c in cell)


def read_csv(data: bytes, place: str, collector: Collector) -> frozenset[str]:
    """What the file holds besides values. Raises FeedError where it is no drop."""
    names, lines = table_of(decoded(data), place, collector)
    if HYDRO not in names and METEO not in names:
        return frozenset(["SitesHydro" if SITES[0] in names else "SitesMeteo"])
    kept: dict[Stream, Points] = {}
    for line in lines:
        stream = hydro_stream(line) if HYDRO in names else meteo_stream(line)
        if not stream.code or not stream.quantity:
            collector.faults.add("whose", f"a line says not whose it is, or what it measures: {quoted(str(line))}")
            continue
        end = "Hydro" if HYDRO in names else "Meteo"
        judged = line.get(f"Qualif{'Obs' + end}", ""), line.get(f"MethObs{end}", ""), status_of(line)
        value = line[f"ResObs{end}"].replace(",", ".")
        kept.setdefault(stream, Points()).add(day_first(line.get(f"DtObs{end}", "")), value, collector.trust[judged])
    for stream, points in kept.items():
        collector.keep(stream, points, NEVER)
    return frozenset()


def hydro_stream(line: Line) -> Stream:
    code = line.get("CdCapteur") or line.get("CdStationHydro") or line.get("CdSiteHydro", "")
    quantity = line.get("GrdSerie") or line.get("GrdSerieObsHydro", "")
    basis = max(number(line.get("SysAltiSerie", "")), 0) if quantity == "H" else 0
    return Stream(code, quantity, basis, "", "csv")


def meteo_stream(line: Line) -> Stream:
    basis = max(number(line.get("DureeObsMeteo", "")), 0)
    return Stream(line.get("CdSiteMeteo", ""), line.get("CdGrdMeteo", ""), basis, "", "csv")


def status_of(line: Line) -> str:
    names = ("StatutSerie", "StObsHydro", "StatutObsMeteo", "StObsMeteo")
    return next((line[n] for n in names if line.get(n)), "")
