"""One writer per store: a lock on a file beside it, freed by the kernel when its holder dies; where the store is on a
server, a lock of the server's too, freed when the session that holds it ends."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from ..errors import StoreError
from ..roles import Store


class SingleWriter:
    """Holds the store's place from the first ``take`` to the ``free`` of the last, from whatever threads; a store
    without such a place needs none."""

    def __init__(self, store: Store) -> None:
        self._path: Path | None = getattr(store, "lock_path", None)
        self._claim: Any = store.claim() if hasattr(store, "claim") else None
        self._guard, self._asking = threading.Lock(), threading.Lock()
        self._lock: Any = None
        self._holders = 0

    def take(self) -> None:
        """Raises StoreError when another instance, in this process or another, holds it."""
        with self._guard:
            first = self._holders == 0
            if first:
                self._take()
            self._holders += 1
        if not first:
            self._renew()

    def free(self) -> None:
        """Once for every ``take``."""
        with self._guard:
            self._holders -= 1
            if self._holders == 0:
                self._free()

    def _take(self) -> None:
        if self._path is not None:
            self._lock = locked(self._path)
        try:
            if self._claim is not None:
                self._claim.take()
        except BaseException:
            self._free()
            raise

    def _renew(self) -> None:
        """Ask the server, one at a time, while holding: one that hangs on it holds up nobody who lets go."""
        if self._claim is None or not self._asking.acquire(blocking=False):
            return
        try:
            self._claim.renew()
        except BaseException:
            self.free()
            raise
        finally:
            self._asking.release()

    def _free(self) -> None:
        if self._claim is not None:
            self._claim.free()
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()


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
