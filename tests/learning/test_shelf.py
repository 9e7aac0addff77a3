"""The shelf: whole versions, an atomic pointer, digests checked before anything is loaded, rollback."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import ModelError, Signal
from hydria_plugin.learning.manifest import describe, digest_of_history, read_manifest
from hydria_plugin.learning.shelf import ACTIVE, VERSION, Shelf
from hydria_plugin.testing.samples import sample_history


class Ticking:
    """A clock one minute further at every look."""

    def __init__(self) -> None:
        self.now = np.datetime64("2026-11-23T10:00:00", "s")

    def __call__(self) -> np.datetime64:
        self.now = self.now + np.timedelta64(60, "s")
        return self.now


def write(text: str):
    def save(folder: Path) -> None:
        (folder / "members").mkdir()
        (folder / "model.txt").write_text(text)
        (folder / "members" / "weights.bin").write_bytes(text.encode() * 100)

    return save


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "models", "gardons", clock=Ticking())


def test_a_version_is_kept_whole_with_its_manifest(shelf: Shelf) -> None:
    version = shelf.add("blend", write("one"), {"options": {"of": ["ridge"]}})
    assert VERSION.fullmatch(version)
    assert shelf.versions("blend") == (version,) and shelf.names() == ("blend",)
    held = shelf.manifest("blend", version)
    assert held["options"] == {"of": ["ridge"]} and held["pipeline"] == "gardons" and held["forecaster"] == "blend"
    assert set(held["files"]) == {"model.txt", "members/weights.bin"}
    assert shelf.active("blend") is None
    assert shelf.verify("blend", version) == []


def test_unfinished_work_is_no_forecaster(shelf: Shelf) -> None:
    assert shelf.names() == ()
    shelf.add("ridge", write("one"), {})
    (shelf.root / ".work" / "piece").mkdir(parents=True)
    assert shelf.names() == ("ridge",)


def test_versions_sort_by_time_even_within_one_second(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "p", clock=lambda: np.datetime64("2026-11-23T10:00:00", "s"))
    made = [shelf.add("ridge", write(str(i)), {}) for i in range(4)]
    assert list(shelf.versions("ridge")) == made == sorted(made)


def test_promote_and_rollback_keep_the_succession(shelf: Shelf) -> None:
    one, two, three = (shelf.add("blend", write(t), {}) for t in "abc")
    for version in (one, two, three):
        shelf.promote("blend", version, f"better: {version}")
        assert shelf.active("blend") == version
    assert [line["version"] for line in shelf.succession("blend")] == [one, two, three]
    assert shelf.rollback("blend") == two and shelf.active("blend") == two
    assert shelf.rollback("blend") == one
    with pytest.raises(ModelError, match="no earlier reigning version"):
        shelf.rollback("blend")
    assert shelf.active("blend") == one


def test_rollback_skips_a_version_promoted_twice(shelf: Shelf) -> None:
    one, two = (shelf.add("blend", write(t), {}) for t in "ab")
    for version in (one, two, two):
        shelf.promote("blend", version)
    assert shelf.rollback("blend") == one


def test_rollback_of_what_never_reigned(shelf: Shelf) -> None:
    with pytest.raises(ModelError, match="versions: none"):
        shelf.rollback("blend")


def test_damage_is_listed_and_nothing_damaged_is_given_out(shelf: Shelf) -> None:
    version = shelf.add("boosting", write("tree"), {})
    shelf.promote("boosting", version)
    place = shelf.folder("boosting")
    (place / "model.txt").write_text("tre")
    (place / "members" / "weights.bin").write_bytes(b"tre!" * 100)
    (place / "stranger").touch()
    faults = shelf.verify("boosting", version)
    assert len(faults) == 3
    assert any("model.txt: 3 bytes instead of 4" in f for f in faults)
    assert any("members/weights.bin: sha256" in f for f in faults)
    assert any("stranger: not in the manifest" in f for f in faults)
    with pytest.raises(ModelError, match=f"model {version} of boosting is damaged"):
        shelf.folder("boosting")
    with pytest.raises(ModelError, match="damaged"):
        shelf.promote("boosting", version)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_changed_byte_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"), "p", clock=Ticking())
    version = shelf.add("ridge", write("weights"), {})
    path = shelf.folder("ridge", version) / "members" / "weights.bin"
    held = bytearray(path.read_bytes())
    held[data.draw(st.integers(0, len(held) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(held[: data.draw(st.integers(0, len(held)))]))
    assert shelf.verify("ridge", version)


def test_a_missing_file_a_missing_or_broken_manifest(shelf: Shelf) -> None:
    version = shelf.add("ridge", write("w"), {})
    place = shelf.folder("ridge", version)
    (place / "model.txt").unlink()
    assert shelf.verify("ridge", version) == ["model.txt: missing"]
    (place / "manifest.json").write_text("{")
    assert "cannot be read" in shelf.verify("ridge", version)[0]
    (place / "manifest.json").write_text('{"files": {}, "format": 7}')
    assert "format 7" in shelf.verify("ridge", version)[0]
    (place / "manifest.json").unlink()
    assert "is missing" in shelf.verify("ridge", version)[0]


def test_unknown_versions_and_names_are_named(shelf: Shelf) -> None:
    version = shelf.add("ridge", write("w"), {})
    with pytest.raises(ModelError, match=f"no version 'nine'; there are: {re.escape(version)}"):
        shelf.folder("ridge", "nine")
    with pytest.raises(ModelError, match="run `hydria train`"):
        shelf.folder("boosting")
    for bad in ("../up", "", ".hidden"):
        with pytest.raises(ModelError, match="cannot be the name"):
            shelf.versions(bad)


def test_a_damaged_pointer_is_said_and_mended_by_activating(shelf: Shelf) -> None:
    version = shelf.add("ridge", write("w"), {})
    shelf.promote("ridge", version)
    (shelf.root / "ridge" / ACTIVE).write_text("{not json")
    with pytest.raises(ModelError, match="hydria models activate"):
        shelf.active("ridge")
    shelf.promote("ridge", version, "activated by hand")
    assert shelf.active("ridge") == version


def test_a_save_that_fails_leaves_no_version(shelf: Shelf) -> None:
    def broken(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise OSError("disk full")

    with pytest.raises(ModelError, match="cannot be written to .*disk full"):
        shelf.add("ridge", broken, {})
    assert shelf.versions("ridge") == ()
    assert list((shelf.root / "ridge").iterdir()) == []


def test_a_half_written_pointer_is_never_seen(shelf: Shelf) -> None:
    one, two = (shelf.add("ridge", write(t), {}) for t in "ab")
    shelf.promote("ridge", one)
    (shelf.root / "ridge" / f".{ACTIVE}.1").write_text('{"ver')  # what a crash within promote leaves
    assert shelf.active("ridge") == one
    shelf.promote("ridge", two)
    assert shelf.active("ridge") == two
    assert json.loads((shelf.root / "ridge" / ACTIVE).read_text())["version"] == two


def test_the_data_digest_changes_with_any_value() -> None:
    history = sample_history(steps=200)
    changed = np.array(history.target.values)
    changed[0, 77] += 1e-9
    other = replace(history, target=Signal.measured(changed))
    assert digest_of_history(history) == digest_of_history(sample_history(steps=200))
    assert digest_of_history(history) != digest_of_history(other)
    told = describe(history)
    assert told["training"]["steps"] == 200 and told["training"]["first"].endswith("Z")
    assert "numpy" in told["packages"]


def test_manifest_of_no_model(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(ModelError, match="no manifest of a model"):
        read_manifest(tmp_path)
