"""``quality``: which values of a feed to believe. Start at corrector.py; the tests are in verdicts.py."""

from __future__ import annotations

from .corrector import Quality as Quality
