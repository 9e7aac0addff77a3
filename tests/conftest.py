"""For all tests: properties are drawn anew on a developer's machine, always the same where CI is set; no deadline,
because a busy machine is not a broken law."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")
