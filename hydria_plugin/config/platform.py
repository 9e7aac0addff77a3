"""The [platform] table: is the store's address one we can open, is the models' folder a folder?"""

from __future__ import annotations

import os
from pathlib import Path

from ..plugins import Registry
from .places import listed, meant
from .schema import PlatformTable
from .settings import Platform
from .toml_file import TomlFile

SQLITE = "sqlite:///"
SIGNATURE = b"SQLite format 3\x00"


def scheme_of(address: str) -> str:
    """``postgresql`` of ``postgresql+psycopg://...``: the name of the store plug-in."""
    return address.partition(":")[0].partition("+")[0]


def read_platform(file: TomlFile, table: PlatformTable, registry: Registry) -> Platform:
    """The platform, with absolute paths; faults noted."""
    folder = file.path.parent
    models = folder / table.models
    if fault := unreachable(models):
        file.refuse(("platform", "models"), fault, "a folder, made by the first training")
    elif models.exists() and not models.is_dir():
        file.refuse(("platform", "models"), "is a file", "a folder, made by the first training")
    elif not nearest(models).is_dir() or not os.access(nearest(models), os.W_OK):
        file.refuse(("platform", "models"), f"cannot be made in {nearest(models)}", "a folder that may be written to")
    return Platform(
        table.name, store_address(file, table.store, registry), models, table.language, table.timezone, table.retention
    )


def store_address(file: TomlFile, address: str, registry: Registry) -> str:
    """The address, a SQLite path made absolute; faults noted."""
    key, schemes = ("platform", "store"), registry.names("store")
    scheme = scheme_of(address)
    if ":" not in address or scheme not in schemes:
        allowed = f"an address that starts with {listed(f'{s}:' for s in schemes)}"
        file.refuse(key, f"is no address of an installed store{meant(scheme, schemes)}", allowed)
        return address
    if scheme == "postgresql":
        check_server(file, address)
    if scheme != "sqlite":
        return address
    if not address.startswith(SQLITE) or address == SQLITE:
        file.refuse(key, "names no file", "sqlite:///hydria.db, or sqlite:////var/lib/hydria/hydria.db")
        return address
    path = file.path.parent / address.removeprefix(SQLITE)
    if fault := unusable(path):
        file.refuse(key, fault, "a SQLite file, or a new one in a folder that may be written to")
    return SQLITE + str(path)


def check_server(file: TomlFile, address: str) -> None:
    """A fault where parts of the address cannot be told apart: what is no host then may be half a password."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        host = make_url(address).host or ""
    except (ArgumentError, ValueError):  # whose texts hold the address, or a part of it
        host = "@"
    if "@" in host:
        allowed = "postgresql+psycopg://user:password@host:port/name, with @ : / in user and password as %40 %3A %2F"
        file.refuse(("platform", "store"), "cannot be taken apart", allowed)


def unusable(path: Path) -> str:
    """Why SQLite could not keep its file there; empty where it could. Reads no more than the first bytes."""
    if fault := unreachable(path):
        return fault
    if path.is_dir():
        return f"is a folder: {path}"
    if not path.parent.is_dir():
        return f"lies in a folder that does not exist: {path.parent}"
    if not os.access(path.parent, os.W_OK):
        return f"lies in a folder that cannot be written to: {path.parent}"
    if not path.exists():
        return ""
    try:
        with path.open("rb") as opened:
            start = opened.read(len(SIGNATURE))
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "" if start in (b"", SIGNATURE) else f"is there, but is no SQLite file: {path}"


def unreachable(path: Path) -> str:
    """Why the system cannot even look there, a name that is too long, say; empty where it can."""
    try:
        path.exists()
    except OSError as error:
        return f"cannot be reached ({error.strerror})"
    return ""


def nearest(path: Path) -> Path:
    """The nearest folder above ``path`` that is there."""
    return next((p for p in (path, *path.parents) if p.exists()), Path("/"))
