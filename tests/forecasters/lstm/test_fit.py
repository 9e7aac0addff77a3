"""From a record to members: folds, widths, the bench, and records that hold little or nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hydria_plugin import History, ModelError, Signal
from hydria_plugin.forecasters.lstm import fit as fitting
from hydria_plugin.forecasters.lstm.fit import WIDEST, Options, fit_recurrent, parts, ratios_of, stretches
from hydria_plugin.forecasters.lstm.model import Recurrent
from hydria_plugin.forecasters.lstm.network import spoken
from hydria_plugin.forecasters.lstm.sequences import read
from hydria_plugin.learning.workbench import Workbench

from ..records import split_of
from .small import MAX_AGE, lessons, random_network, record

LEVELS = record().layout.quantiles
OPTIONS = Options(
    hidden=4, folds=2, epochs=1, patience=1, batch=64, learning_rate=0.01, max_rows=400, max_minutes=1.0,
    max_age=MAX_AGE, num_threads=1, seed=1,
)  # fmt: skip


def fitted(history: History, bench: Workbench | None = None, options: Options = OPTIONS) -> Recurrent:
    return fit_recurrent(
        bench or Workbench(), history, split_of(history), options, lambda: 0.0, lambda what, share: None
    )


def test_one_member_for_each_fold() -> None:
    assert len(fitted(record(), options=OPTIONS._replace(folds=3)).members) == 3


def test_no_member_sees_its_own_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def noted(learn: np.ndarray, out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seen.append((learn, out))
        return parts(learn, out)

    monkeypatch.setattr(fitting, "parts", noted)
    fitted(record())
    assert len(seen) == 2
    for learn, out in seen:
        assert learn.any() and out.any()
        assert not (learn & out).any()


def test_where_a_fold_is_empty_the_other_serves_for_both() -> None:
    yes, no = np.ones(4, dtype=bool), np.zeros(4, dtype=bool)
    for learn, out in ((yes, no), (no, yes)):
        a, b = parts(learn, out)
        np.testing.assert_array_equal(a, np.arange(4))
        np.testing.assert_array_equal(b, np.arange(4))


def test_nothing_to_learn_is_a_model_error() -> None:
    history = record()
    empty = replace(history, target=Signal.measured(np.full(history.target.shape, np.nan)))
    with pytest.raises(ModelError, match="nothing to learn"):
        fitted(empty)


@pytest.mark.parametrize("value", [0.0, 3.7])
def test_a_river_that_never_moves_brings_a_model_of_numbers(value: float) -> None:
    history = record()
    still = replace(history, target=Signal.measured(np.full(history.target.shape, value)))
    for member in fitted(still).members:
        assert all(np.isfinite(a).all() for a in member.arrays().values())


def test_a_station_without_a_record_does_not_spoil_the_others() -> None:
    history = record()
    target = history.target.values.copy()
    target[1] = np.nan
    model = fitted(replace(history, target=Signal.measured(target)))
    assert all(np.isfinite(a).all() for m in model.members for a in m.arrays().values())
    assert np.isfinite(model.norms.unit).all()


def test_gauges_that_are_constant_or_gone_do_no_harm() -> None:
    history = record()
    inputs = history.inputs.values.copy()
    inputs[:, :, 0], inputs[:, :, 1] = 1.0, np.nan
    model = fitted(replace(history, inputs=Signal.measured(inputs)))
    assert all(np.isfinite(a).all() for m in model.members for a in m.arrays().values())


def test_finished_members_are_taken_from_the_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = fitted(record(), Workbench(tmp_path))
    monkeypatch.setattr(fitting, "train", lambda *_: pytest.fail("trained again"))
    again = fitted(record(), Workbench(tmp_path))
    for a, b in zip(first.members, again.members, strict=True):
        np.testing.assert_array_equal(a.head, b.head)


def test_a_member_that_diverges_is_trained_again_more_carefully(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ModelError, match=r"learning rate 1e\+29"):
        fitted(record(), options=OPTIONS._replace(learning_rate=1e30))
    assert "a tenth of the rate" in caplog.text


def test_each_member_has_its_share_of_the_time() -> None:
    clock = [0.0]
    told: list[str] = []

    def spent() -> float:
        clock[0] += 0.2
        return clock[0]

    options = OPTIONS._replace(epochs=30, patience=30, max_minutes=1.0)
    fit_recurrent(Workbench(), record(), split_of(record()), options, spent, lambda what, share: told.append(what))
    assert told.count("network 1 of 2") == 3, "until half of the time is spent"
    assert told.count("network 2 of 2") == 3


def test_a_stretched_quantile_is_exceeded_as_often_as_it_says() -> None:
    """A network with random weights has widths that mean nothing; stretched on the same cases they are right."""
    some = lessons()
    noise = np.random.default_rng(6).normal(size=some.truth.shape)
    seen = read(some.cases, MAX_AGE)
    network = random_network(seen)
    network = replace(network, head=network.head * 0.3, straight=network.straight * 0.0)
    q = spoken(network.raw(seen)[0], 3)
    some = replace(some, truth=(q[..., 3] + noise) * some.cases.move + seen.base[:, None])
    stretch = stretches([network], some, [np.arange(len(some))], LEVELS, MAX_AGE)[0]
    assert np.all(stretch[:, 3] == 1.0)
    centre = q[..., 3, None]
    share = (noise[..., None] + centre < centre + stretch * (q - centre)).mean(axis=0)
    inner = (stretch > 1 / WIDEST) & (stretch < WIDEST) & (np.arange(7) != 3)
    assert inner.any()
    np.testing.assert_allclose(share[inner], np.broadcast_to(LEVELS, share.shape)[inner], atol=0.01)


def test_too_few_errors_leave_the_width_as_it_is() -> None:
    some = lessons().take(np.arange(20))
    network = random_network(read(some.cases, MAX_AGE))
    np.testing.assert_array_equal(stretches([network], some, [np.arange(20)], LEVELS, MAX_AGE), 1.0)


def test_the_form_with_rain_is_judged_where_the_rain_is_known() -> None:
    some = lessons().take(np.arange(30))
    foreseen = some.cases.foreseen.copy()
    foreseen[:, 2:] = False
    some = replace(some, cases=replace(some.cases, foreseen=foreseen))
    above, below = ratios_of(random_network(read(some.cases, MAX_AGE)), some, 3, MAX_AGE)
    assert np.isnan(above[1, :, 2:]).all()
    assert np.isfinite(above[0, :, :2, -1]).any()
    known = np.isfinite(above) & np.isfinite(below)
    np.testing.assert_array_equal(above[known], -below[known])
