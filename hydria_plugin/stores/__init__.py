"""Where the system remembers: ``sqlite``, ``postgresql`` and ``memory``, chosen by the scheme of ``platform.store``.

SQLAlchemy, alembic and the driver are imported when a store is opened, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from hydria_plugin import Store, hookimpl


def sql_store(url: str, folder: Path | None = None) -> Store:
    """A database; a relative SQLite path is under ``folder``, that of the configuration."""
    from .sql import SqlStore

    return SqlStore(url, folder)


def memory_store(url: str = "memory:") -> Store:
    """Nothing is kept when the process ends: for backtests and trials."""
    from .memory import MemoryStore

    return MemoryStore()


@hookimpl
def hydria_stores() -> Mapping[str, Callable[..., Store]]:
    return {"sqlite": sql_store, "postgresql": sql_store, "memory": memory_store}
