"""``${NAME}``: from the environment or from the file that NAME_FILE names, and never seen in what is said."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from hydria_plugin.cli import app
from hydria_plugin.config import read_config
from hydria_plugin.config.places import Faults
from hydria_plugin.config.reading import examine
from hydria_plugin.config.variables import value_of
from tests.site_files import FILES, write_site

CANARY = 'ca\'nary \\ "7" é'  # of what quoting would change
SERVER = "postgresql+psycopg://hydria:open-sesame@db.example/hydria"


def site(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    toml = FILES["hydria.toml"]
    for old, new in changes or (("sqlite:///hydria.db", "${HYDRIA_STORE}"),):
        assert old in toml
        toml = toml.replace(old, new)
    return write_site(tmp_path, {"hydria.toml": toml}, days=1)


def secret(tmp_path: Path, content: str | bytes) -> dict[str, str]:
    """An environment whose HYDRIA_STORE lies in a file."""
    path = tmp_path / "store.secret"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return {"HYDRIA_STORE_FILE": str(path)}


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_value_is_the_file_s_without_one_newline(tmp_path: Path, end: str) -> None:
    settings = read_config(site(tmp_path), secret(tmp_path, SERVER + end))
    assert settings.platform.store == SERVER
    assert "open-sesame" not in repr(settings)


@given(st.text(min_size=1))
def test_whatever_the_file_holds_is_the_value(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    environ = secret(tmp_path_factory.mktemp("any"), text.rstrip("\r\n") + "|\n\n")
    assert value_of("HYDRIA_STORE", environ, pytest.fail) == text.rstrip("\r\n") + "|\n"


def test_a_variable_whose_name_ends_so_is_a_variable(tmp_path: Path) -> None:
    config = site(tmp_path, ("sqlite:///hydria.db", "sqlite:///${DATA_FILE}"))
    assert read_config(config, {"DATA_FILE": "a.db"}).platform.store == f"sqlite:///{tmp_path}/a.db"


def test_the_file_is_read_anew_each_time(tmp_path: Path) -> None:
    config = site(tmp_path)
    for password in ("old-one", "new-one"):
        environ = secret(tmp_path, SERVER.replace("open-sesame", password))
        assert password in read_config(config, environ).platform.store


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read (No such file or directory)"), (b"", "is empty"), (b"\n", "is empty"),
     (b"pass\xe9", "is not UTF-8 text (byte 4)")],
)  # fmt: skip
def test_a_file_of_no_use_is_one_fault_with_place_value_and_remedy(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    environ = secret(tmp_path, content or b"")
    if content is None:
        Path(environ["HYDRIA_STORE_FILE"]).unlink()
    (fault,) = (f for f in examine(site(tmp_path), environ).faults if "HYDRIA_STORE_FILE" in f)
    assert fault == (
        f"""hydria.toml:3: platform.store: "${{HYDRIA_STORE}}" needs the file '{tmp_path}/store.secret' that the """
        f"environment variable 'HYDRIA_STORE_FILE' names, which {words}; allowed: the path of a file, readable by this "
        "user, that holds the value and nothing else"
    )


def test_a_folder_and_a_file_without_the_right_to_read_it(tmp_path: Path) -> None:
    (fault,) = (f for f in examine(site(tmp_path), {"HYDRIA_STORE_FILE": str(tmp_path)}).faults if "_FILE" in f)
    assert "cannot be read (Is a directory)" in fault
    environ = secret(tmp_path, SERVER)
    Path(environ["HYDRIA_STORE_FILE"]).chmod(0)
    if not os.access(environ["HYDRIA_STORE_FILE"], os.R_OK):  # root may read every file
        assert "cannot be read (Permission denied)" in examine(site(tmp_path), environ).faults[0]


def test_set_twice_is_refused_and_not_set_says_both_ways(tmp_path: Path) -> None:
    config = site(tmp_path)
    twice = examine(config, secret(tmp_path, SERVER) | {"HYDRIA_STORE": SERVER}).faults
    assert (
        len([f for f in twice if "finds both environment variables 'HYDRIA_STORE' and 'HYDRIA_STORE_FILE'" in f]) == 1
    )
    assert "unset 'HYDRIA_STORE'" in twice[0] and "open-sesame" not in str(twice)
    never = examine(config, {"HYDRIA_STROE_FILE": "/run/secrets/store"}).faults[0]
    assert "which is not set (did you mean 'HYDRIA_STROE'?)" in never
    assert "a set variable, or 'HYDRIA_STORE_FILE' with the path of a file" in never


# ---- nothing said holds a secret --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [('"sqlite:///hydria.db"', '"${S}"'), ('"sqlite:///hydria.db"', '"sqlite:///${S}/h.db"'),
     ('step = "1h"', 'step = "${S}"'), ('timezone = "Europe/Paris"', 'timezone = "${S}"'),
     ('language = "fr"', 'language = "${S}"'), ('["ridge", "persistence"]', '["${S}", "${S}"]'),
     ('["yellow", "red"]', '["yellow", "${S}"]'), ("tolerance = 0.1", 'tolerance = "${S}"'),
     ('column = "rise"', 'column = "${S}"'), ('stations = "stations.csv"', 'stations = "${S}"'),
     ('path = "out"', 'way = "${S}"'), ('time = "time_utc"', 'time_format = "${S}"'),
     ('time = "time_utc"', 'timezone = "${S}"'), ('use = "csv", path = "feeds"', 'use = "${S}", path = "feeds"')],
)  # fmt: skip
@pytest.mark.parametrize("by_file", [False, True])
def test_faults_name_the_variable_and_not_what_it_holds(
    tmp_path: Path, old: str, new: str, by_file: bool, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "s").write_text(CANARY)
    environ = {"S_FILE": str(tmp_path / "s")} if by_file else {"S": CANARY}
    with caplog.at_level(logging.DEBUG):
        found = examine(site(tmp_path, (old, new)), environ)
    assert any("${S}" in fault for fault in found.faults), found.faults
    said = "\n".join([*found.faults, *found.warnings, caplog.text])
    assert not any(part in said for part in ("nary", "\\", "é", "\\u00e9")), said


@pytest.mark.parametrize(
    "address",
    ["postgresql:/u:open-sesame@h/db", "postgresql://u:pw@h:open-sesame/db", "postgresql://u:half@open-sesame@h/db",
     "postgrsql://u:open-sesame@h/db", "open-sesame"],
)  # fmt: skip
def test_an_address_that_cannot_be_taken_apart_is_not_shown(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in secret(tmp_path, address).items():
        monkeypatch.setenv(name, value)
    for command in ("check", "once", "train"):
        done = CliRunner().invoke(app, [command, str(site(tmp_path))])
        assert done.exit_code == 2 and "platform.store" in done.output
        assert "sesame" not in done.output and "half" not in done.output


def test_concealed_in_every_shape_the_longest_first_and_never_inside_words() -> None:
    faults = Faults()
    for value, name in (("a b", "$0"), ("open", "$1"), ("open-sesame", "$2"), (CANARY, "$3")):
        faults.conceal(value, name)
    faults.add("here", f"a b open open-sesame {CANARY!r} {json.dumps(CANARY)}")
    assert faults.lines == ["""here: a b $1 $2 '$3' "$3\""""]
    assert CANARY not in repr(faults)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("sqlite:///hydria.db", "${NO_SUCH}", "platform.store"),
        ('"Europe/Paris"', '"${NO_SUCH}"', "platform.timezone"),
        ('step = "1h"', 'step = "${NO_SUCH}"', "pipelines.river.step"),
        ('"stations.csv"', '"${NO_SUCH}.csv"', "pipelines.river.stations"),
        ('path = "feeds"', 'path = "${NO_SUCH}"', "pipelines.river.source.path"),
        ('path = "out"', 'path = "${NO_SUCH}/${NOR_THIS}"', "pipelines.river.sinks[1].path"),
        ('["yellow", "red"]', '["yellow", "${NO_SUCH}"]', "pipelines.river.alerts.thresholds[2]"),
    ],
)
def test_what_is_not_set_is_told_once_and_not_of_its_consequences(
    old: str, new: str, place: str, tmp_path: Path
) -> None:
    """One line for each name that stands for nothing; other faults of the file are told beside it all the same."""
    faults = examine(site(tmp_path, (old, new), ('language = "fr"', 'language = "de"')), {}).faults
    names = [name for name in ("NO_SUCH", "NOR_THIS") if name in new]
    assert len(faults) == len(names) + 1, faults
    for name in names:
        assert any(place in f and f"the environment variable '{name}', which is not set" in f for f in faults), faults
    assert any("platform.language" in f for f in faults)


@pytest.mark.parametrize("written", ["${HYDRIA_STORE", "sqlite:///${HYDRIA_STORE", "${A}${B"])
def test_a_variable_that_is_not_closed_is_a_fault(written: str, tmp_path: Path) -> None:
    """Taken as it stands it would be an address that nobody meant. What it stands in is not shown."""
    config = site(tmp_path, ("sqlite:///hydria.db", written))
    (fault,) = (f for f in examine(config, {"A": "memory:"}).faults if "platform.store" in f)
    assert "opens '${' and does not close it; allowed: '${NAME}'" in fault and written not in fault
