"""Digests: the same inputs have the same digest, on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from .values import Signal, Window


def digest_of(window: Window) -> str:
    """Of all that a forecast can depend on, the learned states and the known_at excepted."""
    layout = window.layout
    return digest_arrays(
        str((window.issued_at.astype("datetime64[s]"), layout.stations, layout.slots, layout.quantiles)).encode(),
        *signal_arrays(window.observed),
        *signal_arrays(window.past),
        *signal_arrays(window.future),
        window.antecedent,
    )


def signal_arrays(signal: Signal) -> Iterable[np.ndarray]:
    return signal.values, signal.sigma, signal.flags


def digest_arrays(*parts: bytes | np.ndarray) -> str:
    """Of arrays (shape, type and bytes; broadcast axes counted once) and byte strings, 32 hexadecimal digits."""
    running = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, bytes):
            running.update(part)
            continue
        once = part[tuple(slice(0, 1) if stride == 0 else slice(None) for stride in part.strides)]
        running.update(f"{part.shape}{part.dtype.str}".encode())
        running.update(np.ascontiguousarray(once).data)
    return running.hexdigest()
