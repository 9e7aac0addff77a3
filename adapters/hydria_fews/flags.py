"""Quality flags of FEWS to ours, and back.

FEWS counts origin (original, corrected, completed) times quality (reliable 0-2, doubtful 3-5, unreliable 6-8); 9 is
missing, 10 deleted. What FEWS completed is a value of its own making: good enough for FEWS, so it is kept as it says.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import Flag

from .pi_series import NO_FLAG

RELIABLE, COMPLETED_DOUBTFUL, UNRELIABLE, MISSING = 0, 5, 6, 9
DELETED, RESET = 10, 14
OURS = np.full(256, Flag.FAIL, dtype=np.uint8)  # 11-13 and what nobody knows: not to be believed
OURS[0:3], OURS[3:6], OURS[6:9], OURS[[MISSING, DELETED]] = Flag.GOOD, Flag.SUSPECT, Flag.FAIL, Flag.MISSING
OURS[[11, RESET]] = Flag.GOOD  # only the flag was set to reliable; a tipping bucket was emptied


def flags_in(flags: NDArray[np.int16]) -> NDArray[np.uint8]:
    """(N) ours; GOOD where FEWS says nothing."""
    known = OURS[np.clip(flags, 0, 255)]
    return np.where(flags == NO_FLAG, np.uint8(Flag.GOOD), known).astype(np.uint8)


def flag_out(flag: int) -> int:
    """Of FEWS, for a value that was measured."""
    return {Flag.SUSPECT: 3, Flag.FAIL: UNRELIABLE, Flag.MISSING: MISSING}.get(Flag(flag), RELIABLE)
