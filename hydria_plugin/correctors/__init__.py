"""Built-in correctors, offered by the same door as everybody's. Each is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hydria_plugin import ForecastCorrector, InputCorrector, Later, hookimpl


@hookimpl
def hydria_correctors() -> Mapping[str, Callable[..., InputCorrector | ForecastCorrector]]:
    """The modules named here are light."""
    return {
        "error-model": Later(f"{__name__}.error_model.corrector", "ErrorModel"),
        "gaps": Later(f"{__name__}.gaps.corrector", "Gaps"),
        "quality": Later(f"{__name__}.quality.corrector", "Quality"),
        "conformal": Later(f"{__name__}.conformal.corrector", "Conformal"),
        "input-error": Later(f"{__name__}.input_error.corrector", "InputError"),
    }
