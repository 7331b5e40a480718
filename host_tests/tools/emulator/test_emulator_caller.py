"""TCP into the emulated chip: handshake, bytes both ways, end and refusal, segment by segment."""

import pytest
from bridgectl.emulator.caller import Caller
from rp2040py.external.cyw43 import net

_GUEST, _PC = bytes([10, 0, 0, 2]), bytes([10, 0, 0, 1])
_MAC = b"\x02\x00\x00\x00\x00\x09"


class Guest:
    """The chip's side, by hand. `got` lists (sequence, acknowledge, flags, payload) of what came."""

    def __init__(self):
        self.frames = []
        self.caller = Caller(self.frames.append)

    @property
    def got(self):
        segments = [net.parse_tcp(net.parse_ipv4(net.parse_ethernet(f).payload).payload) for f in self.frames]
        return [(s.seq, s.ack, s.flags, s.payload) for s in segments]

    def say(self, seq, ack, flags, payload=b"", port=50000):
        segment = net.pack_tcp(_GUEST, _PC, 502, port, seq, ack, flags, 2048, payload)
        packet = net.pack_ipv4(_GUEST, _PC, net.IP_PROTO_TCP, segment)
        return self.caller.saw(net.parse_ethernet(net.pack_ethernet(_MAC, _MAC, net.ETHERTYPE_IPV4, packet)))


@pytest.fixture
def guest():
    guest = Guest()
    guest.say(1, 0, net.TCP_SYN, port=1883)  # its address is known from then on
    return guest


def test_a_call_that_is_taken_carries_bytes_both_ways(guest):
    call = guest.caller.call(502)
    first = call._sequence - 1
    assert guest.got == [(first, 0, net.TCP_SYN, b"")]
    assert guest.say(7000, first + 1, net.TCP_SYN | net.TCP_ACK)
    assert call.open
    call.send(b"ask")
    assert guest.say(7001, first + 4, net.TCP_ACK | net.TCP_PSH, b"answer")
    assert guest.say(7001, first + 4, net.TCP_ACK | net.TCP_PSH, b"answer")  # again
    assert call.received == b"answer"
    assert guest.got[1:] == [
        (first + 1, 7001, net.TCP_ACK, b""),
        (first + 1, 7001, net.TCP_ACK | net.TCP_PSH, b"ask"),
        (first + 4, 7007, net.TCP_ACK, b""),
    ]
    call.close()
    assert guest.say(7007, first + 5, net.TCP_ACK | net.TCP_FIN)
    assert not call.open
    assert guest.got[-2:] == [
        (first + 4, 7007, net.TCP_ACK | net.TCP_FIN, b""),
        (first + 5, 7008, net.TCP_ACK, b""),
    ]


def test_a_call_that_nobody_takes_is_refused(guest):
    call = guest.caller.call(503)
    guest.say(0, 0, net.TCP_RST | net.TCP_ACK)
    assert (call.open, call.refused) == (False, True)


def test_what_is_for_no_call_of_ours_is_left_to_the_bridge(guest):
    guest.caller.call(502)
    assert not guest.say(1, 0, net.TCP_SYN, port=1883)
