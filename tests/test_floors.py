"""The floors: a file imports from its own or lower floors, never in a circle, and light commands stay light."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "hydria_plugin"
FLOORS = {
    1: ("values", "errors", "schedule", "later", "secret", "offers", "option_types", "cores"),
    2: (
        "roles",
        "tables",
        "alerts",
        "standing",
        "crossings",
        "exceedance",
        "ledger",
        "drawing",
        "digest",
        "steps",
        "decomposition",
        "exchange",
    ),
    3: (
        "ladder",
        "cycle",
        "hookspecs",
        "testing",
        "buffer",
        "rings",
        "outlook",
        "assembly",
        "intake",
        "asking",
        "at_once",
        "sources",
        "depth",
        "totals",
        "recounting",
        "manual_flags",
    ),
    4: (
        "plugins",
        "worker",
        "delivery",
        "verification",
        "learning",
        "forecasters",
        "correctors",
        "explainers",
        "stores",
    ),
    5: ("config",),
    6: ("host", "workshop"),
    7: ("cli", "demo", "serve", "web", "__main__"),
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
MAY_ALSO = {"explainers": ("drawing", "forecasters")}  # explainers draw, and look into the networks they explain
OPEN_TO_ADAPTERS = ("exchange", "drawing")  # and the public face
PLUG_IN_ROOMS = ("forecasters", "correctors", "explainers", "stores")


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """Absolute names of every module of ours that ``path`` imports, wherever in the file."""
    here, found = module_of(path), set()
    package = here if path.name == "__init__.py" else here.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            up = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*up, *([node.module] if node.module else [])])
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.split(".")[0] == "hydria_plugin"}


def room_of(module: str) -> str:
    """The room a module stands in; a file such as cli_train counts as of the room cli."""
    parts = module.split(".")
    room = parts[1] if len(parts) > 1 else ""
    return room if room in FLOOR_OF else room.split("_")[0] if room.split("_")[0] in FLOOR_OF else room


def is_public(name: str) -> bool:
    """``hydria_plugin`` or ``hydria_plugin.values``, or a name taken from them (no module of theirs)."""
    parts = name.split(".")
    parts = [parts[0], *parts[2:]] if parts[1:2] == ["values"] else parts
    room = PACKAGE / "values" if len(name.split(".")) > len(parts) else PACKAGE
    return len(parts) == 1 or not ((room / parts[1]).exists() or (room / f"{parts[1]}.py").exists())


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down(path: Path) -> None:
    room = room_of(module_of(path))
    if not room:
        return  # the public face re-exports
    assert room in FLOOR_OF, f"{path.name} stands on no floor: give it one here and in the design"
    for name in imports(path):
        other = room_of(name)
        if other in FLOOR_OF and other != room:
            assert FLOOR_OF[other] <= FLOOR_OF[room], f"{room} (floor {FLOOR_OF[room]}) imports {name} above it"


def test_rooms_have_no_circle() -> None:
    edges: dict[str, set[str]] = {}
    for path in FILES:
        room = room_of(module_of(path))
        others = {room_of(name) for name in imports(path)} & set(FLOOR_OF)
        edges.setdefault(room, set()).update(others - {room})
    done: set[str] = set()

    def walk(room: str, trail: tuple[str, ...]) -> None:
        assert room not in trail, f"a circle: {' -> '.join([*trail, room])}"
        if room not in done:
            for other in sorted(edges.get(room, ())):
                walk(other, (*trail, room))
            done.add(room)

    for room in [*edges]:
        if room:
            walk(room, ())


@pytest.mark.parametrize("room", PLUG_IN_ROOMS)
def test_built_in_plugins_use_the_public_face(room: str) -> None:
    open_to_it = {room, "learning", *MAY_ALSO.get(room, ())}
    for path in sorted((PACKAGE / room).rglob("*.py")):
        for name in imports(path):
            inside = not open_to_it.isdisjoint(name.split(".")[1:2])
            assert inside or is_public(name), f"{path.relative_to(ROOT)} imports {name}, which is not the public face"


@pytest.mark.parametrize("path", sorted((ROOT / "adapters").rglob("*.py")), ids=lambda p: str(p.name))
def test_adapters_use_the_public_face(path: Path) -> None:
    for name in imports(path):
        open_to_it = is_public(name) or name.split(".")[1] in OPEN_TO_ADAPTERS
        assert open_to_it, f"{path.relative_to(ROOT)} imports {name}, which is not open to adapters"


OURS = [*FILES, *sorted((ROOT / "adapters").rglob("*.py"))]
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def lengths(path: Path) -> dict[str, int]:
    """Lines of each function, its decorators left out, and a factory's options: one a line is a list, not a story."""
    found = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, FUNCTION)]
    first = {node: node.body[0].lineno if node.name == "__init__" else node.lineno for node in found}
    return {f"{node.name}:{node.lineno}": (node.end_lineno or 0) - first[node] + 1 for node in found}


@pytest.mark.parametrize("path", OURS, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 250, f"{path.name} is too long: two things live in it"
    assert not {name: n for name, n in lengths(path).items() if n > 40}, f"{path.name} has functions over 40 lines"


def test_most_functions_are_short() -> None:
    assert statistics.median(n for path in OURS for n in lengths(path).values()) < 10


@pytest.mark.parametrize(
    "statement", ["import hydria_plugin", "from hydria_plugin.plugins import load_plugins; load_plugins()"]
)
def test_light_imports(statement: str) -> None:
    code = f"{statement}\nimport sys\nprint([m for m in ('torch', 'lightgbm') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
