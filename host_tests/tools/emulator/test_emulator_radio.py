"""The emulated WLAN leads to loopback and nowhere else."""

import asyncio

import pytest
from bridgectl.emulator import image, radio
from bridgectl.emulator.chip import Chip
from rp2040py.external.cyw43 import net

QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x06broker\x03lan\x00\x00\x01\x00\x01"
GUEST, GATEWAY, OUTSIDE = bytes([10, 0, 0, 2]), bytes([10, 0, 0, 1]), bytes([192, 0, 2, 7])
MAC = b"\x02\x00\x00\x00\x00\x09"


def udp_frame(target, port, payload):
    datagram = net.pack_udp(GUEST, target, 5000, port, payload)
    return net.pack_ethernet(MAC, MAC, net.ETHERTYPE_IPV4, net.pack_ipv4(GUEST, target, net.IP_PROTO_UDP, datagram))


def payload_of(frame):
    return net.parse_udp(net.parse_ipv4(net.parse_ethernet(frame).payload).payload).payload


@pytest.fixture(scope="module")
def chip():
    return Chip(image.pack({}))


def test_a_name_of_the_table_is_the_pc_and_another_does_not_exist(chip):
    sent = []
    bridge = radio.Loopback(chip.mcu, sent.append, {}, ["broker.lan"])
    bridge.handle_outbound_ethernet_frame(udp_frame(GATEWAY, 53, QUERY))
    bridge.handle_outbound_ethernet_frame(udp_frame(GATEWAY, 53, QUERY.replace(b"lan", b"com")))
    known, unknown = [payload_of(frame) for frame in sent]
    assert known[:8] == b"\x12\x34\x81\x80\x00\x01\x00\x01"
    assert known[-4:] == GATEWAY
    assert unknown[:8] == b"\x12\x34\x81\x83\x00\x01\x00\x00"


@pytest.mark.parametrize("query", [b"", QUERY[:11], QUERY[:20], QUERY[:-3], b"\xff" * 40])
def test_a_damaged_question_gets_no_answer(chip, query):
    sent = []
    bridge = radio.Loopback(chip.mcu, sent.append, {}, ["broker.lan"])
    bridge.handle_outbound_ethernet_frame(udp_frame(GATEWAY, 53, query))
    assert sent == []


def test_datagrams_to_anywhere_else_are_dropped(chip):
    sent = []
    bridge = radio.Loopback(chip.mcu, sent.append, {}, ["broker.lan"])
    bridge.handle_outbound_ethernet_frame(udp_frame(OUTSIDE, 123, b"time?"))
    bridge.handle_outbound_ethernet_frame(udp_frame(OUTSIDE, 53, QUERY))
    assert sent == []


@pytest.mark.parametrize("target", [("192.0.2.7", 1883), ("10.0.0.1", 1884), ("127.0.0.1", 1883)])
def test_connections_go_to_the_open_ports_only(chip, target):
    bridge = radio.Loopback(chip.mcu, lambda frame: None, {1883: 1}, [])
    with pytest.raises(ConnectionRefusedError, match="not open to the guest"):
        asyncio.run(bridge._connect(*target))
    assert bridge.refused == [target]


def test_a_chip_is_isolated_until_somebody_serves_it(chip):
    assert isinstance(chip.radio.bus.nat_bridge, radio.Isolated)
    chip.radio.bus.nat_bridge.handle_outbound_ethernet_frame(udp_frame(OUTSIDE, 53, QUERY))
    chip.radio.bus.nat_bridge.reset()


def test_the_radio_lets_the_chip_send_on_however_many_frames_come_in():
    """A head of SDPCM holds the number of a send in byte 4, and in byte 9 the first one that may not be sent yet."""
    bus = Chip(image.pack({})).radio.bus
    bus._write_wlan(bytes.fromhex("0c00 f3ff fd 0f 00 0c 00 00 0000"))  # send 253
    assert {bus._build_data_frame(b"frame")[9] for _ in range(300)} == {5}
    bus._write_wlan(bytes.fromhex("0c00 f3ff fe 0f 00 0c 00 00 0000"))
    assert bus._build_data_frame(b"frame")[9] == 6


def test_the_guest_may_end_a_connection_whose_peer_is_gone():
    """As to a broker that has just stopped: the guest's end must be taken, or it tells of it for ever."""

    class Gone:
        ended = False

        def write_eof(self):
            self.ended = True
            raise OSError(107, "Transport endpoint is not connected")

    gone = Gone()
    radio._Writer(gone).write_eof()
    assert gone.ended and radio._Writer(gone).ended
