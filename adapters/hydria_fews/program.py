"""``hydria-fews run_info.xml``: what the General Adapter of FEWS executes. One forecast, then it ends: with 0, or with
1 and the reason in the diagnostics; never with a traceback."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hydria_plugin import ConfigError, HydriaError, Later

from .diagnostics import ERROR, FATAL, INFO, DiagHandler
from .run_info import diagnostics_of

RUN = Later("hydria_fews.general_adapter", "run", ("lxml",), "hydria-plugin[fews]")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status. Everything that is needed stands in the run info; options are for those that cannot say it."""
    options = parser().parse_args(arguments)
    if lacking := RUN.lacking():  # without it no diagnostics can be written either
        print(f"hydria-fews: {lacking}", file=sys.stderr)
        return 1
    run_info = Path(options.run_info).absolute()
    place = Path(options.diag).absolute() if options.diag else diagnostics_of(run_info)
    handler = DiagHandler(place)

    def work() -> None:
        RUN(run_info, options.config, handler)

    return diagnosed(handler, work)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser("hydria-fews", description="Make the forecast of one run of Delft-FEWS.")
    made.add_argument("run_info", help="the run info that exportRunFileActivity wrote")
    made.add_argument("--config", default="", help="hydria.toml, where the run info has no property 'config'")
    made.add_argument("--diag", default="", help="the diagnostics, where the run info names no outputDiagnosticFile")
    return made


def diagnosed(handler: DiagHandler, work: Callable[[], None]) -> int:
    """Do the work while the house's loggers are listened to; the diagnostics are written whatever becomes of it."""
    loggers = [logging.getLogger(name) for name in ("hydria", "hydria_fews")]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
    try:
        return attempted(handler, work)
    finally:
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate


def attempted(handler: DiagHandler, work: Callable[[], None]) -> int:
    failed = 1
    try:
        handler.begin()
        work()
        handler.add(INFO, "the run has ended, and brought its forecast")
        failed = 0
    except OSError as error:
        fail(handler, ERROR, f"{error.filename or handler.path}: {error.strerror or error}")
    except ConfigError as error:
        for fault in error.faults:
            fail(handler, ERROR, fault)
    except HydriaError as error:
        fail(handler, ERROR, str(error))
    except KeyboardInterrupt:
        fail(handler, ERROR, "the run was interrupted")
    except Exception as error:  # whatever it is, FEWS shows the reason, and not where in the code
        fail(handler, FATAL, f"something that nobody foresaw: {type(error).__name__}: {error}")
    try:
        handler.write()
    except OSError as error:
        print(f"hydria-fews: {handler.path} cannot be written: {error.strerror or error}", file=sys.stderr)
        return 1
    return failed


def fail(handler: DiagHandler, level: int, reason: str) -> None:
    handler.add(level, reason)
    print(f"hydria-fews: {reason}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
