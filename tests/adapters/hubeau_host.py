"""Hub'Eau as it is, on the loopback address: pages with a cursor and 206, a month and no more, site rows beside those
of stations, newest first. It holds the rows that a test gives it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
import pandas as pd
from web_server import Server

from hydria_plugin import Wanted

ROOT = "/api/v2/hydrometrie"
MONTH = b'{"code":"InvalidRequest","message":"date can\'t be < 1 month from now"}'
NOW = np.datetime64("2026-11-26T06:00:00", "us")


def row(station: str | None, quantity: str, time: str, value: Any, **more: Any) -> dict[str, Any]:
    """A row as the service writes it, made up by us."""
    site = more.pop("site", (station or "")[:8])
    plain = {
        "code_site": site,
        "code_station": station,
        "grandeur_hydro": quantity,
        "date_debut_serie": "2026-11-25T00:00:00Z",
        "date_fin_serie": time,
        "code_systeme_alti_serie": 31,
        "date_obs": time,
        "resultat_obs": value,
        "code_methode_obs": 0 if quantity == "H" else 8,
        "libelle_methode_obs": "Mesurée" if quantity == "H" else "Calculée",
        "code_qualification_obs": 16,
        "libelle_qualification_obs": "Non qualifiée",
        "longitude": 4.1,
        "latitude": 44.1,
        "code_statut": 4,
        "libelle_statut": "Brute",
        "code_continuite": 0,
        "libelle_continuite": "Continue",
    }
    return {**plain, **more}


@dataclass
class Hubeau:
    """The service. ``now`` is its clock; ``spoiled``: codes that make it answer 400."""

    server: Server
    rows: list[dict[str, Any]] = field(default_factory=list)
    now: np.datetime64 = NOW
    spoiled: Sequence[str] = ()
    days: int = 0  # how many it keeps, where that is not a month
    is_dated: bool = False  # tell its clock in the header Date

    def __post_init__(self) -> None:
        self.server.says[f"{ROOT}/observations_tr"] = [self.say]

    @property
    def url(self) -> str:
        return f"{self.server.address}{ROOT}"

    @property
    def asked(self) -> list[dict[str, str]]:
        """The parameters of each call."""
        return [dict(parse_qsl(urlsplit(path).query)) for _, path, _, _ in self.server.calls]

    def say(self, handler: BaseHTTPRequestHandler) -> None:
        status, message = self.answer(dict(parse_qsl(urlsplit(handler.path).query)))
        answered(handler, status, message, self.now if self.is_dated else None)

    def answer(self, params: Mapping[str, str]) -> tuple[int, bytes]:
        if any(code in self.spoiled for code in params.get("code_entite", "").split(",")):
            return 400, b'{"code":"ValidateError","message":"code_entite is not valid"}'
        begin = params.get("date_debut_obs", "")
        ago = pd.DateOffset(days=self.days) if self.days else pd.DateOffset(months=1)
        if begin and pd.Timestamp(begin) < pd.Timestamp(self.now, tz="UTC") - ago:
            return 400, MONTH
        chosen = sorted((r for r in self.rows if fits(r, params)), key=lambda r: str(r["date_obs"]), reverse=True)
        size, first = int(params.get("size", 1000)), 0
        if "cursor" in params:
            first = int(base64.b64decode(params["cursor"]))
        part = chosen[first : first + size]
        following = None
        if first + size < len(chosen):
            cursor = base64.b64encode(str(first + size).encode()).decode()
            query = urlencode({**params, "cursor": cursor})
            following = f"https://hubeau.eaufrance.fr{ROOT}/observations_tr?{query}"
        if "fields" in params:
            part = [{k: r.get(k) for k in params["fields"].split(",")} for r in part]
        message = {"count": len(chosen), "next": following, "api_version": "2.0.1", "data": part}
        return 206 if following else 200, json.dumps(message).encode()


def fits(row: Mapping[str, Any], params: Mapping[str, str]) -> bool:
    """A station is found by its own code and by that of its site, and the site's own rows by either."""
    codes = params.get("code_entite", "").split(",")
    station, site = row["code_station"], row["code_site"]
    if codes != [""] and not any(c in (station, site) or (station is None and c[:8] == site) for c in codes):
        return False
    if row["grandeur_hydro"] not in params.get("grandeur_hydro", "H,Q").split(","):
        return False
    time = str(row["date_obs"])
    return params.get("date_debut_obs", "") <= time and time <= params.get("date_fin_obs", "~")


def answered(handler: BaseHTTPRequestHandler, status: int, body: bytes, now: np.datetime64 | None = None) -> None:
    """Without a Date unless told: the machine that tests is not of the test's time."""
    handler.send_response_only(status)
    if now is not None:
        stamp = now.astype("datetime64[s]").item()
        handler.send_header("Date", stamp.strftime("%a, %d %b %Y %H:%M:%S GMT"))
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def wanted(series: Sequence[str], start: str = "2026-11-26T00:00", issued_at: str = "2026-11-26T06:00") -> Wanted:
    """Ten-minute steps; made two minutes after the issue time."""
    step, issue = np.timedelta64(600, "s"), np.datetime64(issued_at, "s")
    known = issue.astype("datetime64[us]") + np.timedelta64(2, "m")
    return Wanted(tuple(series), np.datetime64(start, "s"), issue, known, issue + 36 * step, step)


def errors(table: Any) -> list[str]:
    return [p.error for p in table.attrs["problems"]]
