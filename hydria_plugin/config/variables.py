"""``${NAME}`` in a text of the TOML file: the environment variable, or the file that NAME_FILE names.

The second is how containers and service managers hand over secrets. What was put in for a name is never shown: faults
quote it as the name it was written with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .places import Key, meant
from .toml_file import TomlFile

VARIABLE = re.compile(r"\$\{([^}]*)\}")
OPEN = re.compile(r"\$\{[^}]*$")
FILE = "_FILE"


def expand(file: TomlFile, environ: Mapping[str, str]) -> dict[str, Any]:
    """The tree as written with every ``${NAME}`` replaced; a value with a name that stands for nothing, or with NUL,
    is a fault, and left out."""
    refused: list[Key] = []

    def walk(value: Any, key: Key) -> Any:
        if isinstance(value, dict):
            return {k: walk(v, (*key, k)) for k, v in value.items()}
        if isinstance(value, list):
            return [walk(v, (*key, i)) for i, v in enumerate(value)]
        return text(value, key) if isinstance(value, str) else value

    def text(written: str, key: Key) -> str:
        if OPEN.search(written):
            file.faults.add(file.place(*key), "opens '${' and does not close it", "'${NAME}'")  # unquoted: a secret?
            refused.append(key)
            return written
        value = VARIABLE.sub(lambda found: put_in(found[1], key), written)
        if "\0" in value:
            file.refuse(key, "holds the character NUL, which no path and no name can", "text without it")
            refused.append(key)
        return value

    def put_in(name: str, key: Key) -> str:
        value = value_of(name, environ, lambda what, allowed: file.refuse(key, what, allowed))
        if value is None:
            refused.append(key)
            return "${" + name + "}"
        file.faults.conceal(value, "${" + name + "}")
        return value

    tree = {k: walk(v, (k,)) for k, v in file.written.items()}
    for key in dict.fromkeys(refused):
        leave_out(tree, key)
    return tree


def leave_out(tree: dict[str, Any], key: Key) -> None:
    """Take the value out: as a whole list where it stands in one, with its plug-in where it is an option of a source or
    sink, which would only miss it."""
    plugged = [n + 1 for n, part in enumerate(key) if part == "source"]
    listed = [n for n, part in enumerate(key) if isinstance(part, int)]
    whole = key[: min([*plugged, *listed, len(key)])]
    holder: Any = tree
    for part in whole[:-1]:
        holder = holder.get(part, {}) if isinstance(holder, dict) else {}
    if isinstance(holder, dict):
        holder.pop(whole[-1], None)


def value_of(name: str, environ: Mapping[str, str], refuse: Callable[[str, str], None]) -> str | None:
    """What ``${NAME}`` stands for; None, and a fault, where it is set twice or not at all, or its file is of no use."""
    by_file = name + FILE
    if name in environ and by_file in environ:
        refuse(f"finds both environment variables {name!r} and {by_file!r} set", f"one of the two: unset {name!r}")
        return None
    if name in environ:
        return environ[name]
    if by_file in environ:
        return content(Path(environ[by_file]), by_file, refuse)
    near = meant(name, [n.removesuffix(FILE) for n in environ if n.startswith("HYDRIA")])
    what = f"needs the environment variable {name!r}, which is not set{near}"
    refuse(what, f"a set variable, or {by_file!r} with the path of a file that holds the value")
    return None


def content(path: Path, variable: str, refuse: Callable[[str, str], None]) -> str | None:
    """The text of ``path`` without one newline at its end; None, and a fault, where there is none."""
    allowed = "the path of a file, readable by this user, that holds the value and nothing else"
    named = f"needs the file {str(path)!r} that the environment variable {variable!r} names, which"
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        refuse(f"{named} cannot be read ({error.strerror})", allowed)
        return None
    except UnicodeDecodeError as error:
        refuse(f"{named} is not UTF-8 text (byte {error.start})", allowed)
        return None
    value = text.removesuffix("\n").removesuffix("\r")
    if not value:
        refuse(f"{named} is empty", allowed)
        return None
    return value
