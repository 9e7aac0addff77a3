"""One suite over all stores, against a real PostgreSQL that runs for the session as an unprivileged user."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hydria_plugin import Store
from hydria_plugin.stores import hydria_stores

POSTGRESQL = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
Open = Callable[[], Store]


def need_postgresql() -> Path:
    """The folder of its programs; skip by name, or fail where the machine must have it (.ci/run)."""
    if not POSTGRESQL or not (POSTGRESQL[0] / "initdb").exists():
        if os.environ.get("HYDRIA_REQUIRE_SYSTEM"):
            pytest.fail(
                "PostgreSQL is not installed, and HYDRIA_REQUIRE_SYSTEM asks for it: apt-get install postgresql"
            )
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    return POSTGRESQL[0]


def unprivileged(*command: str) -> None:
    """PostgreSQL refuses to run as root."""
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*as_user, *command], check=True, capture_output=True, timeout=60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A PostgreSQL of our own; ``database()`` makes an empty one."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder, self.port = programs, folder, free_port()
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        data = str(folder / "data")
        options = ("-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        unprivileged(str(programs / "initdb"), "-D", data, *options)
        self.start()

    def start(self) -> None:
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off"
        log = str(self.folder / "log")
        self.control("-w", "-t", "30", "-l", log, "-o", settings, "start")

    def stop(self) -> None:
        self.control("-m", "immediate", "stop")

    def control(self, *words: str) -> None:
        unprivileged(str(self.programs / "pg_ctl"), "-D", str(self.folder / "data"), *words)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"t{uuid.uuid4().hex[:12]}"
        engine = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    programs = need_postgresql()
    folder = Path("/tmp") / f"hydria-pg-{uuid.uuid4().hex[:8]}"  # short: a socket's path has 107 bytes
    folder.mkdir()
    server = None
    try:
        server = Server(programs, folder)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def sql_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hydria.db'}"
    return str(request.getfixturevalue("postgresql").database())


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same store again and again, as restarts do; one in memory is simply handed out again."""
    build, opened = hydria_stores()[request.param], []
    if request.param == "memory":
        only = build(url="memory:")
        yield lambda: only
        return
    sqlite = request.param == "sqlite"
    url = "sqlite:///hydria.db" if sqlite else request.getfixturevalue("postgresql").database()

    def open_again() -> Store:
        opened.append(build(url=url, folder=tmp_path))
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Open) -> Store:
    return open_store()
