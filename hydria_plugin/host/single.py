"""One writer per store on this machine: a lock on a file beside it, freed by the kernel when its holder dies."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from ..errors import StoreError
from ..roles import Store


class SingleWriter:
    """Holds the store's lock file from the first ``take`` to the ``free`` of the last, from whatever threads; a store
    without such a file needs none."""

    def __init__(self, store: Store) -> None:
        self._path: Path | None = getattr(store, "lock_path", None)
        self._guard = threading.Lock()
        self._lock: Any = None
        self._holders = 0

    def take(self) -> None:
        """Raises StoreError when another instance, in this process or another, holds it."""
        with self._guard:
            if self._holders == 0 and self._path is not None:
                self._lock = locked(self._path)
            self._holders += 1

    def free(self) -> None:
        """Once for every ``take``."""
        with self._guard:
            self._holders -= 1
            if self._holders == 0 and self._lock is not None:
                self._lock.release()
                self._lock = None


def locked(path: Path) -> Any:
    """The lock, taken. Raises StoreError."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise StoreError(
            f"another hydria is running on this store (it holds {str(path)!r}): stop it first, "
            "or give this one a store of its own"
        ) from error
    except OSError as error:
        raise StoreError(f"the lock {str(path)!r} of the store cannot be taken: {error}") from error
    return lock
