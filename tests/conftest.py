"""For all tests: properties are drawn anew on a developer's machine, always the same where CI is set; no deadline,
because a busy machine is not a broken law. And a web server that answers as it is told."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from web_server import Server

settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")


@pytest.fixture
def web_server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()
