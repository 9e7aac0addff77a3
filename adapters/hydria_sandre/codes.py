"""The nomenclatures of Sandre that decide how far a value is trusted."""

from __future__ import annotations

from collections.abc import Mapping

from hydria_plugin import Flag

QUALITY = {  # nomenclature 515
    0: Flag.UNKNOWN,  # neutral
    4: Flag.SUSPECT,  # seems low
    8: Flag.SUSPECT,  # seems high
    12: Flag.SUSPECT,  # doubtful
    16: Flag.UNKNOWN,  # not qualified
    20: Flag.GOOD,
}
NO_MEASUREMENT = (4, 12, 14)  # nomenclature 507: reconstructed, interpolated, estimated
REVIEWED = 12  # nomenclature 510: pre-validated, 16 validated; below it 0 none, 4 raw, 8 corrected


class Trust(dict[tuple[str, str, str], int]):
    """(quality, method, status) as written -> Flag; each triple is judged once. ``own``: the admin's flags by quality
    code, which stand before all else."""

    def __init__(self, own: Mapping[int, Flag] | None = None) -> None:
        super().__init__()
        self.own = dict(own or {})

    def __missing__(self, key: tuple[str, str, str]) -> int:
        quality, method, status = map(number, key)
        self[key] = int(self.own[quality]) if quality in self.own else int(judged(quality, method, status))
        return self[key]


def judged(quality: int, method: int, status: int) -> Flag:
    """Doubt of any kind counts; a review counts for what nobody doubted."""
    flag = QUALITY.get(quality, Flag.UNKNOWN)
    if flag is Flag.SUSPECT or method in NO_MEASUREMENT:
        return Flag.SUSPECT
    return Flag.GOOD if status >= REVIEWED else flag


def number(text: str) -> int:
    """A code; -1 for none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
