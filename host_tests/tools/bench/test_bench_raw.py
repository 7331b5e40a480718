"""`bridgectl get` and `put`: any register of any slave, as it stands on the wire."""

import json

import ptys
import pytest
from bench_lines import bridgectl, own_time, played, pymodbus_server  # noqa: F401 (a fixture)

pytestmark = pytest.mark.usefixtures("own_time")


def test_registers_are_shown_in_the_ways_they_may_be_meant():
    """Proves: BEN-1"""
    with ptys.Pair() as pair, pymodbus_server(pair.right, 1, {70: 0xC248, 71: 0x0001}):
        done = bridgectl("get", pair.left, 1, 70, "--count", 2)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "   70  0xc248  49736  -15800",
        "   71  0x0001      1",
        "together: uint32 3259498497, int32 -1035468799, float32 -50",
    ]


def test_the_limit_of_a_plant_is_written_and_read_back():
    """Proves: BEN-1"""
    with ptys.Pair() as pair, played(pair.right, "plant"):
        done = bridgectl("put", pair.left, 247, 40042, 0, 6000, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"unit": 247, "function": 3, "address": 40042, "words": [0, 6000]}


def test_a_refusal_and_silence_are_told_in_a_line_each():
    with ptys.Pair() as pair, played(pair.right, "sdm230"):
        done = bridgectl("get", pair.left, 1, "0x7000")
        assert (done.exit_code, done.stderr) == (4, "Unit 1 refuses: exception 2, illegal data address.\n")
        done = bridgectl("put", pair.left, 9, 1, 1)
        assert done.exit_code == 4 and done.stderr.startswith("Nothing usable from unit 9: check power, ")
        assert done.stderr.count("\n") == 1 and done.stdout == ""


def test_what_is_no_register_or_value_is_refused_before_the_port_is_touched():
    for words, said in (
        (("get", "/dev/none", 1, "70000"), "REGISTER 70000: must be 0 to 65535"),
        (("get", "/dev/none", 0, "7"), "UNIT 0: Modbus addresses are 1 to 247"),
        (("put", "/dev/none", 1, 7, "x"), "VALUE x: must be -32768 to 65535"),
        (("put", "/dev/none", 1, 7, *["1"] * 124), "at most 123 registers in one write, not 124"),
    ):
        done = bridgectl(*words)
        assert done.exit_code == 2 and said in done.stderr, done.output
