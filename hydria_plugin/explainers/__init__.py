"""Built-in explainers, offered by the same door as everybody's. Each is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hydria_plugin import Explainer, Later, hookimpl


@hookimpl
def hydria_explainers() -> Mapping[str, Callable[..., Explainer]]:
    """The modules named here are light: what they explain was read when the models were trained."""
    return {
        "knox": Later(f"{__name__}.knox.explainer", "Knox"),
        "attribution": Later(f"{__name__}.attribution.explainer", "AttributionExplainer"),
    }
