"""The shelf under `kill -9`, power cuts and two hands at once: what reigned, or what was to reign; never half of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_forecasters import Drift

from hydria_plugin import History, ModelError
from hydria_plugin.learning.manifest import write_text
from hydria_plugin.learning.shelf import NEW, Shelf
from hydria_plugin.learning.train import train
from hydria_plugin.learning.workbench import DONE, Workbench
from hydria_plugin.testing.samples import sample_history, sample_layout

CHANGES = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree")  # what a kill may fall before
ENDED, FAILED, KILLED = 0, 3, 9


def saves(text: str) -> Callable[[Path], None]:
    def save(folder: Path) -> None:
        (folder / "members").mkdir()
        (folder / "model.txt").write_text(text)
        (folder / "members" / "weights.bin").write_bytes(text.encode() * 50)

    return save


def ticking(start: int = 0) -> Callable[[], np.datetime64]:
    times = iter(np.datetime64("2026-11-23T10:00:00", "s") + np.arange(start, 100_000))
    return lambda: next(times)


def in_a_child(work: Callable[[], Any]) -> int:
    """Run it in a process of its own; gives its exit code."""
    child = os.fork()
    if child == 0:
        code = FAILED
        try:
            work()
            code = ENDED
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_before(number: int, root: Path, work: Callable[[], Any]) -> bool:
    """Do ``work`` in a process that dies, as by SIGKILL, before its ``number``-th change below ``root``, or line of the
    writing of a text; False where it ended before."""

    def doomed() -> None:
        left = [number]

        def count() -> None:
            left[0] -= 1
            if left[0] < 0:
                os._exit(KILLED)

        def change(event: str, facts: tuple[Any, ...]) -> None:
            if event in CHANGES and str(root) in str(facts[0]):
                count()

        def line(frame: FrameType, event: str, _: Any) -> Any:
            if event == "line":
                count()
            return line if frame.f_code.co_name == write_text.__name__ else None

        sys.addaudithook(change)
        sys.settrace(line)
        work()

    code = in_a_child(doomed)
    assert code in (ENDED, KILLED), f"the work itself failed before change {number}"
    return code == KILLED


def sound(shelf: Shelf) -> None:
    assert shelf.names() in ((), ("ridge",))
    for version in shelf.versions("ridge"):
        assert shelf.verify("ridge", version) == []
    reigning = shelf.active("ridge")
    assert reigning is None or shelf.folder("ridge", reigning).is_dir()


def test_killed_before_any_change_to_the_disk_the_shelf_is_sound_and_goes_on(tmp_path: Path) -> None:
    """A version added and promoted, and rolled back, with a kill before every single change on the way."""
    kills, killed = 0, True
    while killed:
        root = tmp_path / str(kills)
        shelf = Shelf(root, "p", ticking())
        shelf.promote("ridge", shelf.add("ridge", saves("one"), {}))

        def work(shelf: Shelf = shelf) -> None:
            shelf.promote("ridge", shelf.add("ridge", saves("two"), {}), "better")
            shelf.rollback("ridge")

        killed = killed_before(kills, root, work)
        after = Shelf(root, "p", ticking(500))
        sound(after)
        reigned = after.active("ridge")
        after.promote("ridge", after.add("ridge", saves("three"), {}))
        assert after.rollback("ridge") == reigned
        kills += killed
    assert kills > 30, "every change was tried, and the last run came through"


def test_what_killed_trainings_left_is_swept_away_when_it_is_old(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "p", ticking())
    for name, age in (("111", 2 * 86_400), ("222", 60)):
        left = shelf.root / "ridge" / f"{NEW}{name}"
        left.mkdir(parents=True)
        (left / "half.bin").write_bytes(b"x" * 1000)
        then = left.stat().st_mtime - age
        os.utime(left, (then, then))
    shelf.add("ridge", saves("one"), {})
    assert [p.name for p in shelf.root.glob(f"ridge/{NEW}*")] == [f"{NEW}222"]  # somebody may be at work on it


def test_a_version_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a power cut the pointer is there; so must be every file that it leads to, and its whole length."""
    synced: list[int] = []
    named: list[tuple[str, set[int]]] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda held: (synced.append(os.fstat(held).st_ino), fsync(held))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (named.append((Path(b).name, set(synced))), replace(a, b))[1])
    shelf = Shelf(tmp_path, "p", ticking())
    version = shelf.add("ridge", saves("one"), {})
    place = shelf.folder("ridge", version)
    before = dict(named)[version]
    assert {p.stat().st_ino for p in (place, *place.rglob("*"))} <= before
    assert place.parent.stat().st_ino in synced, "the folder that holds its name, too"


@settings(max_examples=8)
@given(moves=st.lists(st.integers(0, 2) | st.just(-1), max_size=12))
def test_promoting_and_rolling_back_undo_each_other(tmp_path_factory: pytest.TempPathFactory, moves: list[int]) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"), "p", ticking())
    versions = [shelf.add("ridge", saves(text), {}) for text in "abc"]
    for move in moves:
        before = shelf.succession("ridge")
        reigned = shelf.active("ridge")
        if move >= 0:
            shelf.promote("ridge", versions[move])
            assert shelf.active("ridge") == versions[move]
            if reigned not in (None, versions[move]):
                assert shelf.rollback("ridge") == reigned and shelf.succession("ridge") == before
                shelf.promote("ridge", versions[move])
        elif len({line["version"] for line in before}) > 1:
            assert shelf.rollback("ridge") != reigned
        else:
            with pytest.raises(ModelError, match="no earlier"):
                shelf.rollback("ridge")
        assert shelf.active("ridge") == (shelf.succession("ridge") or [{"version": None}])[-1]["version"]


@settings(max_examples=20)
@given(data=st.data())
def test_any_changed_byte_of_the_manifest_is_found(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """It holds the score that the next challenger is judged by."""
    shelf = Shelf(tmp_path_factory.mktemp("shelf"), "p", ticking())
    version = shelf.add("ridge", saves("one"), {"scores": {"challenger": {"relative_loss": 0.5}}})
    path = shelf.folder("ridge", version) / "manifest.json"
    held = bytearray(path.read_bytes())
    held[data.draw(st.integers(0, len(held) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(held))
    assert shelf.verify("ridge", version)
    with pytest.raises(ModelError, match="damaged"):
        shelf.folder("ridge", version)


@pytest.mark.parametrize("files", ['{"model.txt": "x"}', '{"model.txt": null}', '{"../up": {}}', "{}"])
def test_a_manifest_that_somebody_edited_is_a_line_not_a_crash(tmp_path: Path, files: str) -> None:
    shelf = Shelf(tmp_path, "p", ticking())
    version = shelf.add("ridge", saves("one"), {})
    (shelf.place("ridge", version) / "manifest.json").write_text(f'{{"format": 1, "files": {files}}}')
    assert shelf.verify("ridge", version)


def test_where_no_model_can_be_written_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("a file where the pipeline's folder should be")
    with pytest.raises(ModelError, match="the model of ridge cannot be written to .*Not a directory"):
        Shelf(tmp_path, "p", ticking()).add("ridge", saves("one"), {})


# ---- training beside training, and on a bad disk ----------------------------------------------------------------


@pytest.fixture(scope="module")
def history() -> History:
    return sample_history(sample_layout(stations=2, slots=2, past=12, horizon=4), steps=1200, gaps=0.002)


def test_a_bench_that_another_training_cleared_costs_no_model(tmp_path: Path) -> None:
    other = Workbench(tmp_path / ".work")

    def save(made: str, folder: Path) -> None:
        other.clear()  # the other one has ended
        (folder / "piece").write_text(made)

    assert Workbench(tmp_path / ".work").piece(lambda: "made", save, lambda f: "loaded", "a") == "made"


def test_a_full_disk_costs_no_piece_and_leaves_no_half_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def save(made: str, folder: Path) -> None:
        (folder / "piece").write_text("ma")
        with open("/dev/full", "w") as full:
            full.write(made)

    bench = Workbench(tmp_path)
    assert bench.piece(lambda: "made", save, lambda f: "loaded", "a") == "made"
    assert "No space left" in caplog.text
    assert not list(tmp_path.rglob(DONE)) and not list(tmp_path.iterdir())
    assert bench.piece(lambda: "again", save, lambda f: "loaded", "a") == "again"


def test_two_trainings_at_once_both_come_to_their_end(tmp_path: Path, history: History) -> None:
    def work(seed: int) -> Callable[[], None]:
        def run() -> None:
            shelf = Shelf(tmp_path, "p")
            (outcome,) = train("p", {"drift": Drift()}, history, shelf, rng=np.random.default_rng(seed))
            assert outcome.version is not None, outcome.why

        return run

    children = []
    for seed in (1, 2, 1):
        child = os.fork()
        if child == 0:
            code = FAILED
            try:
                work(seed)()
                code = ENDED
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [ENDED] * 3
    shelf = Shelf(tmp_path, "p")
    assert len(shelf.versions("drift")) == 3
    assert all(shelf.verify("drift", v) == [] for v in shelf.versions("drift"))
    assert shelf.active("drift") in shelf.versions("drift")


@pytest.mark.parametrize(
    "facts", [{}, {"scores": {}}, {"scores": {"challenger": {}}}, {"training": {"last": "lately"}}]
)
def test_a_reigning_model_that_was_never_scored_does_not_bar_the_way(
    tmp_path: Path, history: History, facts: dict[str, Any]
) -> None:
    """A corrector's, say, or one that another program laid there."""
    shelf = Shelf(tmp_path, "p", ticking())
    shelf.promote("drift", shelf.add("drift", saves("strange"), facts))
    (outcome,) = train("p", {"drift": Drift()}, history, shelf, rng=np.random.default_rng(1))
    assert outcome.promoted and shelf.active("drift") == outcome.version
