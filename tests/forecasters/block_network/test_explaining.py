"""What a block network's median is made of: where the parts lie, and that only named lines close the sum."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin import Forecast, History, Layout, Signal, Window
from hydria_plugin.forecasters.block_network.explaining import worth_of
from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.forecasters.block_network.transform import Transform
from hydria_plugin.testing.checks import check_attribution
from hydria_plugin.testing.samples import sample_history, sample_layout, window_of
from tests.forecasters.records import split_of

pytestmark = pytest.mark.skipif(not hasattr(BlockNetwork, "attribute"), reason="the network cannot say why yet")
P, H = 12, 6
FEW = {"initialisations": 4, "hidden": 2, "folds": 2, "max_rows": 150, "select": False, "twin": False, "num_threads": 1}


def layout(quantity: str = "level", kinds: tuple[str, ...] = ("rain", "rain", "level", "pet")) -> Layout:
    plain = sample_layout(stations=1, slots=1, past=P, horizon=H)
    slots = tuple(f"{kind}.{i}" for i, kind in enumerate(kinds))
    return replace(
        plain, slots=slots, kinds=kinds, series=np.array([[f"{slot}@s1" for slot in slots]]),
        quantities=(quantity,), units=("m3/s" if quantity == "discharge" else "m",),
    )  # fmt: skip


@cache
def history(quantity: str = "level", kinds: tuple[str, ...] = ("rain", "rain", "level", "pet")) -> History:
    return sample_history(layout(quantity, kinds), 400, seed=5, gaps=0.002)


@cache
def network(form: str = "directed", power: float | None = 1.0, **kinds: tuple[str, ...]) -> BlockNetwork:
    record = history(**kinds)
    return BlockNetwork(form=form, power=power, **FEW).fit(record, split_of(record))  # type: ignore[arg-type]


def wet(record: History, future: bool = False) -> Window:
    rain = np.nan_to_num(record.inputs.values[0, :, 0])
    fallen = np.convolve(rain, np.ones(5))[: len(rain)]
    fallen[: P + 30] = fallen[-H - 30 :] = 0.0
    return window_of(record, int(fallen.argmax()), future)


def explained(one: BlockNetwork, window: Window) -> tuple[Forecast, dict[str, np.ndarray]]:
    forecast = one.forecast(window)
    check_attribution(one, forecast, window)  # type: ignore[arg-type]
    return forecast, dict(one.attribute(window).lines)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("form", "power"), [("directed", 1.0), ("static", 1.0), ("directed", 0.0), ("recurrent", 1.0), ("recurrent", 0.4)]
)
@pytest.mark.parametrize("future", [False, True])
def test_the_parts_are_whole_without_the_line_of_limits(form: str, power: float, future: bool) -> None:
    one, record = network(form, power), history()
    for at in (60, 150, 200, 290):
        _, lines = explained(one, window_of(record, at, future))
        if form != "static" and power == 1.0:
            assert np.abs(lines["limits"]).max() < 1e-9, "nothing is cut here, so nothing may be missing"
    explained(one, wet(record, future))


def test_a_discharge_is_explained_in_its_own_unit() -> None:
    record = history("discharge")
    one = BlockNetwork(**FEW).fit(record, split_of(record))  # type: ignore[arg-type]
    found = one.attribute(wet(record))  # type: ignore[attr-defined]
    explained(one, wet(record))
    np.testing.assert_allclose(found.base[0], record.target.values[0][np.isin(record.times, wet(record).issued_at)][0])


def test_the_ensemble_median_is_the_median_less_the_mean_of_the_members() -> None:
    forecast, lines = explained(network(), wet(history()))
    assert forecast.members is not None
    paths = forecast.members[0, 0]
    np.testing.assert_allclose(lines["ensemble median"][0], np.median(paths, axis=0) - paths.mean(axis=0), atol=1e-9)


def test_a_wet_hour_adds_what_its_absence_takes_away_in_sign() -> None:
    window, one = wet(history()), network()
    found = one.attribute(window)  # type: ignore[attr-defined]
    values = np.array(window.past.values)
    values[..., :2] *= 0.0
    dry = one.forecast(replace(window, past=Signal.measured(values)))
    assert (one.forecast(window).median - dry.median)[0, -1] > 0
    assert found.inputs[0, -1, :P, :2].sum() > 0


def test_dry_steps_add_nothing() -> None:
    window = wet(history(), future=True)
    found = network().attribute(window)  # type: ignore[attr-defined]
    rain = np.concatenate([window.past.values[0, 0], window.future.values[0, 0]])[:, :2]
    assert not found.inputs[0][:, :, :2][:, rain == 0].any()
    assert found.inputs[0][:, :, :2][:, rain > 0].any()


def test_rain_after_the_valid_time_adds_nothing_at_a_knot() -> None:
    window = wet(history(), future=True)
    found = network().attribute(window)  # type: ignore[attr-defined]
    for lead in (1, 3, 6):
        assert not found.inputs[0, lead - 1, P + lead :, :2].any()


def test_a_silent_gauge_is_a_line_and_not_a_share() -> None:
    window = wet(history())
    values = np.array(window.past.values)
    values[..., 0] = np.nan
    found = network().attribute(replace(window, past=Signal.measured(values)))  # type: ignore[attr-defined]
    assert not found.inputs[0, :, :P, 0].any() and np.abs(found.lines["estimated"]).max() > 0


@pytest.mark.parametrize("kinds", [("level",), ("rain",), ("rain", "temperature", "discharge", "pet", "rain")])
def test_any_set_of_slots(kinds: tuple[str, ...]) -> None:
    one = network(kinds=kinds)
    record = history(kinds=kinds)
    for future in (False, True):
        explained(one, window_of(record, 200, future))


@given(st.floats(-0.9, 3.0), st.sampled_from([0.0, 0.3, 0.5]))
def test_what_a_shown_change_is_worth(change: float, power: float) -> None:
    transform = Transform(power, np.array([0.0]), np.array([2.0]))
    start = transform.forward(np.array([4.0]))
    worth = worth_of(transform, start, np.array([change, 0.0]))
    turned = transform.back((start + change)[None])[0, 0] - 4.0
    assert worth[0] * change == pytest.approx(turned, abs=1e-6 * max(1.0, abs(turned)))
    assert worth[1] == pytest.approx(transform.back(start + 1e-6)[0] * 1e6 - 4.0 * 1e6, rel=1e-3)
