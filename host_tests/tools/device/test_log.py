"""`bridgectl log`: a bridge's lines as they come, tracebacks in our own words."""

import io
import json
import os
import pty
import threading
import time
import tty

from bridgectl.bench.port import PortError
from bridgectl.cli import app
from bridgectl.device import log, spelling
from patience import HANG_S
from typer.testing import CliRunner

_TRACE = 'Traceback (most recent call last):\n  File "bridge.app", in GP7\nOSError: 5\n'


def test_tracebacks_of_a_file_get_their_names_back(tmp_path, monkeypatch):
    names = tmp_path / "names.json"
    names.write_text(
        json.dumps({"bridge/app": {"modules": {"bridge/app": {"GP7": "_due_s"}}, "words": {"GP7": ["_due_s"]}}})
    )
    monkeypatch.setattr(spelling, "place", lambda board: names)
    saved = tmp_path / "board.log"
    saved.write_text(_TRACE)
    done = CliRunner().invoke(app, ["log", str(saved)])
    assert done.exit_code == 0, done.output
    assert done.stdout == _TRACE.replace("GP7", "_due_s")
    names.unlink()
    done = CliRunner().invoke(app, ["log", str(saved)])
    assert done.stdout == _TRACE and "No build of rp2040 on this PC" in done.stderr


def test_the_lines_of_a_board_are_shown_until_it_is_gone():
    board, end = pty.openpty()
    tty.setraw(end)
    shown, ended = io.StringIO(), []

    def show():
        try:
            log.show(os.ttyname(end), "esp32", shown)
        except PortError as problem:
            ended.append(str(problem))

    thread = threading.Thread(target=show)
    thread.start()
    deadline_s = time.monotonic() + HANG_S
    while "version" not in shown.getvalue() and time.monotonic() < deadline_s:
        os.write(board, b'\x1e5\r\n\x1e{"cut\r\n')  # answers to nobody
        os.write(board, b"  12 I app: version 0.1.0\r\n")  # what stood there before it was opened is thrown away
        time.sleep(0.05)
    os.close(board)
    thread.join(HANG_S)
    os.close(end)
    assert set(shown.getvalue().splitlines()) == {"  12 I app: version 0.1.0"}
    assert len(ended) == 1 and "gone" in ended[0]


def test_a_port_that_is_not_there_is_told_with_those_that_are():
    done = CliRunner().invoke(app, ["log", "/dev/no-such-port"])
    assert done.exit_code == 3 and "There is no port /dev/no-such-port." in done.stderr
