"""Every real file of ../shared/samples: whose it is, which of our readers read it, what was found in it or the sentence
it was refused with, and whether that is right by a look without our readers (sample_truth.py).

python -m benchmarks.adapters.samples
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from . import sample_readers, sample_truth
from .sample_readers import Outcome

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = next((p for up in ROOT.parents if (p := up / "shared" / "samples").is_dir()), None)

HOSTS = {  # folder -> host
    "fews-pi-xml": "fews", "fews-pi-rest": "fews", "netcdf-cf": "fews", "sandre-hydrometrie": "sandre",
    "hubeau-hydrometrie": "hubeau", "vigicrues": "vigicrues", "sensorthings": "sensorthings", "cap": "cap",
    "kisters-wiski": "csv",
}  # fmt: skip
OTHERS = {  # folder, or beginning of a name in it -> why it is nobody's
    "README.md": "says where the samples are from",
    "bufr": "reports of weather services, which no adapter reads",
    "kisters-kiwis": "the web service of KISTERS, which no adapter speaks",
    "meteo-france": "the State's vigilance colours: neither levels nor rain",
    "uk-ea-flood": "the web service of the Environment Agency, which no adapter speaks",
    "usgs": "the web service of the USGS, which no adapter speaks",
    "waterml2-sos": "OGC SOS, which no adapter speaks",
    "xsd/CAP-v1.2": "the schema by which tests validate our CAP messages",
    "xsd/cap": "a schema of CAP: no message",
    "xsd/fewsconfig": "a schema of FEWS' own configuration: no message",
    "xsd/waterml2": "a schema of WaterML 2: no message",
}


@dataclass(frozen=True)
class Row:
    """One file. ``host`` is empty where it belongs to none, and ``why`` says so."""

    name: str
    host: str = ""
    outcome: Outcome | None = None
    truth: int | str = ""
    why: str = ""

    @property
    def is_right(self) -> bool:
        """Found as many as there are; or refused, naming the cause."""
        if self.outcome is None:
            return bool(self.why)
        if isinstance(self.truth, int):
            return not self.outcome.is_refused and self.outcome.count + self.outcome.left == self.truth
        return self.outcome.is_refused and self.truth in " ".join(self.outcome.said)

    def cells(self) -> tuple[str, str, str, str, str]:
        """file, host, reader, found or said, right."""
        if self.outcome is None:
            return self.name, "none", "-", self.why or "UNACCOUNTED FOR", "yes" if self.why else "NO"
        o = self.outcome
        found = f"{o.count:,} {o.what}" if o.what else "nothing"
        told = "; ".join(short(text, self.name) for text in o.said)
        what = f"refused: {told}" if o.is_refused else f"{found}; told: {told}" if told else found
        right = "yes" if self.is_right else f"NO: {self.truth}"
        return self.name, self.host, o.reader, what, right


def short(text: str, name: str, most: int = 110) -> str:
    """Without the file, which stands beside it."""
    said = " ".join(word for word in text.split(" ") if not word.startswith("/"))
    said = said.removeprefix(f"{name.rpartition('/')[2]}: ")
    return said if len(said) <= most else f"{said[: most - 3]}..."


def rows(samples: Path) -> list[Row]:
    return [row_of(path, samples) for path in sorted(samples.rglob("*")) if path.is_file()]


def row_of(path: Path, samples: Path) -> Row:
    name = path.relative_to(samples).as_posix()
    host = HOSTS.get(name.partition("/")[0], "")
    if not host:
        return Row(name, why=next((why for start, why in OTHERS.items() if name.startswith(start)), ""))
    return Row(name, host, getattr(sample_readers, host)(path), sample_truth.TRUTH[host](path))


def main() -> int:
    """0 when every file is accounted for and every outcome right."""
    if SAMPLES is None:
        print("../shared/samples is not beside this checkout")
        return 0
    found = rows(SAMPLES)
    print("| file | host | reader | found, or refused with | right |\n|---|---|---|---|---|")
    for row in found:
        print("| " + " | ".join(cell.replace("|", "/") for cell in row.cells()) + " |")
    counts = Counter(row.host or "none" for row in found)
    print(f"\n{len(found)} files: " + ", ".join(f"{host} {n}" for host, n in sorted(counts.items())))
    refused = sum(row.outcome is not None and row.outcome.is_refused for row in found)
    wrong = [row.name for row in found if not row.is_right]
    print(f"read {sum(counts.values()) - counts['none'] - refused}, refused {refused}, wrong {len(wrong)} {wrong}")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main())
