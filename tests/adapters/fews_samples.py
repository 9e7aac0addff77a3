"""Real messages of Delft-FEWS, kept outside the repository; tests that use them skip where they are absent."""

from __future__ import annotations

from pathlib import Path

import pytest

FOUND = [up / "shared" / "samples" for up in Path(__file__).resolve().parents if (up / "shared" / "samples").is_dir()]
SAMPLES = FOUND[0] if FOUND else Path("shared/samples")
XML, REST, XSD = SAMPLES / "fews-pi-xml", SAMPLES / "fews-pi-rest", SAMPLES / "xsd"
real = pytest.mark.skipif(not FOUND, reason="shared/samples is not beside this checkout")
