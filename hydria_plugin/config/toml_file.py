"""The TOML file: read, types checked; what is wrong is a fault, the rest goes on."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .places import Faults, Key, Lines, dotted, listed, meant, quoted
from .schema import AlertsTable, Document, PipelineTable, PlatformTable, RateTable, SinkTable, SourceTable

WRONG = {
    "string_type": "is not text",
    "string_too_short": "is empty",
    "int_type": "is not a whole number",
    "float_type": "is not a number",
    "bool_type": "is neither true nor false",
    "list_type": "is not a list",
    "dict_type": "is not a table",
    "model_type": "is not a table",
}
INSIDE: Mapping[type[BaseModel], Mapping[str, type[BaseModel]]] = {
    Document: {"platform": PlatformTable, "pipelines": PipelineTable},
    PipelineTable: {"source": SourceTable, "sinks": SinkTable, "alerts": AlertsTable},
    AlertsTable: {"rates": RateTable},
}


@dataclass(frozen=True)
class TomlFile:
    """A config file as read: the tree as written (quoted from: secrets stay outside), and where keys stand."""

    path: Path
    written: Mapping[str, Any]
    lines: Lines
    faults: Faults

    def place(self, *key: str | int) -> str:
        """``hydria.toml:12: pipelines.gardons.step``"""
        line = self.lines.find(key)
        return f"{self.path.name}{f':{line}' if line else ''}: {dotted(key) or 'the file'}"

    def as_written(self, *key: str | int) -> Any:
        """The value at ``key`` before the environment was put in; None where there is none."""
        value: Any = self.written
        for part in key:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def refuse(self, key: Key, what: str, allowed: str = "") -> None:
        """A fault of the value at ``key``, quoted as written."""
        value = self.as_written(*key)
        self.faults.add(self.place(*key), f"{quoted(value)} {what}" if value is not None else what, allowed)


def read_toml(path: Path, faults: Faults) -> TomlFile | None:
    """The file, or None and a fault: not there, not text, not TOML."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return TomlFile(path, tomllib.loads(text), Lines(text), faults)
    except FileNotFoundError:
        faults.add(str(path), "there is no such file", "the path of a configuration file (TOML)")
    except OSError as error:
        faults.add(str(path), f"cannot be read ({error.strerror})", "the path of a configuration file (TOML)")
    except UnicodeDecodeError as error:
        faults.add(path.name, f"is not UTF-8 text (byte {error.start})", "TOML in UTF-8")
    except tomllib.TOMLDecodeError as error:
        faults.add(*toml_fault(path, text, str(error)))
    except (ValueError, RecursionError) as error:  # NUL in the path, a number or a nesting beyond all measure
        faults.add(str(path), f"cannot be taken apart ({error})", "the path of a configuration file (TOML)")
    return None


def toml_fault(path: Path, text: str, said: str) -> tuple[str, str, str]:
    """Place, quoted line and what is allowed, from tomllib's ``... (at line 3, column 7)``."""
    found = re.search(r"at line (\d+)", said)
    lines = text.splitlines()
    number = int(found[1]) if found else max(1, len(lines))
    line = lines[number - 1].strip() if number <= len(lines) else ""
    reason = said.split(" (at ")[0]
    return f"{path.name}:{number}", f"{quoted(line)} is not TOML: {reason}", "TOML (https://toml.io), each key once"


def validate(file: TomlFile, tree: dict[str, Any]) -> Document:
    """The document; what pydantic refuses is a fault and is left out, so that the rest can be checked as well."""
    for _ in range(100):  # every round takes out what was refused: it ends as the tree does
        try:
            return Document.model_validate(tree)
        except ValidationError as error:
            refused = {cleaned(details["loc"]): details for details in reversed(error.errors(include_url=False))}
            for key, details in reversed(refused.items()):  # once each: a union refuses a value by every branch
                explain(file, key, details)
                prune(tree, key)
    raise AssertionError(f"{file.path} could not be pruned to a document")  # pragma: no cover


def cleaned(loc: tuple[str | int, ...]) -> Key:
    """pydantic's way to a value without its names for the branches of a union and for keys."""
    return tuple(
        p
        for p in loc
        if isinstance(p, int) or (p != "[key]" and not re.search(r"[\[(]|^(constrained-)?(float|str)$", p))
    )


def explain(file: TomlFile, key: Key, details: ErrorDetails) -> None:
    """One fault line for one refusal of pydantic's."""
    kind, fields = details["type"], model_at(key[:-1])
    if kind == "extra_forbidden":
        known = list(fields.model_fields)
        file.faults.add(
            file.place(*key), f"unknown key {str(key[-1])!r}{meant(str(key[-1]), known)}", listed(known, 40)
        )
    elif kind == "string_pattern_mismatch":
        file.faults.add(file.place(*key), f"{quoted(key[-1])} cannot be a name", "letters, digits, - and _")
    elif kind == "missing":
        file.faults.add(file.place(*key), f"is missing in {quoted(file.as_written(*key[:-1]))}", described(key))
    else:
        context = details.get("ctx", {})
        what = str(context["error"]) if "error" in context else WRONG.get(kind, "is not allowed")
        near = (
            meant(str(file.as_written(*key)), re.findall(r"'(\w+)'", described(key))) if kind == "literal_error" else ""
        )
        what = re.sub(r"^(['\"]).*\1 (?=is )", "", what)  # the value is quoted already
        file.refuse(key, what + near, described(key))


def model_at(key: Key) -> type[BaseModel]:
    """The model of the table at ``key``."""
    model: type[BaseModel] = Document
    for part in key:
        if isinstance(part, str) and part in INSIDE.get(model, {}):
            model = INSIDE[model][part]
    return model


def described(key: Key) -> str:
    """What the field at ``key`` allows, in words."""
    for end in range(len(key), 0, -1):
        name = key[end - 1]
        found = model_at(key[: end - 1]).model_fields.get(str(name))
        if isinstance(name, str) and found is not None and found.description:
            return found.description
    return "letters, digits, - and _"


def prune(tree: dict[str, Any], key: Key) -> None:
    """Take the refused value out: as a whole list where it stood in one, with its table where it was missing."""
    names = key[: next((i for i, p in enumerate(key) if isinstance(p, int)), len(key))]
    trail: list[Any] = [tree]
    for name in names[:-1]:
        if not isinstance(trail[-1], dict) or name not in trail[-1]:
            return  # gone with what held it
        trail.append(trail[-1][name])
    if isinstance(trail[-1], dict) and names[-1] in trail[-1]:
        del trail[-1][names[-1]]
    else:
        prune(tree, names[:-1])
