"""Files on the server of a test."""

from __future__ import annotations

import os
import time
import traceback
from pathlib import Path

from csv_feeds import asked
from sftp_server import SftpServer

WANTED = asked(["a", "b"])
ROWS = "time,a,b\n2020-02-01T00:00Z,1,2\n"


def put(server: SftpServer, name: str, text: str, age: float = 3600) -> Path:
    file = server.root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    os.utime(file, (time.time() - age, time.time() - age))
    return file


def said(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
