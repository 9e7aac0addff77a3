"""A real OpenSSH server for the tests, on loopback, with keys of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

SSHD = Path("/usr/sbin/sshd")


def need_sshd() -> None:
    """Skip by name, or fail where the machine must have it (.ci/run)."""
    if SSHD.exists() and shutil.which("ssh-keygen"):
        return
    if os.environ.get("HYDRIA_REQUIRE_SYSTEM"):
        pytest.fail(
            "OpenSSH's server is not installed, and HYDRIA_REQUIRE_SYSTEM asks for it: apt-get install openssh-server"
        )
    pytest.skip("OpenSSH's server is not installed (apt-get install openssh-server)")


def keygen(file: Path, passphrase: str = "") -> None:
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(file)]
    subprocess.run(words, check=True, capture_output=True)


class SftpServer:
    """An sshd whose ``root`` is shown under its own path; ``user`` may log in with ``key``."""

    def __init__(self, folder: Path) -> None:
        need_sshd()
        self.folder, self.root, self.user = folder, folder / "files", getpass.getuser()
        self.root.mkdir()
        self.key, self.host_key = folder / "id", folder / "host"
        keygen(self.key)
        keygen(self.host_key)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        (folder / "authorized").write_text((folder / "id.pub").read_text())
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {(folder / 'host.pub').read_text()}")
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def fingerprint(self) -> str:
        said = subprocess.run(
            ["ssh-keygen", "-l", "-f", f"{self.host_key}.pub"], check=True, capture_output=True, text=True
        )
        return said.stdout.split()[1]

    def url(self, path: str = "") -> str:
        return f"sftp://{self.user}@127.0.0.1:{self.port}{self.root}{path}"

    def options(self, path: str = "") -> dict[str, str]:
        """What a source or a sink needs to come here."""
        return {"path": self.url(path), "key": str(self.key), "host_key": str(self.folder / "known_hosts")}

    def toml(self, path: str = "") -> str:
        return ", ".join(f'{name} = "{value}"' for name, value in self.options(path).items())

    def authorize(self, key: Path) -> None:
        with (self.folder / "authorized").open("a") as file:
            file.write(Path(f"{key}.pub").read_text())

    def start(self, most_kib: int | None = None) -> None:
        """``most_kib``: no file may be larger, as where a disk is full."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        config = self.folder / "sshd_config"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.host_key}\nPidFile {self.folder}/pid\n"
            f"AuthorizedKeysFile {self.folder}/authorized\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n"
            "PasswordAuthentication yes\nSubsystem sftp internal-sftp\nLogLevel ERROR\nMaxStartups 100\n"
        )
        log = (self.folder / "log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [
                    "/bin/sh",
                    "-c",
                    f"ulimit -f {2 * most_kib if most_kib else 'unlimited'}; exec {SSHD} -D -e -f {config}",
                ],
                stderr=log,
                start_new_session=True,
            )
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError(f"sshd does not start: {(self.folder / 'log').read_text()}")

    def break_off(self) -> None:
        """End every connection there is; the server itself stays."""
        assert self.process is not None
        for pid in children_of(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """The server and all that hangs on it."""
        if self.process is not None:
            self.break_off()
            self.process.terminate()
            self.process.wait(10)
            self.process = None


def children_of(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = status.read_text().rpartition(")")[2].split()  # the name before may hold anything
            if int(fields[1]) == parent:
                found.append(int(status.parent.name))
    return found
