"""A real SensorThings server for the tests: django-ogc-sensorthings on a PostgreSQL of its own, in an environment
of its own (it holds python-dateutil below 3), made once per machine and kept in the folder for
temporary files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from filelock import FileLock

sys.path.append(str(Path(__file__).resolve().parents[2] / "stores"))
from postgresql_server import Server, free_port, need_postgresql

PACKAGES = (
    "django-ogc-sensorthings==1.2.0",
    "Django==5.2.19",
    "django-ninja==1.7.1",
    "pydantic==2.14.4",
    "odata-query==0.10.0",
    "uuid_utils==1.2.0",
    "python-dateutil==2.9.0.post0",
    "psycopg[binary]==3.3.9",
    "uvicorn==0.54.0",
    "frost_sta_client==1.1.53",
)
HERE = Path(__file__).resolve().parent
USER, PASSWORD = "hydria", "a-password-of-a-test"


def environment() -> Path:
    """The Python that has the server; made now where it is not there yet. Skips by name, or fails where the machine
    must have it (.ci/run)."""
    python = f"{sys.version_info.major}{sys.version_info.minor}"
    folder = Path(tempfile.gettempdir()) / f"hydria-sensorthings-1.2.0-py{python}-{os.getuid()}"
    with FileLock(f"{folder}.lock"):
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            try:
                made(folder)
            except (OSError, subprocess.SubprocessError) as error:
                said = (getattr(error, "stderr", b"") or str(error).encode()).decode(errors="replace")
                refuse(said.strip().splitlines()[-1])
    return folder / "bin" / "python"


def made(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True, timeout=120)
    pip = [str(folder / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", *PACKAGES]
    subprocess.run(pip, check=True, capture_output=True, timeout=300)
    (folder / "ready").touch()


def refuse(why: str) -> None:
    told = f"the environment of django-ogc-sensorthings 1.2.0 cannot be made: {why}"
    if os.environ.get("HYDRIA_REQUIRE_SYSTEM"):
        pytest.fail(f"{told}; HYDRIA_REQUIRE_SYSTEM asks for it")
    pytest.skip(told)


class SensorThings:
    """The server. ``address`` is its root; ``get`` and ``post`` speak to it as a person with curl would."""

    def __init__(self, python: Path, postgresql: Server) -> None:
        self.python, self.port = python, free_port()
        self.site = f"http://127.0.0.1:{self.port}"
        self.address = f"{self.site}/sensorthings/v1.1"
        self._database = postgresql.database()
        self._around = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(HERE),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SITE_ADDRESS": self.site,
            "SITE_DATABASE": self._database.rsplit("/", 1)[1],
            "SITE_PORT": str(postgresql.port),
            "SITE_ACCESS": f"{USER}:{PASSWORD}",
        }
        self._client = httpx.Client(auth=(USER, PASSWORD), timeout=30, trust_env=False)
        subprocess.run(
            [str(python), "-m", "sensorthings_site"], env=self._around, check=True, capture_output=True, timeout=60
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        words = ("-m", "uvicorn", "--lifespan", "off", "--port", str(self.port), "--log-level", "critical")
        self._process = subprocess.Popen(
            [str(self.python), *words, "sensorthings_site:application"],
            env=self._around,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                self._client.get(f"{self.address}/")
                return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("the SensorThings server did not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def close(self) -> None:
        self.stop()
        self._client.close()

    def call(self, method: str, path: str, body: Any = None, **params: Any) -> httpx.Response:
        return self._client.request(method, f"{self.address}/{path}", json=body, params=params or None)

    def all(self, path: str, **options: Any) -> list[dict[str, Any]]:
        """Every entity of a collection, each once, by our own paging: with ``$skip``."""
        found: dict[str, dict[str, Any]] = {}
        for skip in range(0, 1_000_000, 90):
            asked = {f"${name}": value for name, value in options.items()} | {"$top": 100, "$skip": skip}
            answer = self.call("GET", path, **asked)
            assert answer.status_code == 200, answer.text
            page = answer.json()["value"]
            found |= {entity["@iot.id"]: entity for entity in page}
            if len(page) < 100:
                break
        return list(found.values())

    def taken(self) -> list[tuple[str, str]]:
        """Datastream and resultTime of each observation, in the order in which they were made: ids say when."""
        engine = sa.create_engine(self._database)
        with engine.connect() as connection:
            known = sa.inspect(connection).get_table_names()
            rows, streams = (next(t for t in known if t.endswith(f"_{n}")) for n in ("observation", "datastream"))
            chosen = f"SELECT d.name, o.result_time AT TIME ZONE 'UTC' FROM {rows} o JOIN {streams} d"
            found = connection.execute(sa.text(f"{chosen} ON d.id = o.datastream_id ORDER BY o.id")).all()
        engine.dispose()
        return [(name, at.isoformat()) for name, at in found]

    def empty(self) -> None:
        """Everything away; one call, for the server's own way is one entity at a time."""
        tables = "thing", "location", "historicallocation", "sensor", "observedproperty", "featureofinterest"
        engine = sa.create_engine(self._database)
        with engine.begin() as connection:
            known = sa.inspect(connection).get_table_names()
            names = [t for t in known if any(t.endswith(f"_{table}") for table in tables)]
            connection.execute(sa.text(f"TRUNCATE {', '.join(names)} CASCADE"))
        engine.dispose()

    def copy_datastreams(self, times: int) -> None:
        """Each Datastream so many times more, under other names."""
        engine = sa.create_engine(self._database)
        with engine.begin() as connection:
            known = sa.inspect(connection)
            table = next(t for t in known.get_table_names() if t.endswith("_datastream"))
            rest = ", ".join(c["name"] for c in known.get_columns(table) if c["name"] not in ("id", "name"))
            chosen = f"SELECT gen_random_uuid(), name || n, {rest} FROM {table}, generate_series(1, {times}) n"
            connection.execute(sa.text(f"INSERT INTO {table} (id, name, {rest}) {chosen}"))
        engine.dispose()

    def station(self, name: str, streams: dict[str, tuple[str, str]], **more: Any) -> dict[str, str]:
        """A Thing with a Location, and its Datastreams, name -> (unit, observed property); their ids."""
        place = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [4.1, 44.1]}, "properties": {}}
        spot = {"name": name, "description": "d", "encodingType": "application/geo+json", "location": place}
        thing = self.create("Things", {"name": name, "description": "d", "Locations": [spot], **more})
        return {stream: self.datastream(thing, stream, *words) for stream, words in streams.items()}

    def datastream(self, thing: str, name: str, unit: str, observed: str, **more: Any) -> str:
        sensor = {"name": "gauge", "description": "d", "encodingType": "text/html", "metadata": "m"}
        seen = {"name": observed, "definition": f"http://example.org/{observed}", "description": "d"}
        body = {
            "name": name,
            "description": "d",
            "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
            "unitOfMeasurement": {"name": unit, "symbol": unit, "definition": "http://example.org/unit"},
            "Thing": {"@iot.id": thing},
            "Sensor": {"@iot.id": self.create("Sensors", sensor)},
            "ObservedProperty": {"@iot.id": self.create("ObservedProperties", seen)},
        }
        return self.create("Datastreams", body | more)

    def observe(self, datastream: str, rows: Sequence[tuple[str, float] | tuple[str, str, float]]) -> None:
        """(phenomenonTime, result) or (phenomenonTime, resultTime, result)."""
        table = [[row[0], row[1] if len(row) == 3 else row[0], row[-1]] for row in rows]
        for first in range(0, len(table), 9000):
            part = table[first : first + 9000]
            array = {
                "Datastream": {"@iot.id": datastream},
                "components": ["phenomenonTime", "resultTime", "result"],
                "dataArray@iot.count": len(part),
                "dataArray": part,
            }
            self.create("CreateObservations", [array])

    def create(self, path: str, body: Any) -> str:
        """The id of a new entity."""
        answer = self.call("POST", path, body)
        assert answer.status_code == 201, f"{answer.status_code} {answer.text}"
        if path == "CreateObservations":
            assert "error" not in answer.json(), answer.text[:300]
            return ""
        return answer.headers["location"].split("('")[1].rstrip("')")


def sensorthings_of(folder_name: str = "") -> tuple[SensorThings, Any]:
    """A running server and what ends it."""
    programs, python = need_postgresql(), environment()
    folder = Path("/tmp") / f"hydria-sta-{folder_name or uuid.uuid4().hex[:8]}"  # short: a socket's path has 107 bytes
    folder.mkdir()
    postgresql = Server(programs, folder)
    server = SensorThings(python, postgresql)

    def end() -> None:
        server.close()
        postgresql.stop()
        shutil.rmtree(folder, ignore_errors=True)

    return server, end
