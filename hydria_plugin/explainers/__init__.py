"""Built-in explainers, offered by the same door as everybody's."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hydria_plugin import Explainer, hookimpl

from .attribution.explainer import AttributionExplainer
from .knox.explainer import Knox


@hookimpl
def hydria_explainers() -> Mapping[str, Callable[..., Explainer]]:
    """The modules named here are light: what they explain was read when the models were trained."""
    return {"knox": Knox, "attribution": AttributionExplainer}
