"""A web service like that of FEWS for tests: it keeps what is posted and answers it back, with the quirks of the real
one (the last day only without startTime; read-only by default), and misbehaves when told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from lxml import etree

DAY = np.timedelta64(86_400, "s")
NAMESPACE = "{http://www.wldelft.nl/fews/PI}"
Key = tuple[str, str, tuple[str, ...], str, str]


class PiServer:
    """``held``: by location, parameter, qualifiers, member and T0: header facts, and events by (date, time)."""

    def __init__(self, port: int = 0) -> None:
        self.held: dict[Key, tuple[dict[str, Any], dict[tuple[str, str], dict[str, str]]]] = {}
        self.questions: list[tuple[str, dict[str, list[str]]]] = []
        self.knows_forecast_times = True  # of a question
        self.posted: list[tuple[str, dict[str, list[str]]]] = []  # content type and query
        self.headers: list[dict[str, str]] = []  # of every call
        self.posts = 0
        self.read_only = False
        self.keeps: Callable[[Key], bool] = lambda key: True  # what no time series set holds is dropped in silence
        self.now = np.datetime64("2030-01-01T00:00:00", "s")
        self.trouble: list[Callable[[BaseHTTPRequestHandler], None]] = []  # what comes instead of the next answers
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.headers.append(dict(self.headers))
                outer.answer(self)

            def do_POST(self) -> None:
                outer.headers.append(dict(self.headers))
                outer.posted.append((self.headers["Content-Type"], parse_qs(urlsplit(self.path).query)))
                outer.take(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/FewsWebServices/rest/fewspiservice/v1"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    # ---- what is asked ----

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path, query = urlsplit(handler.path).path.rpartition("/")[2], parse_qs(urlsplit(handler.path).query)
        self.questions.append((path, query))
        if self.trouble:
            self.trouble.pop(0)(handler)
        elif path == "locations":
            places = sorted({key[0] for key in self.held})
            listed = [{"locationId": p, "shortName": p.title(), "lat": "44.1", "lon": "4.1"} for p in places]
            say(handler, 200, json.dumps({"locations": listed}).encode())
        elif path == "timeseries":
            found = list(self.found(query))
            is_json = query.get("documentFormat", ["PI_XML"])[0] == "PI_JSON"
            say(handler, 200, as_json(found) if is_json else as_xml(found))
        else:
            say(handler, 404, b"not here")

    def found(self, query: dict[str, list[str]]) -> Iterator[tuple[dict[str, Any], list[dict[str, str]]]]:
        if not self.knows_forecast_times:
            query = {name: given for name, given in query.items() if not name.endswith("ForecastTime")}
        start = moment(query["startTime"][0]) if "startTime" in query else self.now - DAY
        end = moment(query["endTime"][0]) if "endTime" in query else self.now + DAY
        for key, (header, events) in self.held.items():
            asked = (key[0] in query.get("locationIds", [key[0]])) and (key[1] in query.get("parameterIds", [key[1]]))
            if (
                asked
                and query.get("startForecastTime", [""])[0] <= f"{key[4]}Z" <= query.get("endForecastTime", ["T~"])[0]
            ):
                inside = [{**e} for (d, t), e in sorted(events.items()) if start <= np.datetime64(f"{d}T{t}") <= end]
                shown = {n: f for n, f in header.items() if n != "thresholds" or "showThresholds" in query}
                yield shown, [] if "onlyHeaders" in query else inside

    # ---- what is posted ----

    def take(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if self.trouble:
            self.trouble.pop(0)(handler)
            return
        if self.read_only:
            say(handler, 403, b"Forbidden: the service runs in read only mode")
            return
        self.posts += 1
        self.keep(handler.headers["Content-Type"], body)
        say(handler, 200, b"")

    def keep(self, kind: str, body: bytes) -> None:
        if kind == "application/json":
            series = [(one["header"], one.get("events", [])) for one in json.loads(body)["timeSeries"]]
        else:
            root = etree.fromstring(parse_qs(body.decode())["piTimeSeriesXmlContent"][0].encode())
            series = [
                (facts(one.find(f"{NAMESPACE}header")), [dict(e.attrib) for e in one.findall(f"{NAMESPACE}event")])
                for one in root.findall(f"{NAMESPACE}series")
            ]
        for header, events in series:
            issue = header.get("forecastDate", {})
            qualifiers = header.get("qualifierId", [])
            key = (
                header["locationId"], header["parameterId"], tuple(qualifiers),
                header.get("ensembleMemberIndex", ""), f"{issue.get('date', '')}T{issue.get('time', '')}",
            )  # fmt: skip
            if self.keeps(key):
                self.held.setdefault(key, (header, {}))[1].update({(e["date"], e["time"]): e for e in events})


def facts(element: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in element:
        name = child.tag.removeprefix(NAMESPACE)
        value = dict(child.attrib) if child.attrib else child.text
        found[name] = [*found.get(name, []), value] if name == "qualifierId" else value
    return found


def as_json(found: list[tuple[dict[str, Any], list[dict[str, str]]]]) -> bytes:
    series = [{"header": header, **({"events": events} if events else {})} for header, events in found]
    return json.dumps({"version": "1.34", "timeZone": "0.0", "timeSeries": series}).encode()


def as_xml(found: list[tuple[dict[str, Any], list[dict[str, str]]]]) -> bytes:
    root = etree.Element(f"{NAMESPACE}TimeSeries", nsmap={None: NAMESPACE[1:-1]})
    etree.SubElement(root, f"{NAMESPACE}timeZone").text = "0.0"
    for header, events in found:
        one = etree.SubElement(root, f"{NAMESPACE}series")
        grow(etree.SubElement(one, f"{NAMESPACE}header"), header)
        for event in events:
            etree.SubElement(one, f"{NAMESPACE}event", event)
    return etree.tostring(root)


def grow(parent: Any, tree: dict[str, Any]) -> None:
    for name, value in tree.items():
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, dict):
                etree.SubElement(parent, f"{NAMESPACE}{name}").text = str(one)
                continue
            child = etree.SubElement(parent, f"{NAMESPACE}{name}", {k: v for k, v in one.items() if isinstance(v, str)})
            grow(child, {k: v for k, v in one.items() if not isinstance(v, str)})


def moment(text: str) -> np.datetime64:
    return np.datetime64(text.removesuffix("Z"), "s")


def say(handler: BaseHTTPRequestHandler, status: int, body: bytes, length: int | None = None) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def failing(status: int, body: bytes = b"") -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda handler: say(handler, status, body)


def half(body: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    """Half of an answer that promised to be whole."""

    def said(handler: BaseHTTPRequestHandler) -> None:
        say(handler, 200, body[: len(body) // 2], len(body))
        handler.close_connection = True
        handler.connection.close()

    return said


@contextmanager
def serving(port: int = 0) -> Iterator[PiServer]:
    server = PiServer(port)
    try:
        yield server
    finally:
        server.close()
