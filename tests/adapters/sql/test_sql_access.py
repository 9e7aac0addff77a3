"""Addresses: what is allowed, TLS unless it stays on this machine, and secrets that are not told."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import sqlalchemy as sa
from postgresql_server import Server, need_postgresql
from sql_places import asked

from hydria_plugin import ConfigError, FeedError, Secret
from hydria_plugin.config import read_config
from hydria_plugin.plugins import load_plugins
from hydria_sql.access import Access, seconds_of
from hydria_sql.source import SqlSource

REMOTE = "postgresql://hydria@db.example.org/platform"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "the database is named by either url or database"),
        ({"url": Secret("sqlite:///x"), "database": "sqlite:///x"}, "by either url or database"),
        ({"database": "platform.db"}, "database = 'platform.db' is no address of a database"),
        ({"database": "postgresql://u:c4n4ry@h:port/x"}, r"database = 'postgresql://u:\*\*\*@h:port/x' is no address"),
        ({"url": Secret("c4n4ry")}, "url is no address of a database; allowed: database = "),
        ({"database": "postgresql://u:c4n4ry@h/x"}, "database must not hold a password"),
        ({"database": "postgresql://u@h/x?password=c4n4ry"}, "database must not hold a password"),
        ({"database": "mysql://u@h/x"}, "a database of the kind 'mysql' is not spoken to"),
        ({"database": "sqlite://"}, "the address names no file"),
        ({"database": "sqlite:///x", "password": Secret("c4n4ry")}, "an SQLite file has none"),
        ({"database": REMOTE, "ca": "/nowhere.pem"}, "ca = '/nowhere.pem': there is no such file"),
        ({"database": REMOTE, "timeout": "soon"}, "timeout = 'soon' must be a duration"),
        ({"database": REMOTE, "timeout": "0s"}, "timeout = '0s' must be a duration"),
    ],
)
def test_wrong_addresses(options: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        SqlSource(table="obs", **options)
    assert "c4n4ry" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "either table or query says what is read"),
        ({"table": "a", "query": "b"}, "either table or query"),
        ({"table": "a b"}, "'a b' is no name of a table"),
        ({"table": "a", "value": ""}, "value: a column must be named"),
        ({"table": "a", "flags": {"x": "great"}}, "flags.x = 'great' must be one of good, unknown"),
        ({"table": "a", "scale": {"x": 0}}, "scale.x = 0 must be a number other than 0"),
        ({"table": "a", "names": {"1": "x", "2": "x"}}, "two names of the host stand for the same series"),
        ({"table": "a", "missing": ["-"]}, "missing: '-' must be a number"),
        ({"table": "a", "timezone": "Mars/Base"}, "timezone = 'Mars/Base' must be a zone"),
        ({"query": "SELECT :when"}, ":when is not known; allowed: :series, :start, :issued_at, :known_at, :end"),
    ],
)
def test_wrong_options(options: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=f"source sql: .*{said}"):
        SqlSource(database=REMOTE, **options)


def test_a_server_elsewhere_must_prove_who_it_is(tmp_path: Path) -> None:
    assert Access(database=REMOTE).connect_args()["sslmode"] == "verify-full"
    assert Access(database=REMOTE).connect_args()["sslrootcert"] == "system"
    for here in ("localhost", "127.0.0.1", "127.0.1.1", ""):
        assert "sslmode" not in Access(database=f"postgresql://u@{here}/x").connect_args()
    assert "sslmode" not in Access(database="postgresql:///x?host=/run/postgresql").connect_args()
    assert "sslmode" not in Access(database=f"{REMOTE}?sslmode=disable").connect_args(), "the admin's word counts"
    (tmp_path / "ca.pem").touch()
    own = Access(database=REMOTE, ca="ca.pem", folder=tmp_path).connect_args()
    assert own["sslrootcert"] == str(tmp_path / "ca.pem") and own["sslmode"] == "verify-full"


def test_tls_against_a_real_server(tmp_path: Path) -> None:
    """A certificate for db.test: right with its issuer, wrong without, wrong for another name, and none at all."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed (apt-get install openssl)")
    folder = Path("/tmp") / f"hydria-tls-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    key, pem = folder / "key.pem", folder / "cert.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(pem)]
    words += ["-days", "2", "-subj", "/CN=db.test", "-addext", "subjectAltName=DNS:db.test"]
    subprocess.run(words, check=True, capture_output=True)
    key.chmod(0o600)
    server = Server(need_postgresql(), folder)
    at = f"hostaddr=127.0.0.1&port={server.port}"
    try:
        plain = SqlSource(database=f"postgresql://postgres@db.test/postgres?{at}", table="obs")
        with pytest.raises(FeedError, match="the server speaks no TLS"):
            plain.read(asked("a"))
        if os.geteuid() == 0:
            shutil.chown(key, "postgres")
        settings = f"ssl = on\nssl_cert_file = '{pem}'\nssl_key_file = '{key}'\n"
        with (folder / "data" / "postgresql.conf").open("a") as file:
            file.write(settings)
        server.control("reload")
        with pytest.raises(FeedError, match="certificate is not trusted: give the file of its issuer as `ca`"):
            plain.read(asked("a"))
        other = SqlSource(database=f"postgresql://postgres@other.test/postgres?{at}", table="obs", ca=str(pem))
        with pytest.raises(FeedError, match='does not match host name "other.test"'):
            other.read(asked("a"))
        right = SqlSource(database=f"postgresql://postgres@db.test/postgres?{at}", table="obs", ca=str(pem))
        with pytest.raises(FeedError, match="there is no table obs"):
            right.read(asked("a"))
        with right._database.reading("looking") as connection:
            assert connection.execute(sa.text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).scalar()
        right.close()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_what_is_shown_of_an_address() -> None:
    url = Secret("postgres://u:s3cret%40x@h:5433/d?sslmode=require&passfile=f")
    access = Access(url=url)
    assert access.shown() == "postgresql://u@h:5433/d" and not access.faults()
    assert access.concealed("no: s3cret@x, s3cret%40x, passfile") == "no: ***, ***, passfile"
    assert access.address().drivername == "postgresql+psycopg"


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("20 s", 20), ("2min", 120), ("1h", 3600), ("20", None)])
def test_durations(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


TOML = """
[platform]
name = "x"
[pipelines.p]
step = "1h"
past = "12h"
horizon = "6h"
stations = "stations.csv"
source = {{ use = "sql", table = "obs", {source} }}
forecasters = ["persistence"]
sinks = []
"""


@pytest.mark.parametrize("written", ['url = "postgresql://u:c4n4ry@h/x"', 'database = "postgresql://u:c4n4ry@h/x"'])
def test_a_password_in_the_file_is_refused_and_not_shown(tmp_path: Path, written: str) -> None:
    (tmp_path / "stations.csv").write_text("station,name,target,quantity,unit\ns,S,t,level,m\n")
    (tmp_path / "hydria.toml").write_text(TOML.format(source=written))
    registry = load_plugins(points=[EntryPoint(name="sql", value="hydria_sql", group="hydria")])
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path / "hydria.toml", registry=registry)
    assert "c4n4ry" not in str(caught.value), str(caught.value)
    assert "secret" in str(caught.value) or "must not hold a password" in str(caught.value)
