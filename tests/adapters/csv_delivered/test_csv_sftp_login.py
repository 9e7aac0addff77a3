"""A real OpenSSH server: which one it is, who we are, and what addresses and options may say."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import pytest
from csv_bulletins import bulletin
from sftp_feed import ROWS, WANTED, put, said
from sftp_server import SftpServer, keygen

from hydria_csv import CsvSink, CsvSource
from hydria_csv.sftp import Login, fingerprint_of
from hydria_plugin import ConfigError, FeedError, Secret

# ---- who it is ----


def test_the_server_must_be_the_one_that_is_known(sftp_server: SftpServer, tmp_path: Path) -> None:
    put(sftp_server, "x.csv", ROWS)
    path, key = sftp_server.url(), str(sftp_server.key)
    known = str(sftp_server.folder / "known_hosts")
    for good in (known, sftp_server.fingerprint, f"{sftp_server.fingerprint}="):
        assert len(CsvSource(path=path, key=key, host_key=good).read(WANTED)) == 2
    other, none = tmp_path / "other", tmp_path / "none"
    keygen(other)
    (tmp_path / "others").write_text(f"[127.0.0.1]:{sftp_server.port} {Path(f'{other}.pub').read_text()}")
    none.touch()
    for wrong in (str(tmp_path / "others"), str(none), "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"):
        source = CsvSource(path=path, key=key, host_key=wrong)
        with pytest.raises(FeedError, match='the server is not the one that is known .*write host_key = "SHA256:'):
            source.read(WANTED)
    with pytest.raises(FeedError, match=sftp_server.fingerprint.replace("+", r"\+")):
        CsvSource(path=path, key=key, host_key="SHA256:wrong").read(WANTED)
    assert not none.read_text(), "nothing is ever accepted by itself"


def test_the_users_own_known_hosts_count(sftp_server: SftpServer, tmp_path: Path, monkeypatch) -> None:
    put(sftp_server, "x.csv", ROWS)
    monkeypatch.setenv("HOME", str(tmp_path))
    source = CsvSource(path=sftp_server.url(), key=str(sftp_server.key))
    with pytest.raises(FeedError, match="the server is not the one that is known"):
        source.read(WANTED)
    (tmp_path / ".ssh").mkdir()
    shutil.copy(sftp_server.folder / "known_hosts", tmp_path / ".ssh" / "known_hosts")
    assert len(CsvSource(path=sftp_server.url(), key=str(sftp_server.key)).read(WANTED)) == 2


def test_keys_locked_and_wrong(sftp_server: SftpServer, tmp_path: Path) -> None:
    put(sftp_server, "x.csv", ROWS)
    locked, stranger = tmp_path / "locked", tmp_path / "stranger"
    keygen(locked, "c4n4ry")
    keygen(stranger)
    sftp_server.authorize(locked)
    options = sftp_server.options()
    source = CsvSource(**{**options, "key": str(locked)}, password=Secret("c4n4ry"))
    assert len(source.read(WANTED)) == 2
    with pytest.raises(FeedError, match='the key is locked: write password = "'):
        CsvSource(**{**options, "key": str(locked)}).read(WANTED)
    with pytest.raises(FeedError, match="user, key or password is not accepted"):
        CsvSource(**{**options, "key": str(stranger)}).read(WANTED)
    wrong = CsvSource(**{**options, "key": str(locked)}, password=Secret("c4n4ry-wrong"))
    with pytest.raises(FeedError, match="cannot be reached") as caught:
        wrong.read(WANTED)
    assert "c4n4ry" not in said(caught.value)


def test_passwords(sftp_server: SftpServer) -> None:
    put(sftp_server, "x.csv", ROWS)
    options = {"path": sftp_server.url(), "host_key": sftp_server.fingerprint}
    wrong = CsvSource(**options, password=Secret("c4n4ry"))
    with pytest.raises(FeedError, match="user, key or password is not accepted") as caught:
        wrong.read(WANTED)
    assert "c4n4ry" not in said(caught.value) + repr(vars(wrong))
    if os.geteuid() != 0 or not all(map(shutil.which, ("openssl", "useradd", "userdel"))):
        pytest.skip("a user with a password is made by root only, with openssl and useradd")
    user, word = f"hydria{uuid.uuid4().hex[:8]}", "right: ö"
    digest = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=word, capture_output=True, text=True, check=True
    )
    subprocess.run(["useradd", "-M", "-p", digest.stdout.strip(), user], check=True, capture_output=True)
    folder = Path(tempfile.mkdtemp(prefix="hydria-files-"))
    try:
        folder.chmod(0o755)
        (folder / "x.csv").write_text(ROWS)
        path = f"sftp://{user}@127.0.0.1:{sftp_server.port}{folder}"
        source = CsvSource(**{**options, "path": path}, password=Secret(word))
        assert len(source.read(WANTED)) == 2
        sink = CsvSink(**{**options, "path": path}, password=Secret(word))
        with pytest.raises(FeedError, match="cannot be written .Permission denied"):
            sink.write(bulletin())
    finally:
        shutil.rmtree(folder)
        subprocess.run(["userdel", "-f", user], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"path": "sftp://host/x", "key": "k"}, "path must be sftp://user@host/folder"),
        ({"path": "sftp://u@h:99999/x", "key": "k"}, "path must be sftp://user@host/folder"),
        ({"path": "sftp://u:c4n4ry@h/x", "key": "k"}, "path must not hold a password"),
        ({"path": "sftp://u@h/x"}, 'sftp needs key = "file of a private key" or password'),
        ({"path": "sftp://u@h/x", "key": "nowhere"}, "key = 'nowhere': there is no such file"),
        (
            {"path": "sftp://u@h/x", "password": Secret("c4n4ry"), "host_key": "nofile"},
            "host_key = 'nofile': there is no",
        ),
        ({"path": "feeds", "key": "k"}, "key is for a path that begins with sftp://"),
        ({"path": "feeds", "password": Secret("c4n4ry")}, "password is for a path that begins with sftp://"),
    ],
)
def test_wrong_options(options: dict[str, object], words: str) -> None:
    for factory, who in ((CsvSource, "source csv"), (CsvSink, "sink csv")):
        with pytest.raises(ConfigError, match=f"{who}: {words}") as caught:
            factory(**options)
        assert "c4n4ry" not in str(caught.value)
    with pytest.raises(ConfigError, match="folders within are not looked into over SFTP"):
        CsvSource(path="sftp://u@h/x", password=Secret("p"), pattern="**/*.csv")


def test_fingerprints_are_those_of_ssh_keygen(sftp_server: SftpServer) -> None:
    import base64

    key = base64.b64decode(Path(f"{sftp_server.host_key}.pub").read_text().split()[1])
    assert fingerprint_of(key) == sftp_server.fingerprint


@pytest.mark.parametrize(
    ("path", "place"),
    [("sftp://u@h/a/b", "/a/b"), ("sftp://u@h:22/~/a%20b", "a b"), ("sftp://u@h", "/"), ("sftp://u@h/~/", ".")],
)
def test_folders(path: str, place: str) -> None:
    assert Login(path).place == place
