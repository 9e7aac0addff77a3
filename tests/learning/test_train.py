"""Training: fit, judge, promote only what is better, go on after a kill, say what is wrong with a record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_forecasters import Drift, Still

from hydria_plugin import History, ModelError, Signal
from hydria_plugin.forecasters.blend import Blend
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.learning.judging import Score, better, judge, last_of, test_steps, truth_of, unseen_by
from hydria_plugin.learning.manifest import sha256
from hydria_plugin.learning.shelf import Shelf
from hydria_plugin.learning.splits import split
from hydria_plugin.learning.train import train
from hydria_plugin.learning.workbench import traits
from hydria_plugin.testing.samples import sample_history, sample_layout

test_steps.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def history() -> History:
    return sample_history(sample_layout(stations=2, slots=2, past=12, horizon=4), steps=1600, gaps=0.002)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    times = iter(np.datetime64("2026-11-23T10:00:00", "s") + np.arange(1000))
    return Shelf(tmp_path / "models", "gardons", clock=lambda: next(times))


def rng(seed: int = 3) -> np.random.Generator:
    return np.random.default_rng(seed)


def files_of(folder: Path) -> dict[str, str]:
    files = (p for p in folder.rglob("*") if p.is_file() and p.name != "manifest.json")
    return {p.relative_to(folder).as_posix(): sha256(p) for p in files}


def test_the_first_model_reigns_when_it_is_not_worse_than_persistence(history: History, shelf: Shelf) -> None:
    (outcome,) = train("gardons", {"drift": Drift()}, history, shelf, rng=rng())
    assert outcome.promoted and shelf.active("drift") == outcome.version
    assert outcome.scores["challenger"] < 1.0
    held = shelf.manifest("drift", outcome.version or "")
    assert held["scores"]["challenger"]["relative_loss"] == pytest.approx(outcome.scores["challenger"], abs=1e-6)
    assert held["training"]["steps"] == 1600 and held["events"] and held["seed"]


def test_what_a_forecaster_selected_is_in_its_manifest(history: History, shelf: Shelf) -> None:
    class Choosing(Drift):
        @property
        def selected(self) -> dict[str, str]:
            return {"s1": f"a gain of {self.gain:.2f}, of many"}

    (outcome,) = train("gardons", {"drift": Choosing()}, history, shelf, rng=rng())
    assert shelf.manifest("drift", outcome.version or "")["selected"]["s1"].startswith("a gain of ")
    (plain,) = train("gardons", {"other": Drift()}, history, shelf, rng=rng())
    assert shelf.manifest("other", plain.version or "")["selected"] == {}


def test_what_is_kept_beside_a_model_is_under_its_digests(history: History, shelf: Shelf) -> None:
    def beside(pipeline: str, name: str, model: object, folder: Path) -> None:
        assert isinstance(model, Drift) and any(folder.iterdir()), "the model itself is there already"
        (folder / "beside.txt").write_text(f"{pipeline} {name}")

    (outcome,) = train("gardons", {"drift": Drift()}, history, shelf, rng=rng(), beside=beside)
    assert "beside.txt" in shelf.manifest("drift", outcome.version or "")["files"]
    assert (shelf.folder("drift") / "beside.txt").read_text() == "gardons drift"
    (shelf.folder("drift") / "beside.txt").write_text("changed")
    assert shelf.verify("drift", outcome.version or "")


def test_what_cannot_be_kept_beside_does_not_cost_the_model(
    history: History, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    def beside(pipeline: str, name: str, model: object, folder: Path) -> None:
        raise ValueError("no words for it")

    (outcome,) = train("gardons", {"drift": Drift()}, history, shelf, rng=rng(), beside=beside)
    assert outcome.promoted and "no words for it" in caplog.text
    assert outcome.notes[-1] == "what the model knows was not kept: ValueError: no words for it"
    assert shelf.verify("drift", outcome.version or "") == []


def test_a_model_worse_than_persistence_is_kept_but_does_not_reign(history: History, shelf: Shelf) -> None:
    (outcome,) = train("gardons", {"drift": Drift(noise=5.0)}, history, shelf, rng=rng())
    assert not outcome.promoted and shelf.active("drift") is None
    assert shelf.versions("drift") == (outcome.version,)
    assert "worse" in outcome.why


def test_a_challenger_must_be_better_out_of_sample(history: History, shelf: Shelf) -> None:
    (first,) = train("gardons", {"m": Still()}, history, shelf, rng=rng())
    (worse,) = train("gardons", {"m": Drift(noise=0.5)}, history, shelf, rng=rng())
    assert not worse.promoted and shelf.active("m") == first.version
    (same,) = train("gardons", {"m": Still()}, history, shelf, rng=rng())
    assert not same.promoted and "not better" in same.why
    (best,) = train("gardons", {"m": Drift()}, history, shelf, rng=rng())
    assert best.promoted and shelf.active("m") == best.version
    assert shelf.rollback("m") == first.version


def test_on_a_longer_record_both_are_judged_where_neither_has_learned(history: History, shelf: Shelf) -> None:
    early = history.between(0, 800)
    train("gardons", {"m": Drift()}, early, shelf, rng=rng())
    parts = split(history)
    at = test_steps(parts, 1)
    later = unseen_by(history, parts, at, early.times[-1])
    assert len(later) and (history.times[later] > early.times[-1]).all()
    (outcome,) = train("gardons", {"m": Drift()}, history, shelf, rng=rng())
    assert "on its own test part" not in outcome.why
    assert set(outcome.scores) == {"challenger", "reigning"}


def test_too_little_that_is_new_is_no_ground_for_a_verdict(history: History) -> None:
    parts = split(history)
    at = test_steps(parts, 1)
    assert len(unseen_by(history, parts, at, history.times[-10])) == 0


def test_the_same_seed_gives_the_same_model(history: History, tmp_path: Path) -> None:
    made = []
    for place in ("one", "two"):
        shelf = Shelf(tmp_path / place, "p")
        blend = Blend(members={"drift": Drift()}, rng=rng(5))
        (outcome,) = train("p", {"blend": blend}, history, shelf, rng=rng(7))
        made.append(files_of(shelf.folder("blend", outcome.version)))
    assert made[0] == made[1] and made[0]


class Killed(BaseException):
    """As a SIGKILL would, it passes every `except Exception`."""


def test_a_killed_training_goes_on_and_ends_with_the_same_model(history: History, tmp_path: Path) -> None:
    def blend() -> Blend:
        return Blend(members={"drift": Drift(), "still": Still()}, rng=rng(5))

    def kill_late(what: str, share: float) -> None:
        if "whole record" in what:
            raise Killed

    straight, halted = Shelf(tmp_path / "straight", "p"), Shelf(tmp_path / "halted", "p")
    Drift.fits = Still.fits = 0
    (whole,) = train("p", {"blend": blend()}, history, straight, rng=rng(7))
    needed = Drift.fits + Still.fits
    with pytest.raises(Killed):
        train("p", {"blend": blend()}, history, halted, rng=rng(7), progress=kill_late)
    Drift.fits = Still.fits = 0
    (resumed,) = train("p", {"blend": blend()}, history, halted, rng=rng(7))
    assert 0 < Drift.fits + Still.fits < needed
    assert files_of(straight.folder("blend", whole.version)) == files_of(halted.folder("blend", resumed.version))
    assert not (halted.root / ".work").exists()


def test_other_data_or_options_do_not_take_over_finished_pieces(history: History, tmp_path: Path) -> None:
    def kill_at_once(what: str, share: float) -> None:
        if "whole record" in what:
            raise Killed

    shelf = Shelf(tmp_path, "p")
    with pytest.raises(Killed):
        train("p", {"drift": Drift()}, history, shelf, rng=rng(7), progress=kill_at_once)
    for forecaster, record, seed in (
        (Drift(), history.between(0, 1500), 7),
        (Drift(noise=0.01), history, 7),
        (Drift(), history, 8),
    ):
        Drift.fits = 0
        with pytest.raises(Killed):
            train("p", {"drift": forecaster}, record, shelf, rng=rng(seed), progress=kill_at_once)
        assert Drift.fits == 1  # what the first left is of no use to it
    Drift.fits = 0
    train("p", {"drift": Drift()}, history, shelf, rng=rng(7))
    assert Drift.fits == 1  # of the two fits, one was found


def test_traits_tell_options_and_members_but_not_objects_addresses() -> None:
    one, two = Blend(members={"d": Drift(noise=0.1)}), Blend(members={"d": Drift(noise=0.1)})
    assert traits(one) == traits(two) != traits(Blend(members={"d": Drift(noise=0.2)}))
    assert "0x" not in str(traits(one))


def test_one_that_fails_does_not_stop_the_others(history: History, shelf: Shelf) -> None:
    broken, sound = train("p", {"broken": Drift(fail=True), "sound": Drift()}, history, shelf, rng=rng())
    assert broken.version is None and "cannot be fitted" in broken.why
    assert sound.promoted


def test_what_cannot_be_trained_is_passed_over(history: History, shelf: Shelf) -> None:
    class Bare:
        def forecast(self, window):
            raise AssertionError("never asked")

    assert [o.name for o in train("p", {"bare": Bare(), "drift": Drift()}, history, shelf, rng=rng())] == ["drift"]


def test_progress_rises_to_one(history: History, shelf: Shelf) -> None:
    seen: list[float] = []
    blend = Blend(members={"drift": Drift()}, rng=rng())
    train(
        "p",
        {"blend": blend, "persistence": Persistence()},
        history,
        shelf,
        rng=rng(),
        progress=lambda w, s: seen.append(s),
    )
    assert seen == sorted(seen) and seen[-1] == pytest.approx(1.0) and len(seen) > 8


def with_target(history: History, values: np.ndarray) -> History:
    return replace(history, target=Signal.measured(values))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda h: with_target(h, np.full(h.target.shape, np.nan)), "nothing to learn from"),
        (lambda h: with_target(h, np.full(h.target.shape, 0.7)), r"0\.7 throughout the record"),
        (lambda h: h.between(0, 16), r"16 steps; training needs more than past \+ horizon = 12 \+ 4"),
    ],
    ids=["all gaps", "constant", "too short"],
)
def test_a_hopeless_record_is_refused_with_a_sentence(history: History, shelf: Shelf, change, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        train("p", {"drift": Drift()}, change(history), shelf, rng=rng())
    assert shelf.versions("drift") == ()


def test_few_events_train_with_a_note_and_without_nan(shelf: Shelf) -> None:
    history = sample_history(sample_layout(stations=1, slots=1, past=6, horizon=3), steps=90, gaps=0.0)
    (outcome,) = train("p", {"blend": Blend(members={"drift": Drift()}, rng=rng())}, history, shelf, rng=rng())
    assert outcome.version is not None
    assert "independent flood events" in outcome.notes[0]
    mix = Blend(members={"drift": Drift()}).load(shelf.folder("blend", outcome.version)).ready().mix
    assert all(np.isfinite(a).all() for a in mix.arrays().values())


def test_the_score_of_persistence_is_one_and_of_the_truth_zero(history: History) -> None:
    class Oracle:
        def __init__(self, share: float) -> None:
            self.share = share

        def forecast(self, window):
            raise AssertionError("judged by hindcast")

        def hindcast(self, h: History, at: np.ndarray, future: bool) -> np.ndarray:
            last, truth = last_of(h, at), truth_of(h, at)
            centre = last[..., None] + self.share * (truth - last[..., None])
            return np.repeat(centre[..., None], len(h.layout.quantiles), axis=-1)

    parts = split(history)
    at = test_steps(parts, 1)
    held, perfect = judge(Oracle(0.0), history, parts, at), judge(Oracle(1.0), history, parts, at)
    assert held.relative_loss == pytest.approx(1.0) and held.persistence_index == pytest.approx(0.0)
    assert perfect.relative_loss == pytest.approx(0.0) and perfect.persistence_index == pytest.approx(1.0)
    half = judge(Oracle(0.5), history, parts, at)
    assert half.persistence_index == pytest.approx(0.75) and half.relative_loss == pytest.approx(0.5)


def test_a_model_without_hindcast_cannot_be_judged(history: History) -> None:
    parts = split(history)
    with pytest.raises(ModelError, match="no hindcast"):
        judge(object(), history, parts, test_steps(parts, 1))
    with pytest.raises(ModelError, match="test part is empty"):
        judge(Drift(), history, parts, np.empty(0, int))


def test_verdicts() -> None:
    one, two = Score(0.8, np.zeros(2), 10), Score(0.9, np.zeros(2), 10)
    assert better(one, two)[0] and not better(two, one)[0] and not better(one, one)[0]
    assert better(one, None)[0] and not better(Score(1.2, np.zeros(2), 10), None)[0]


@given(st.floats(1e-3, 2.0))
def test_the_same_training_again_is_never_better(loss: float) -> None:
    """The reigning model's score comes out of its manifest, written with six decimals."""
    again = Score(loss, np.zeros(2), 10)
    assert not better(again, Score.read(again.told()))[0]
    clearly = replace(again, relative_loss=loss - 2e-6)
    assert better(clearly, Score.read(again.told()))[0]
