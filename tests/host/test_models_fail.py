"""A hung, aborting, raising or truncated model costs its rung of the ladder, not the step."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import models_that_fail
import numpy as np
import pytest
from trial_host import Opener, Trial

from hydria_plugin.learning.shelf import Shelf

LADDER = '"moody", "persistence"'
NOON = "2026-03-05T12:00:30"


@pytest.fixture
def moody(open_trial: Opener) -> Trial:
    """An isolated forecaster that does what the file ``mood`` says, above persistence."""
    more = '[pipelines.river.forecaster.moody]\npath = "mood"\n'
    return open_trial(forecasters=LADDER, plugins=(models_that_fail,), isolate=True, more='deadline = "2s"\n' + more)


@pytest.mark.parametrize(
    ("mood", "told"),
    [
        ("raise", "failed in forecast: ArithmeticError"),
        ("abort", "ended (SIGABRT)"),
        ("segfault", "ended (SIGSEGV)"),
        ("exit", "ended (exit 3)"),
        ("hang", "gave no answer to forecast within 2 s and was stopped"),
    ],
)
def test_it_costs_its_rung_for_one_step(moody: Trial, mood: str, told: str) -> None:
    assert moody.host.run_once().forecast.made_by == ("moody", "moody")
    (moody.folder / "mood").write_text(mood)
    begun = time.monotonic()
    moody.go(15)
    assert time.monotonic() - begun < 10
    fallen = moody.bulletin("2026-03-05T00:15")
    assert fallen.forecast.made_by == ("persistence", "persistence") and set(fallen.forecast.rung) == {1}
    assert any(told in problem.error for problem in fallen.problems), fallen.problems
    (moody.folder / "mood").write_text("")
    moody.go(15)
    assert moody.bulletin("2026-03-05T00:30").forecast.made_by == ("moody", "moody")
    assert list(moody.ends.values()) == ["issued", "degraded", "issued"]


def test_stop_does_not_wait_for_a_hung_model(moody: Trial) -> None:
    (moody.folder / "mood").write_text("hang")
    moody.host.pipelines["river"].forecasters["moody"].deadline = 600.0  # type: ignore[attr-defined]
    moody.host.start(every=0.02)
    time.sleep(3.0)
    begun = time.monotonic()
    moody.host.stop(timeout=1.0)
    assert time.monotonic() - begun < 5.0


def shelve(folder: Path, spoil: bool, honest: bool) -> None:
    """A LightGBM model on the shelf; ``spoil``: cut in half, after (``honest``: before) its digest was taken."""
    shelf = Shelf(folder / "models", "river")
    model = models_that_fail.Trees().fit(None, None)  # type: ignore[arg-type]

    def save(into: Path) -> None:
        model.save(into)
        if spoil and honest:
            cut(into / "model.txt")

    version = shelf.add("trees", save, {})
    shelf.promote("trees", version)
    if spoil and not honest:
        cut(shelf.folder("trees", version) / "model.txt")


def cut(path: Path) -> None:
    text = path.read_text()
    path.write_text(text[: len(text) // 2])


def trees(open_trial: Opener) -> Trial:
    return open_trial(now=NOON, forecasters='"trees", "persistence"', plugins=(models_that_fail,), isolate=True)


def test_a_sound_lightgbm_model_forecasts_in_its_process(open_trial: Opener, tmp_path: Path) -> None:
    shelve(tmp_path, spoil=False, honest=True)
    trial = trees(open_trial)
    bulletin = trial.host.run_once()
    assert bulletin.forecast.made_by == ("trees", "trees") and bulletin.digests["model:trees"]
    assert trial.host.status()["pipelines"]["river"]["models"] == {"trees": bulletin.digests["model:trees"]}


@pytest.mark.parametrize(
    ("honest", "told"),
    [
        (False, "is damaged"),  # the digest tells, nothing is loaded
        (True, r"ended (SIG"),  # the digest is right, LightGBM ends the process: not ours
    ],
)
def test_a_truncated_lightgbm_model_costs_its_rung(open_trial: Opener, tmp_path: Path, honest: bool, told: str) -> None:
    shelve(tmp_path, spoil=True, honest=honest)
    trial = trees(open_trial)
    bulletin = trial.host.run_once()
    assert bulletin.forecast.made_by == ("persistence", "persistence")
    assert any(told in problem.error for problem in bulletin.problems), bulletin.problems
    assert list(trial.ends.values()) == ["degraded"]


def test_reload_takes_a_mended_model(open_trial: Opener, tmp_path: Path) -> None:
    shelve(tmp_path, spoil=True, honest=True)
    trial = trees(open_trial)
    trial.host.run_once()
    shelve(tmp_path, spoil=False, honest=True)
    trial.host.reload()
    trial.go(15)
    assert trial.bulletin("2026-03-05T12:15").forecast.made_by == ("trees", "trees")


def test_a_newly_reigning_model_is_taken_at_the_next_step(
    open_trial: Opener, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelve(tmp_path, spoil=False, honest=True)
    trial = trees(open_trial)
    trial.host.tick()
    first = trial.bulletin("2026-03-05T12:00")
    monkeypatch.setattr(models_that_fail.Trees, "level", 7.0)
    shelve(tmp_path, spoil=False, honest=True)
    trial.go(15)
    second = trial.bulletin("2026-03-05T12:15")
    assert second.digests["model:trees"] != first.digests["model:trees"]
    assert second.forecast.values.max() > 6.0 > first.forecast.values.max()
    shelve(tmp_path, spoil=True, honest=False)
    with caplog.at_level(logging.INFO, "hydria.host"):
        trial.go(15, times=2)
    third = trial.bulletin("2026-03-05T12:45")
    assert third.digests["model:trees"] == second.digests["model:trees"] and third.forecast.made_by == ("trees",) * 2
    assert caplog.text.count("new models not taken") == 1 and "is damaged" in caplog.text
    assert list(trial.ends.values()) == ["issued"] * 4


def test_a_model_that_cannot_be_loaded_is_tried_once(open_trial: Opener, tmp_path: Path) -> None:
    trial = trees(open_trial)
    trial.host.tick()
    shelve(tmp_path, spoil=True, honest=True)
    trial.host.tick()
    built = trial.host.pipelines["river"]
    trial.go(5, times=2)
    assert trial.host.pipelines["river"] is built and list(trial.ends.values()) == ["degraded"]


def test_replay_with_the_models_of_then(open_trial: Opener, tmp_path: Path) -> None:
    shelve(tmp_path, spoil=False, honest=True)
    trial = trees(open_trial)
    first = trial.host.run_once()
    models_that_fail.Trees.level = 7.0
    try:
        shelve(tmp_path, spoil=False, honest=True)  # another model reigns now
    finally:
        models_that_fail.Trees.level = 1.0
    trial.host.reload()
    trial.go(15)
    again = trial.host.replay("river", np.datetime64("2026-03-05T12:00"))
    np.testing.assert_allclose(again.forecast.values, first.forecast.values, rtol=0, atol=1e-9)
    assert again.digests == first.digests
    newer = trial.host.replay("river", np.datetime64("2026-03-05T12:15"))
    assert newer.forecast.values.max() > 6.0 > again.forecast.values.max()


def test_replay_without_the_model_says_so(open_trial: Opener, tmp_path: Path) -> None:
    import shutil

    from hydria_plugin import ModelError

    shelve(tmp_path, spoil=False, honest=True)
    trial = trees(open_trial)
    version = trial.host.run_once().digests["model:trees"]
    shutil.rmtree(tmp_path / "models" / "river" / "trees" / version)
    with pytest.raises(ModelError, match=f"made with model {version} of 'trees', which cannot be used"):
        trial.host.replay("river", np.datetime64("2026-03-05T12:00"))
