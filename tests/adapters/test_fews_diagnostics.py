"""The diagnostics: what FEWS takes for a failed run, and what it shows."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from hydria_fews.diagnostics import DEBUG, ERROR, FATAL, INFO, WARN, DiagHandler, Line, diag_document, level_of, plain


def lines_in(data: bytes) -> list[tuple[str, str, str | None]]:
    """Level, text and code: as an independent reader sees them."""
    root = etree.fromstring(data)
    assert root.tag == "{http://www.wldelft.nl/fews/PI}Diag" and root.get("version") == "1.2"
    return [(e.get("level", ""), e.get("description", ""), e.get("eventCode")) for e in root]


@pytest.fixture
def handler(tmp_path: Path) -> DiagHandler:
    return DiagHandler(tmp_path / "log" / "diag.xml", "debug")


@pytest.fixture
def logger(handler: DiagHandler) -> logging.Logger:
    made = logging.Logger("hydria.test", logging.DEBUG)
    made.addHandler(handler)
    return made


def test_levels() -> None:
    found = [level_of(n) for n in (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG, 5)]
    assert found == [FATAL, ERROR, WARN, INFO, DEBUG, DEBUG]


def test_records_become_lines_and_errors_on_the_way_are_no_failure(
    handler: DiagHandler, logger: logging.Logger
) -> None:
    logger.debug("d")
    logger.info("step %s", 3)
    logger.warning("w", extra={"event_code": "hydria.alert"})
    logger.error("an explainer failed")
    handler.add(ERROR, "the source cannot be read")
    handler.write()
    assert lines_in(handler.path.read_bytes()) == [
        ("4", "d", "hydria.test"),
        ("3", "step 3", "hydria.test"),
        ("2", "w", "hydria.alert"),
        ("2", "an explainer failed", "hydria.test"),
        ("1", "the source cannot be read", "hydria.fews"),
    ]


def test_an_exception_is_named_and_its_traceback_is_not_told(handler: DiagHandler, logger: logging.Logger) -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logger.exception("explainer failed")
    (line,) = handler.lines
    assert "ValueError: two" in line.text and "Traceback" not in line.text


def test_a_record_that_cannot_be_put_in_words(handler: DiagHandler, logger: logging.Logger) -> None:
    logger.info("%d of %d", 1)
    assert "%d of %d" in handler.lines[0].text


@pytest.mark.parametrize(("level", "kept"), [("error", 1), ("WARN", 2), ("info", 3), ("debug", 4), ("", 3), ("odd", 3)])
def test_the_level_of_the_run_info(tmp_path: Path, level: str, kept: int) -> None:
    handler = DiagHandler(tmp_path / "d.xml", level)
    for n in (ERROR, WARN, INFO, DEBUG):
        handler.add(n, "x")
    assert len(handler.lines) == kept


def test_a_run_that_was_killed_is_seen_to_have_failed(handler: DiagHandler) -> None:
    handler.begin()
    ((level, text, _),) = lines_in(handler.path.read_bytes())
    assert level == "1" and "has not ended" in text
    handler.add(INFO, "done")
    handler.write()
    assert [level for level, *_ in lines_in(handler.path.read_bytes())] == ["3"]
    assert [p.name for p in handler.path.parent.iterdir()] == ["diag.xml"]


@given(st.lists(st.tuples(st.integers(0, 4), st.text(), st.text(max_size=5))))
def test_any_text_can_be_read_back(many: list[tuple[int, str, str]]) -> None:
    found = lines_in(diag_document([Line(*one) for one in many]))
    assert [(int(level), text, code or "") for level, text, code in found] == [
        (level, plain(text), plain(code)) for level, text, code in many
    ]


def test_long_lines_end() -> None:
    assert len(plain("x" * 10_000)) < 2100 and "10000 characters" in plain("x" * 10_000)
