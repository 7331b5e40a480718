"""The builder, when several processes use it at once."""

import subprocess
import sys
import threading

from bridgectl.alone import alone
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
