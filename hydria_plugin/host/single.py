"""One writer per store on this machine: a lock on a file beside it, freed by the kernel when its holder dies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import StoreError
from ..roles import Store


class SingleWriter:
    """Holds the store's lock file between ``take`` and ``free``; a store without such a file needs none."""

    def __init__(self, store: Store) -> None:
        self._path: Path | None = getattr(store, "lock_path", None)
        self._lock: Any = None

    @property
    def held(self) -> bool:
        return self._lock is not None

    def take(self) -> None:
        """Raises StoreError when another instance, in this process or another, holds it."""
        if self._path is None or self._lock is not None:
            return
        from filelock import FileLock, Timeout

        lock = FileLock(self._path, timeout=0, thread_local=False)
        try:
            lock.acquire()
        except Timeout as error:
            raise StoreError(
                f"another hydria is running on this store (it holds {str(self._path)!r}): stop it first, "
                "or give this one a store of its own"
            ) from error
        except OSError as error:
            raise StoreError(f"the lock {str(self._path)!r} of the store cannot be taken: {error}") from error
        self._lock = lock

    def free(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None
