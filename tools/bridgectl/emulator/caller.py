"""TCP clients of the emulated chip, which the emulator's own bridge has no way in for: sans-IO, in emulated time.

The link is a queue in memory that loses nothing and keeps the order, so nothing is sent twice (RFC 9293 without
retransmission). The chip's segments to ports of ours come here first, see radio.Loopback.
"""

from rp2040py.external.cyw43 import nat, net

_FIRST_PORT = 50000
_MSS = 1460
_WINDOW = 8192
_WRAP = 0xFFFFFFFF


class Call:
    """One connection to a port of the chip. `open` is true from its acceptance to its end, `received` grows."""

    def __init__(self, send, port, own_port):
        """send: takes (own port, port, sequence, acknowledge, flags, payload, mss)."""
        self.open = self.refused = False
        self.received = bytearray()
        self._transmit = send
        self._ports = own_port, port
        self._sequence = own_port << 12  # any, but not the same
        self._expected = 0
        self._put(net.TCP_SYN, mss=_MSS)
        self._sequence += 1

    def send(self, content):
        """Send bytes, at most _MSS of them; the chip's answer comes while time passes."""
        self._put(net.TCP_ACK | net.TCP_PSH, content)
        self._sequence = self._sequence + len(content) & _WRAP

    def close(self):
        """End our direction."""
        self._put(net.TCP_FIN | net.TCP_ACK)
        self._sequence += 1

    def take(self, segment):
        """Take a segment of the chip."""
        if segment.flags & net.TCP_RST:
            self.refused, self.open = not self.open, False
            return
        if segment.flags & net.TCP_SYN:
            self._expected, self.open = segment.seq, True
        elif segment.seq != self._expected:
            return  # sent again, because its answer was late: known already
        self.received += segment.payload
        ended = bool(segment.flags & net.TCP_FIN)
        self._expected = self._expected + len(segment.payload) + bool(segment.flags & net.TCP_SYN) + ended & _WRAP
        self.open = self.open and not ended
        if segment.payload or segment.flags & (net.TCP_SYN | net.TCP_FIN):
            self._put(net.TCP_ACK)

    def _put(self, flags, payload=b"", mss=None):
        self._transmit(*self._ports, self._sequence, self._expected, flags, payload, mss)


class Caller:
    """Makes the calls of one network and gives each its segments."""

    def __init__(self, queue_ethernet_frame):
        self._queue = queue_ethernet_frame
        self._calls = {}
        self._mac = None

    def call(self, port):
        """Begin to connect to a port of the chip, once it has joined; return the Call."""
        own_port = _FIRST_PORT + len(self._calls)
        self._calls[own_port] = call = Call(self._send, port, own_port)
        return call

    def saw(self, eth):
        """Take note of a frame of the chip (its address is needed); return True if it was for one of the calls."""
        self._mac = eth.src_mac
        ip = net.parse_ipv4(eth.payload) if eth.ethertype == net.ETHERTYPE_IPV4 else None
        segment = net.parse_tcp(ip.payload) if ip and ip.proto == net.IP_PROTO_TCP else None
        call = self._calls.get(segment.dst_port) if segment else None
        if call is None:
            return False
        call.take(segment)
        return True

    def _send(self, own_port, port, sequence, expected, flags, payload, mss):
        ends = nat.GATEWAY_IP, nat.GUEST_IP
        segment = net.pack_tcp(*ends, own_port, port, sequence, expected, flags, _WINDOW, payload, mss=mss)
        packet = net.pack_ipv4(*ends, net.IP_PROTO_TCP, segment)
        self._queue(net.pack_ethernet(self._mac, nat.GATEWAY_MAC, net.ETHERTYPE_IPV4, packet))
