"""A board whose firmware does not answer is set up at its bare prompt: it is said before that it restarts for it."""

import types
from pathlib import Path

import pytest
from bench_lines import bridgectl
from bridgectl.device import console
from ptys import Pair


@pytest.fixture
def prompt(monkeypatch):
    """A port at which nobody answers, and mpremote's place: `commands` that were run, each with its program."""
    monkeypatch.setattr(console, "_HELLO_S", 0.2)
    monkeypatch.setattr(console, "_AGAIN_S", 0.1)
    found = types.SimpleNamespace(
        commands=[], answer=b'\x1e{"ok": true, "errors": {}, "damaged": "", "settings": {}}\n'
    )

    def run(command, **_):
        found.commands.append((command[1:], Path(command[command.index("run") + 1]).read_text()))
        return types.SimpleNamespace(stdout=found.answer, stderr=b"", returncode=0)

    monkeypatch.setattr(
        console, "subprocess", types.SimpleNamespace(run=run, TimeoutExpired=console.subprocess.TimeoutExpired)
    )
    with Pair() as cable:
        found.port = cable.right
        yield found


def test_it_is_said_that_the_board_restarts(prompt):
    done = bridgectl("settings", prompt.port, "set", "plant_unit=2")
    assert (done.exit_code, done.stdout) == (0, "In force and stored: plant_unit\n")
    assert done.stderr == f"At {prompt.port} no bridge answers: its prompt is used, and the board restarts.\n"
    ((command, program),) = prompt.commands
    assert command[:5] == ["-m", "mpremote", "connect", prompt.port, "run"]
    assert command[6:] == ["+", "reset"]
    assert '{"set": {"plant_unit": 2}}' in program
    assert "expect_restart()" in program  # it counts for no failed start


def test_a_version_that_speaks_otherwise_is_named(prompt, monkeypatch):
    monkeypatch.setattr(console, "_hello", lambda line: {"console": 9, "version": "7.0.0"})
    done = bridgectl("settings", prompt.port, "set", "plant_unit=2")
    assert done.exit_code == 0
    assert done.stderr == (
        f"At {prompt.port} version 7.0.0 speaks otherwise: its prompt is used, and the board restarts.\n"
    )


def test_what_the_prompt_refuses_is_said_and_so_is_a_board_without_a_bridge(prompt):
    prompt.answer = b'\x1e{"ok": false, "errors": {"plant_unit": "must be 1 to 247"}, "damaged": "", "settings": {}}\n'
    done = bridgectl("settings", prompt.port, "set", "plant_unit=2")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines()[1] == "plant_unit must be 1 to 247"
    prompt.answer = b"Traceback\nImportError: no module named 'bridge.settings'\n"
    done = bridgectl("settings", prompt.port)
    assert done.exit_code == 2
    assert done.stderr.splitlines()[1].endswith("flash it first (bridgectl flash)")
