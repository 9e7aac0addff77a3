"""Random numbers that depend on a seed, an issue time and a series' name, and on nothing else: neither the order of the
stations nor which others there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from hydria_plugin.values import Floats

Keys = NDArray[np.uint64]
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def keys_of(names: Sequence[str]) -> Keys:
    """(N) a number for each name, the same everywhere and always."""
    return np.frombuffer(b"".join(blake2b(n.encode(), digest_size=8).digest() for n in names), dtype="<u8")


@dataclass(frozen=True, slots=True)
class Draws:
    """All the chance of one window."""

    seed: int
    issued_at: np.datetime64

    @property
    def entropy(self) -> list[int]:
        """What the window's own generators start from: not negative, whatever the date."""
        return [self.seed, int(self.issued_at.astype("datetime64[s]").astype(np.int64)) % 2**63]

    def shared(self, what: int) -> np.random.Generator:
        """A generator that no series' name enters."""
        return np.random.default_rng([*self.entropy, what])

    def uniform(self, keys: Keys, count: int, what: int) -> Floats:
        """(N, count) in (0, 1), those of ``what`` for each series."""
        start = int(np.random.SeedSequence([*self.entropy, what]).generate_state(1, np.uint64)[0])
        with np.errstate(over="ignore"):
            base = mixed(keys ^ np.uint64(start))[:, None]
            bits = mixed(base + GOLDEN * np.arange(1, count + 1, dtype=np.uint64))
        return np.asarray(((bits >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53)

    def normal(self, keys: Keys, count: int, what: int) -> Floats:
        """(N, count) standard normal (Box and Muller 1958)."""
        u = self.uniform(keys, 2 * count, what)
        return np.asarray(np.sqrt(-2.0 * np.log(u[:, :count])) * np.cos(2.0 * np.pi * u[:, count:]))


def mixed(z: Keys) -> Keys:
    """Every bit depends on every bit (splitmix64, Steele, Lea and Flood 2014)."""
    with np.errstate(over="ignore"):
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))
