"""The whole firmware in a process, its ports in each role, with real masters, clients and slaves at their wires."""

import itertools
import struct
import time

import pytest
from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from bridgectl.site.plant import Plant
from bridgectl.site.wire import PtyWire
from free_ports import free_port
from patience import HANG_S
from portal_rig import Bridge
from ptys import Pair
from pymodbus.client import ModbusSerialClient, ModbusTcpClient

NETWORKS = "Home -52 -\n"
_LOOK_NS = 2_000_000
_PERIOD_NS = 999_000_000  # 1000 ms of a clock that counts whole ones
JOINED = {"system_name": "Test", "wlan_ssid": "Home"}


def _until(true, within_s=HANG_S):
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        found = true()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("did not happen in time")


class Looked(PtyWire):
    """A wire that looks every 2 ms. starts: (ns at which a request was surely not there yet, ns at which it was) of each.

    However late this process is, the time between two requests lies below one's second stamp minus the first of the other.
    """

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.starts = []
        self._asked_ns = self._empty_ns = 0

    def due_ns(self):
        due_ns = super().due_ns()
        self._asked_ns = time.monotonic_ns()
        soon_ns = self._asked_ns + _LOOK_NS
        return soon_ns if due_ns is None else min(due_ns, soon_ns)

    def step(self, now_ns, sent=b""):
        if not sent:
            self._empty_ns = self._asked_ns
        elif not self._frame:
            self.starts.append((self._empty_ns, now_ns))
        super().step(now_ns, sent)


@pytest.fixture
def wires():
    house = House()
    with Looked(Plant(house), think_ms=20, in_lumps=True) as plant:
        with PtyWire(Meter(house), think_ms=15, in_lumps=True) as meter:
            yield plant, meter


def _answered(ask):
    """Return the slave's own answer: on a busy machine a simulated one may be silent for once, exception 0x0B."""
    answers = []

    def asked():
        answers.append(ask())
        return not answers[-1].isError() or answers[-1].exception_code != 0x0B

    _until(asked)
    return answers[-1]


def test_tcp_clients_reach_both_buses_beside_the_bridges_own_polling(wires, tmp_path):
    """Proves: COM-8+, COM-9+, PLA-1+"""
    plant, meter = wires
    port = free_port()
    settings = {**JOINED, "rs485_1_role": "gateway", "rs485_2_role": "gateway", "gateway_port": port}
    settings |= {"gateway_fresh_ms": 0, "gateway_deadline_ms": 60000, "plant_poll_ms": 1000}
    with Bridge(tmp_path, NETWORKS, wires=(plant.path, meter.path), settings=settings, heap="1m") as bridge:
        bridge.await_log("gateway: RS485-1 at 127.0.0.1")
        own = len(meter.exchanges)
        with ModbusTcpClient("127.0.0.1", port=port + 1, timeout=HANG_S) as sensor:
            for _ in range(20):
                got = _answered(lambda: sensor.read_input_registers(0, count=2, device_id=1)).registers
                (voltage,) = struct.unpack(">f", struct.pack(">HH", *got))
                assert 200 < voltage < 260
            assert sensor.read_input_registers(0, count=2, device_id=9).exception_code == 0x0B
            assert _answered(lambda: sensor.write_register(0, 1, device_id=1)).exception_code == 1
        with ModbusTcpClient("127.0.0.1", port=port, timeout=HANG_S) as client:
            for _ in range(4):
                assert _answered(lambda: client.read_input_registers(30051, count=1, device_id=247)).registers == [1]
            assert _answered(lambda: client.read_holding_registers(40029, count=1, device_id=247)).registers
        # What the bridge wants for itself went on.
        assert any(e.request[1:3] == b"\x04\x00" and e.request[5] > 2 for e in list(meter.exchanges)[own:])
        assert len(plant.starts) >= 8
        for (not_yet_ns, _), (_, there_ns) in itertools.pairwise(plant.starts):
            assert there_ns - not_yet_ns >= _PERIOD_NS
        assert any("gateway" in line for line in bridge.log)
    assert not [line for line in bridge.log if "supervisor" in line]


def test_a_third_party_master_reads_the_bridge_while_it_polls_the_sensor(wires, tmp_path):
    """Proves: COM-8+, COM-9+"""
    _, meter = wires
    with Pair() as line:
        settings = {"rs485_1_role": "server", "server_unit": 7, "server_outputs": True}
        with Bridge(tmp_path, wires=(line.left, meter.path), settings=settings) as bridge:
            bridge.await_log("rs485-2: master: link ok")
            client = ModbusSerialClient(line.right, baudrate=9600, timeout=HANG_S, retries=1)
            assert client.connect()
            try:
                _until(lambda: client.read_holding_registers(4, count=1, device_id=7).registers == [1])
                power = client.read_input_registers(1008, count=3, device_id=7).registers
                assert power[2] == 3  # good
                assert client.read_holding_registers(40000, count=2, device_id=7).registers == [0x5375, 0x6E53]
                assert not client.write_coil(1, True, device_id=7).isError()
                _until(lambda: (bridge.site / "outputs").read_text().startswith("01"))
            finally:
                client.close()


def test_the_inverter_reads_the_sensor_through_the_bridge(wires, tmp_path):
    """Proves: COM-8+"""
    _, meter = wires
    with Pair() as line, Bridge(tmp_path, wires=(line.left, meter.path), settings={"rs485_1_role": "meter"}) as bridge:
        bridge.await_log("rs485-2: master: link ok")
        client = ModbusSerialClient(line.right, baudrate=9600, timeout=HANG_S, retries=1)
        assert client.connect()
        try:

            def voltage():
                reply = client.read_input_registers(0, count=2, device_id=1)
                return not reply.isError() and struct.unpack(">f", struct.pack(">HH", *reply.registers))[0]

            assert 200 < _until(voltage) < 260
        finally:
            client.close()


def test_a_meter_at_an_unknown_address_is_found_and_named(tmp_path):
    """Proves: COM-8+, SEN-5+"""
    house = House()
    with PtyWire(Meter(house, "sdm120ct", unit=5), think_ms=15, in_lumps=True) as meter:
        settings = {"rs485_1_role": "off", "rs485_2_role": "find"}
        with Bridge(tmp_path, wires=("", meter.path), settings=settings) as bridge:
            bridge.await_portal()
            told = bridge.await_log("find: link ok", HANG_S)
            assert "sdm120ct at 9600 bps" in told and "unit 5" in told  # a pseudo-terminal carries no parity
            assert "unit 5" in _until(lambda: bridge.json("status")["rs485"][1])
