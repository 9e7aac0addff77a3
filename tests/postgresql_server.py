"""A real PostgreSQL for the tests, run as an unprivileged user on a free port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

POSTGRESQL = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]


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
