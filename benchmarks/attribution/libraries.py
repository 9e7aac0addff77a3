"""The same attributions by captum (integrated gradients) and shap (trees, linear), where they are installed."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np

from hydria_plugin.forecasters.attributing_boosting import contributions
from hydria_plugin.forecasters.block_network.attributing import attribute
from hydria_plugin.forecasters.block_network.network import Networks
from hydria_plugin.forecasters.boosting import Boosting
from hydria_plugin.forecasters.cases import Cases, cases_of_history
from hydria_plugin.forecasters.features import issue_features, lead_features
from hydria_plugin.learning.splits import split
from hydria_plugin.testing.samples import sample_history, sample_layout
from hydria_plugin.values import Floats

STEPS = (16, 64, 256)  # of captum's quadrature


def against_libraries() -> None:
    for name, compare in (("captum", captum), ("shap", shap)):
        if importlib.util.find_spec(name) is None:
            print(f"{name}: not installed")
        else:
            compare()


def captum() -> None:
    """40 networks of 4 zones, 24 lags, 5 neurons."""
    import torch
    from captum.attr import IntegratedGradients

    rng = np.random.default_rng(1)
    m, b, z, lags, n, k = 40, 50, 4, 24, 5, 3
    shapes = {
        "kernel": (m, z, lags), "mix": (m, n, z), "state": (m, n, k), "bias": (m, n), "out": (m, n), "out_bias": (m,),
        "straight": (m, z), "straight_state": (m, k),
    }  # fmt: skip
    networks = Networks(**{name: rng.normal(0, 0.4, shape) for name, shape in shapes.items()})
    lagged, state = rng.gamma(0.3, 1.0, (b, z, lags)), rng.normal(size=(b, k))
    zones, states = attribute(networks, lagged, state, np.zeros_like(lagged), np.zeros_like(state))
    ours = np.concatenate([zones.reshape(m, b, -1), states], axis=2)
    end = torch.tensor(np.concatenate([lagged.reshape(b, -1), state], axis=1))
    for steps in STEPS:
        theirs = [
            IntegratedGradients(forward_of(networks, i)).attribute(end, torch.zeros_like(end), n_steps=steps).numpy()
            for i in range(m)
        ]
        print(f"captum, integrated gradients of {steps} steps: largest difference {np.abs(ours - theirs).max():.1e}")


def forward_of(networks: Networks, i: int) -> Any:
    """Member ``i`` in torch, over one flat input."""
    import torch

    a = {name: torch.tensor(np.asarray(array[i])) for name, array in networks.arrays().items()}
    z, lags = a["kernel"].shape

    def forward(flat: Any) -> Any:
        blocks = (flat[:, : z * lags].reshape(-1, z, lags) * a["kernel"]).sum(dim=2)
        state = flat[:, z * lags :]
        h = torch.tanh(blocks @ a["mix"].T + state @ a["state"].T + a["bias"])
        return h @ a["out"] + blocks @ a["straight"] + state @ a["straight_state"] + a["out_bias"]

    return forward


def shap() -> None:
    """The boosting's columns, by LightGBM's own contributions and by shap's TreeExplainer, over trees grown on a sample
    record."""
    import shap as library

    history = sample_history(sample_layout(stations=1), 1500)
    model = Boosting(num_threads=1).fit(history, split(history)).model
    assert model is not None
    some = cases_of_history(history, 0, np.arange(100, 1400, 10), True, 0, 6)
    worst, size = 0.0, 0.0
    for k in range(len(model.knots)):
        for form in (0, 1):
            x = columns(model, some, k, form)
            trees = model.trees[0][form][k].centre
            theirs = np.mean([by_shap(library, one, x) for one in trees], axis=0)
            ours = contributions(model, 0, form, k, some, 1)[:, :-1]
            worst, size = max(worst, float(np.abs(ours - theirs).max())), max(size, float(np.abs(ours).max()))
    said = f"largest difference {worst:.1e}, largest contribution {size:.2f}"
    print(f"shap, TreeExplainer of the boosting's columns: {said}")


def by_shap(library: Any, booster: Any, x: Floats) -> Floats:
    """By shap's own code: left alone, it would ask LightGBM for what it is compared with."""
    explainer = library.TreeExplainer(booster, feature_perturbation="tree_path_dependent")
    explainer.model.model_type = "internal"
    return np.asarray(explainer.shap_values(x.astype(np.float64), check_additivity=False))


def columns(model: Any, cases: Cases, k: int, form: int) -> Floats:
    both = (
        issue_features(cases, model.scales, model.wide[0]),
        lead_features(cases, model.knots[k], model.scales, form == 1),
    )
    return np.concatenate(both, axis=1)
