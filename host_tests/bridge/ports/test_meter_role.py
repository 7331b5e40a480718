"""The bridge as a meter, a process between two pseudo-terminals: the true meter and foreign masters."""

import os
import queue
import re
import struct
import subprocess
import threading
import time

import ptys
import pytest
from bridgectl import firmware
from bridgectl.device import build
from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from bridgectl.site.wire import PtyWire
from interpreter import micropython
from modbus_peers import Libmodbus, Refused, mbpoll
from patience import HANG_S
from pymodbus.client import ModbusSerialClient

firmware.load()


class Running:
    """The process, its two lines and the true meter."""

    def __init__(self, slot, policy):
        house = House()
        house.step(1)
        self.meter = Meter(house)
        self.wire = PtyWire(self.meter, think_ms=10, in_lumps=True).start()
        self.pair = ptys.Pair()
        environment = {
            **os.environ,
            "MICROPYPATH": f"{slot}:.frozen",  # not the mocks: its clock is the real one
            "BRIDGE_RS485_1": self.pair.right,
            "BRIDGE_RS485_2": self.wire.path,
        }
        command = [micropython(), "-X", "heapsize=1m", "host_tests/rigs/unix/meter_bridge.py", policy]
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=build.ROOT,
        )
        self._lines = queue.Queue()
        self._reader = threading.Thread(
            target=lambda: [self._lines.put(line.strip()) for line in self._process.stdout], daemon=True
        )
        self._reader.start()
        self.path = self.pair.left

    def says(self, wanted, within_s=HANG_S):
        """Wait until the process prints a line."""
        said = []
        end_s = time.monotonic() + within_s
        while wanted not in said:
            try:
                said.append(self._lines.get(timeout=max(end_s - time.monotonic(), 0.01)))
            except queue.Empty:
                pytest.fail(f"did not say {wanted}, but {said}")

    def close(self):
        self._process.kill()
        self._process.wait(HANG_S)
        self._reader.join(HANG_S)
        self.pair.close()
        self.wire.close()


@pytest.fixture(params=["silent"])
def bridge(slot, request):
    running = Running(slot, request.param)
    try:
        running.says("ready")
        running.says("fresh")
        yield running
    finally:
        running.close()


def ask(path, address=0, count=38, timeout_s=1):
    """Return the registers that pymodbus gets, None if it gets nothing."""
    with ModbusSerialClient(path, baudrate=9600, timeout=timeout_s, retries=0) as client:
        try:
            reply = client.read_input_registers(address, count=count, device_id=1)
        except Exception as e:  # pymodbus raises when nothing comes
            assert "No response" in str(e) or "no response" in str(e).lower(), e
            return None
        return None if reply.isError() else reply.registers


def true_registers(meter, address, count):
    """Return what the true meter shows there."""
    out = bytearray(2 * count)
    assert meter.read(4, address, count, out, 0) == 0
    return list(struct.unpack(f">{count}H", out))


def until_answered(path, address, count):
    """Return the registers as soon as there are any."""
    end_s = time.monotonic() + HANG_S
    while time.monotonic() < end_s:
        found = ask(path, address, count)
        if found:
            return found
    pytest.fail(f"registers {address} never answered")


def test_pymodbus_mbpoll_and_libmodbus_read_what_the_true_meter_shows(bridge):
    """Proves: COM-8+"""
    assert until_answered(bridge.path, 342, 4) == true_registers(bridge.meter, 342, 4)
    assert until_answered(bridge.path, 0, 38) == true_registers(bridge.meter, 0, 38)
    assert until_answered(bridge.path, 70, 26) == true_registers(bridge.meter, 70, 26)
    with Libmodbus(bridge.path, 1) as master:
        assert master.registers(0, 80, function=4) == true_registers(bridge.meter, 0, 80)
        assert master.registers(28, 2) == [0x4000, 0]
        for address, count, code in ((1, 2, 2), (0, 3, 3), (0, 82, 3), (388, 2, 2)):
            with pytest.raises(Refused) as refused:
                master.registers(address, count, function=4)
            assert refused.value.code == code, (address, count)
    volts = bridge.meter.measure()["sensor_voltage"]
    code, text = mbpoll(bridge.path, 1, "-t", "3:float", "-B", "-r", "0", "-c", "1", "")
    assert code == 0, text
    assert float(re.search(r"\[0\]:\s+(\S+)", text)[1]) == pytest.approx(volts, abs=0.01)


def test_a_true_meter_that_falls_silent_is_followed_within_a_poll_and_comes_back(bridge):
    """How old a value may get is held to the millisecond in mp_meter_role.py. Proves: COM-8+, REL-1+"""
    assert until_answered(bridge.path, 0, 38)
    bridge.wire.silent = True
    bridge.says("silent")
    assert ask(bridge.path) is None
    bridge.wire.silent = False
    bridge.says("fresh")
    assert until_answered(bridge.path, 0, 38) == true_registers(bridge.meter, 0, 38)


@pytest.mark.parametrize("bridge", ["safe"], indirect=True)
def test_the_declared_safe_power_takes_the_place_of_a_stale_one(bridge):
    """Proves: COM-8+"""
    assert until_answered(bridge.path, 0, 38)
    bridge.wire.silent = True
    bridge.says("safe")
    power = until_answered(bridge.path, 12, 2)
    assert struct.unpack(">f", struct.pack(">2H", *power)) == (-250.0,)
    assert until_answered(bridge.path, 0, 2) == true_registers(bridge.meter, 0, 2)
