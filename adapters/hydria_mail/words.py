"""What a mail says around the notice."""

from __future__ import annotations

from collections.abc import Mapping

TEXT: Mapping[str, Mapping[str, str]] = {
    "en": {
        "FIRST": "NEW",
        "HIGHER": "HIGHER",
        "LOWER": "LOWER",
        "CLEARED": "CLEARED",
        "REPEAT": "STILL",
        "why": "WHY",
        "colon": ":",
        "Outlook": "Outlook: median forecast, eight chances in ten between",
        "between": "{} and {}",
        "none": "No forecast could be made for this station: watch the gauge.",
        "degraded": "This forecast is less than it should be",
        "event": "Event {}, message {}. Times are {}.",
        "report event": "Event {}.",
        "picture": "Hydrograph of {}",
        "attached": "The hydrograph is attached.",
    },
    "fr": {
        "FIRST": "NOUVEAU",
        "HIGHER": "HAUSSE",
        "LOWER": "BAISSE",
        "CLEARED": "LEVÉ",
        "REPEAT": "TOUJOURS",
        "why": "POURQUOI",
        "colon": " :",
        "Outlook": "Perspective : prévision médiane, huit chances sur dix entre",
        "between": "{} et {}",
        "none": "Aucune prévision n'a pu être établie pour cette station : surveiller le capteur.",
        "degraded": "Cette prévision est dégradée",
        "event": "Événement {}, message {}. Heures : {}.",
        "report event": "Événement {}.",
        "picture": "Hydrogramme de {}",
        "attached": "L'hydrogramme est joint.",
    },
}
