"""For all tests: properties are drawn anew on a developer's machine, always the same where CI is set; no deadline,
because a busy machine is not a broken law. And servers: one of HTTP that answers as it is told, a real PostgreSQL, a
real OpenSSH.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from postgresql_server import Server as PostgreSQL
from postgresql_server import need_postgresql
from sftp_server import SftpServer
from web_server import Server

settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")


LONG = ("real", "demo", "host")  # rooms whose files take longest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that no process is left with one at the end (--no-loadscope-reorder keeps it so)."""
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(here).parts[0] not in LONG)


@pytest.fixture
def web_server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A server that runs for the session."""
    programs = need_postgresql()
    folder = Path("/tmp") / f"hydria-pg-{uuid.uuid4().hex[:8]}"  # short: a socket's path has 107 bytes
    folder.mkdir()
    server = None
    try:
        server = PostgreSQL(programs, folder)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def sftp_server(tmp_path: Path) -> Iterator[SftpServer]:
    """A server of its own, with a folder of files."""
    folder = tmp_path / "sshd"
    folder.mkdir()
    made = SftpServer(folder)
    yield made
    made.stop()
