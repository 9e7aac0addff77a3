"""What every check of one pipeline works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .places import Key
from .schema import PipelineTable
from .toml_file import TomlFile


@dataclass(frozen=True)
class Desk:
    """The file, the table, and where to put faults and warnings."""

    file: TomlFile
    name: str
    table: PipelineTable
    warnings: list[str]

    def key(self, *rest: str | int) -> Key:
        return ("pipelines", self.name, *rest)

    def place(self, *rest: str | int) -> str:
        return self.file.place(*self.key(*rest))

    def refuse(self, rest: Sequence[str | int], what: str, allowed: str = "") -> None:
        self.file.refuse(self.key(*rest), what, allowed)

    def source_key(self, i: int) -> Key:
        """Of the source, or of one of several."""
        return self.key("source", i) if isinstance(self.table.source, list) else self.key("source")

    def warn(self, text: str) -> None:
        self.warnings.append(f"{self.name}: {text}")
