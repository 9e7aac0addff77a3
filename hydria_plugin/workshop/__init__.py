"""Long work on a configuration that is no cycle: training and backtesting; for commands, demo, benchmarks and tests."""

from __future__ import annotations

from .backtesting import run_backtest
from .progress import Progress
from .training import train_pipelines

__all__ = ["Progress", "run_backtest", "train_pipelines"]
