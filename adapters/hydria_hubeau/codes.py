"""The Sandre codes of an observation, to a flag. What the codes mean: README.md."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import Flag

NONE = -1  # the host gives no code
WEAK, STRONG, DOUBTFUL, GOOD = 4, 8, 12, 20  # nomenclature 515, quality; 0 neutral and 16 not qualified say nothing
PREVALIDATED = 12  # nomenclature 510, status: from here on a person stands for the value (16 validated)
GUESSED = (4, 12, 14)  # nomenclature 507, method: reconstructed, interpolated, estimated

Codes = NDArray[np.int16]


def flags(quality: Codes, status: Codes, method: Codes) -> NDArray[np.uint8]:
    """(N) doubtful, too weak or too strong, and guessed values are suspect; what a person stands for is good; all else,
    which is nearly everything in real time, is not judged by anyone: unknown. As the adapter of Sandre files judges."""
    out = np.full(len(quality), Flag.UNKNOWN, np.uint8)
    out[(status >= PREVALIDATED) | (quality == GOOD)] = Flag.GOOD
    out[np.isin(method, GUESSED) | np.isin(quality, (WEAK, STRONG, DOUBTFUL))] = Flag.SUSPECT
    return out
