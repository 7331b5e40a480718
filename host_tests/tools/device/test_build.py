"""The builder, when several processes use it at once."""

import subprocess
import sys
import threading

import pytest
from bridgectl.alone import alone
from bridgectl.device import build
from patience import HANG_S

_OTHER = """
import pathlib, sys
from bridgectl.alone import alone
with alone(pathlib.Path(sys.argv[1])):
    print("in", flush=True)
"""


def test_a_second_process_waits_until_the_first_is_done(tmp_path):
    place = tmp_path / "folder" / "lock"
    with alone(place):
        other = subprocess.Popen([sys.executable, "-c", _OTHER, str(place)], stdout=subprocess.PIPE, text=True)
        said = []
        reader = threading.Thread(target=lambda: said.append(other.stdout.read()))
        reader.start()
        reader.join(2)
        assert said == [] and other.poll() is None
    assert other.wait(HANG_S) == 0
    reader.join(HANG_S)
    assert said == ["in\n"]


def test_a_module_whose_name_is_made_while_the_program_runs_is_refused_for_no_slot_would_hold_it():
    for text in ('Part("bridge.logic." + kind)', "Part(name)", "[__import__(n) for n in names]"):
        app = f"from parts import Part\n\n\ndef load(kind, name, names):\n    return {text}\n"
        with pytest.raises(build.BuildError, match=r"bridge/app: .*names a module that the builder cannot see"):
            build._reachable({"bridge/app": app})
    app = 'from parts import Part\n\nPART = Part("bridge.logic.kind")\n'
    assert list(build._reachable({"bridge/app": app, "bridge/logic/kind": ""})) == ["bridge/app", "bridge/logic/kind"]


@pytest.mark.parametrize("board", build.BOARDS)
def test_every_module_of_the_bridge_is_in_the_slot(board):
    """But for what only the PC reads."""
    missing = set(build.sources(board, everything=True)) - set(build.sources(board))
    assert {name for name in missing if name.startswith("bridge/")} == {"bridge/meanings"}


def test_the_names_and_the_joined_files_of_a_board_are_planned_by_one_process_for_all(monkeypatch):
    def refuse(*_):
        raise AssertionError("it was planned anew")

    first = build.joined_slot("rp2040"), build.names("rp2040")
    build._spelled.cache_clear()  # as another process has none
    monkeypatch.setattr(build, "_spell", refuse)
    again = build.joined_slot("rp2040"), build.names("rp2040")
    assert again[0] is not first[0]
    assert again[0].files == first[0].files
    assert again[1] == first[1]
    assert again[0].turned("from bridge import readings\nreadings.put()\n") == first[0].turned(
        "from bridge import readings\nreadings.put()\n"
    )
