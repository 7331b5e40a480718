"""A short run of `make fuzz` with fixed inputs, and that it finds a decoder which breaks its promise."""

import shutil
import subprocess

import pytest
from bridgectl.device import build
from bridgectl.fuzzing import fuzz, targets
from patience import HANG_S

SEED = 1
_INPUTS = 1200
_FEW = 150  # of the targets that take milliseconds for one
_SLOW = ("master", "finder", "portal", "settings", "boot")
_TWO_ANSWERS = ("boot",)  # a or b


@pytest.mark.parametrize("name", targets.TARGETS)
def test_no_input_makes_a_decoder_break_its_promise(slot, name):
    """Proves: REL-1+"""
    ran = fuzz.fuzz(targets.TARGETS[name], SEED, inputs=_FEW if name in _SLOW else _INPUTS, slot=slot)
    assert ran.different >= (2 if name in _TWO_ANSWERS else 10), "the inputs do not reach what they are for"


@pytest.fixture(scope="module")
def readable(tmp_path_factory):
    """Return the host's modules compiled as they are written, so that one of them can be exchanged."""
    folder = tmp_path_factory.mktemp("readable")
    for name, source in build.sources("host", everything=True).items():
        _compile(source, folder / f"{name}.mpy")
    return folder


def _compile(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([build._cross()[0], "-o", str(target), str(source)], check=True, timeout=HANG_S)


# target, its module, what of it is exchanged, for what, and what is then found
# fmt: off
BROKEN = (
    ("rtu_reply", "modbus/wire/rtu", "        return BAD_CRC\n", "        pass\n", "without being an intact frame"),
    ("rtu_reply", "modbus/wire/rtu", "    if length != reply_length(function, count):", "    if False:", "pymodbus reads"),
    ("pdu_length", "modbus/wire/pdu", "length += buffer[start + length - 1]", "length += 1", "pymodbus counts"),
    ("server", "modbus/server/server", "| request[at + 5 + i] & ~mask & 0xFF", "", "wrote"),
    ("tcp", "modbus/wire/tcp", "_MOST = const(254)", "_MOST = const(300)", "a simple reader finds"),
    ("tcp", "modbus/wire/tcp", "self.count = 0 ", "self.count = 0; log.append(1) ", "grew by"),
    ("mqtt", "mqtt/decoder", '_require(self.packet_id, "packet id 0")', "pass", "by the book"),
    ("mqtt_client", "mqtt/client", "elif not self.connected:", "elif False:", "by the book"),
    ("dns", "captive/dns", "end <= len(query) and", "", "IndexError"),
    ("http_head", "http/request", "if self._head_bytes > _MAX_HEAD", "if False", "too long"),
    ("record", "store/record", "(OSError, ValueError, RuntimeError)", "OSError", "ValueError"),
    ("bundle", "slots/receiver", "!= wanted or total != crc:", "== 0:", "installed"),
    ("command", "bridge/settings_check", "return None if isinstance(value, bool)", "return None if value", "becomes"),
    ("readings", "bridge/readings", " or size > self._high[n]", "", "counts as good"),
)
# fmt: on


@pytest.mark.parametrize("name, module, old, new, said", BROKEN)
def test_a_broken_decoder_is_found(readable, tmp_path, name, module, old, new, said):
    source = build.sources("host", everything=True)[module].read_text()
    assert old in source
    broken = tmp_path / "slot"
    shutil.copytree(readable, broken)
    changed = tmp_path / "changed.py"
    changed.write_text(source.replace(old, new) + "\nlog = []\n")
    _compile(changed, broken / f"{module}.mpy")
    with pytest.raises(fuzz.Finding) as finding:
        fuzz.fuzz(targets.TARGETS[name], SEED, inputs=4000, slot=broken)
    assert said in str(finding.value), finding.value.lines()


def test_a_finding_says_how_to_see_it_again():
    finding = fuzz.Finding(targets.TARGETS["tcp"], 7, 41, b"\x01\x02", "IndexError")
    assert "seed 7, input 41" in finding.lines() and "input: 0102" in finding.lines()
    assert "python -m bridgectl.fuzzing --seed 7 --inputs 42 tcp" in finding.lines()


def test_a_single_input_can_be_run_again(slot):
    assert fuzz.replay(targets.TARGETS["dns"], bytes.fromhex("0001")) is None
    assert fuzz.replay(targets.TARGETS["rtu_reply"], bytes.fromhex("010401" + "010402002a3933"))[1] in ("", "002a")
