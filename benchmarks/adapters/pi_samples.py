"""Every real file of FEWS beside this checkout: what was read of it, or why not.

python -m benchmarks.adapters.pi_samples
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = next((p for up in ROOT.parents if (p := up / "shared" / "samples" / "fews-pi-xml").is_dir()), None)


def samples() -> None:
    if SAMPLES is None:
        print("samples: ../shared/samples is not beside this checkout")
        return
    print(f"{'sample':<48}{'series':>7}{'events':>8}{'missing':>8}  said")
    for folder in (SAMPLES, SAMPLES.parent / "fews-pi-rest"):
        for file in sorted(folder.iterdir()):
            if file.suffix in (".xml", ".json", ".bin"):
                print(f"{file.name:<48}{told(file)}")


def told(file: Path) -> str:
    """As series, else as what it is instead."""
    from hydria_fews.pi_bin import with_values
    from hydria_fews.pi_json import read_pi_json
    from hydria_fews.pi_reading import read_pi
    from hydria_plugin import FeedError

    data = file.read_bytes()
    try:
        if file.suffix == ".bin":  # its own headers are those of the export, not those that now lie beside it
            beside = read_pi((file.parent / "rtctools_export.xml").read_bytes(), "rtctools_export.xml")
            series, faults = with_values(beside.series, data, file.name), beside.faults
        else:
            content = (read_pi if file.suffix == ".xml" else read_pi_json)(data, file.name)
            series, faults = content.series, content.faults
    except FeedError as error:
        return f"{'':>23}  {as_another(file) or str(error).partition(': ')[2][:110]}"
    missing = sum(int(np.isnan(one.value).sum()) for one in series)
    return f"{len(series):>7}{sum(map(len, series)):>8}{missing:>8}  {'; '.join(faults)[:110]}"


def as_another(file: Path) -> str:
    """What the readers of other documents make of it."""
    from hydria_fews.rating_curves import read_ratings
    from hydria_fews.run_info import read_run
    from hydria_plugin import FeedError

    def curves() -> str:
        found, remarks = read_ratings(file)
        return f"{len(found)} curves, {len(remarks)} remarks"

    readers: dict[str, Callable[[], str]] = {
        "run info": lambda: f"time0 {read_run(file).time0}Z, {len(read_run(file).remarks)} remarks",
        "rating curves": curves,
    }
    for what, read in readers.items() if file.suffix == ".xml" else ():
        try:
            return f"{what}: {read()}"
        except FeedError:
            continue
    return ""


if __name__ == "__main__":
    samples()
