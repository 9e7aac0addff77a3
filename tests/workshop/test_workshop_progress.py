"""Progress: on stderr, not too often, and the end always."""

from __future__ import annotations

import pytest

from hydria_plugin.workshop.progress import Progress


class Clock:
    at = 100.0

    def __call__(self) -> float:
        return self.at


def test_elsewhere_than_on_a_terminal_a_line_at_most_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    told = Progress("train", clock)
    for second, share in ((0.0, 0.0), (9.9, 0.3), (10.0, 0.5), (19.9, 0.6), (20.0, 0.7)):
        clock.at = 100.0 + second
        told("ridge", share)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["train: ridge   0%, 0 s", "train: ridge  50%, 10 s", "train: ridge  70%, 20 s"]


def test_the_end_is_told_however_soon_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    told = Progress("train", Clock())
    told("ridge", 0.99)
    told("all", 1.0)
    assert capsys.readouterr().err.splitlines() == ["train: ridge  99%, 0 s", "train: all 100%, 0 s"]
