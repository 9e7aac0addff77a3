"""Half-finished training: what is done is kept in a folder, so that a killed ``hydria train`` goes on where it was.

Every piece has a key made of all that it depends on (data, options, package versions, random state); a piece is written
beside its place and moved there whole, so what is found is finished.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, TypeVar

logger = logging.getLogger("hydria.train")
T = TypeVar("T")
DONE = ".done"


class Workbench:
    """Finished pieces under ``root``; without a root nothing is kept."""

    def __init__(self, root: Path | None = None, *facts: Any) -> None:
        self.root = root
        self.facts = facts

    def under(self, *facts: Any) -> Workbench:
        """The same bench, with more that its pieces depend on."""
        return Workbench(self.root, *self.facts, *facts)

    def piece(
        self, make: Callable[[], T], save: Callable[[T, Path], None], load: Callable[[Path], T], *facts: Any
    ) -> T:
        """What ``make`` gives; from its folder, if it was finished before. What cannot be read is made again."""
        if self.root is None:
            return make()
        place = self.root / key_of(*self.facts, *facts)
        if (place / DONE).exists():
            try:
                return load(place)
            except Exception:
                shutil.rmtree(place, ignore_errors=True)
        return keep(place, make(), save)

    def clear(self) -> None:
        """All is done: what was kept for going on is of no more use."""
        if self.root is not None:
            shutil.rmtree(self.root, ignore_errors=True)


def keep(place: Path, made: T, save: Callable[[T, Path], None]) -> T:
    """Save what was made, whole or not at all. Where that cannot be (a full disk; another training that ended, and
    cleared the bench) the piece is what it was made for all the same: only a killed training would miss it."""
    scratch = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        save(made, scratch)
        (scratch / DONE).touch()
        shutil.rmtree(place, ignore_errors=True)
        os.replace(scratch, place)
    except Exception as error:
        logger.warning("finished piece not kept place=%s error=%r", place, error)
        shutil.rmtree(scratch, ignore_errors=True)
    return made


def traits(thing: object) -> Any:
    """What a forecaster was made with, as JSON-able facts: plain attributes, options and members, not its weights."""
    if is_dataclass(thing) and not isinstance(thing, type):
        return repr(thing)
    if isinstance(thing, (int, float, str, bool, tuple, list, type(None))):
        return repr(thing)
    if isinstance(thing, Mapping):
        return {str(key): traits(value) for key, value in thing.items()}
    held = getattr(thing, "__dict__", {})
    return {"class": type(thing).__qualname__, **{key: traits(value) for key, value in sorted(held.items())}}


def key_of(*facts: Any) -> str:
    """A short digest of JSON-able facts."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:24]
