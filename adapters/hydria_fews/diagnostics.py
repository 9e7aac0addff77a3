"""The diagnostics of a run (``pi_diag.xsd``): what happened, for FEWS to show, through a logging handler.

FEWS takes a line of level 0 or 1 for a failed run. What went wrong on the way of a run that brought its forecast is
therefore a warning (2): only the sentence that a run failed by has level 1.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FATAL, ERROR, WARN, INFO, DEBUG = range(5)
LEVELS = {"fatal": FATAL, "error": ERROR, "warn": WARN, "warning": WARN, "info": INFO, "debug": DEBUG, "all": DEBUG}
BEGUN = "the run has begun, and has not ended: it was killed, or is still running"
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # by XML 1.0
LONGEST = 2000  # characters of a line


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the diagnostics."""

    level: int
    text: str
    code: str = ""


class DiagHandler(logging.Handler):
    """Gathers records as lines; :meth:`write` puts them into the file. Made with one line that says the run has not
    ended, which the file holds until it is written again."""

    def __init__(self, path: Path, level: str = "") -> None:
        super().__init__()
        self.path, self.lines = path, list[Line]()
        self.show_up_to(level)

    def show_up_to(self, level: str) -> None:
        """The least urgent level that is kept, in the words of a run info; info where it is not known."""
        self.least = LEVELS.get(level.strip().lower(), INFO)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
        except Exception as error:  # a record that cannot be put in words must not end the run
            text = f"{record.msg} ({type(error).__name__}: {error})"
        told = record.exc_info[1] if record.exc_info else None
        if told is not None:
            text += f" ({type(told).__name__}: {told})"
        # an error on the way is no failed run
        self.add(max(level_of(record.levelno), WARN), text, getattr(record, "event_code", record.name))

    def add(self, level: int, text: str, code: str = "hydria.fews") -> None:
        """One line, whoever says it; what is less urgent than asked for is dropped."""
        if level <= self.least:
            self.lines.append(Line(level, text, code))

    def begin(self) -> None:
        """Say in the file that the run has begun. Raises OSError."""
        write_diag(self.path, [Line(ERROR, BEGUN, "hydria.fews")])

    def write(self) -> None:
        """Raises OSError."""
        write_diag(self.path, self.lines)


def level_of(number: int) -> int:
    """The level of FEWS for one of ``logging``."""
    steps = ((logging.CRITICAL, FATAL), (logging.ERROR, ERROR), (logging.WARNING, WARN), (logging.INFO, INFO))
    return next((level for least, level in steps if number >= least), DEBUG)


def diag_document(lines: Sequence[Line]) -> bytes:
    """The document: one element a line."""
    from lxml import etree

    space = "http://www.wldelft.nl/fews/PI"
    root = etree.Element(f"{{{space}}}Diag", {"version": "1.2"}, {None: space})
    for line in lines:
        told = etree.SubElement(root, f"{{{space}}}line", level=str(line.level), description=plain(line.text))
        if line.code:
            told.set("eventCode", plain(line.code))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def plain(text: str) -> str:
    """On one line, and without what XML cannot hold."""
    shown = " ".join(FORBIDDEN.sub("\ufffd", text).split())
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}... ({len(shown)} characters)"


def write_diag(path: Path, lines: Sequence[Line]) -> None:
    """Replace the file as a whole. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(diag_document(lines))
    part.replace(path)
