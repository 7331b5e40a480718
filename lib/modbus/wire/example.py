"""One read as bytes, without a line: the request as RTU and as Modbus TCP, how long it takes, what a reply says.

MICROPYPATH=lib:.frozen micropython -m modbus.wire.example [REPLY IN HEX]
"""

import sys

from modbus.wire import functions, pdu, request_pdu, rtu, tcp
from modbus.wire.timing import Timing

UNIT, ADDRESS, COUNT = 1, 0, 2
BAUD, PARITY = 9600, "N"
REPLY = "01 04 04 43 66 00 00 0e 1f"  # 230.0 as a float of 32 bits


def asked():
    """Return the request as RTU frame and as Modbus TCP frame."""
    frame = bytearray(rtu.LONGEST)
    size = rtu.request(frame, UNIT, functions.READ_INPUT, ADDRESS, COUNT)
    packet = bytearray(tcp.LONGEST)
    end = request_pdu.two_words(packet, tcp.HEADER, functions.READ_INPUT, ADDRESS, COUNT)
    tcp.head(packet, 1, UNIT, end - tcp.HEADER)  # transaction 1
    return bytes(frame[:size]), bytes(packet[:end])


def told(reply):
    """Return what is wrong with a reply in words, "ok" if nothing is, and the registers of a good one."""
    status = rtu.check(reply, 0, len(reply), UNIT, functions.READ_INPUT, COUNT)
    registers = [pdu.word(reply, 3 + 2 * n) for n in range(COUNT)] if status == rtu.OK else []
    return rtu.describe(status), registers


def takes_us(think_us):
    """Return how long the read keeps the line busy, of a slave with such a think time."""
    return Timing(rtu.character_us(BAUD, PARITY), rtu.silence_us(BAUD, PARITY), think_us).read_us(COUNT)


if __name__ == "__main__":
    for name, sent in zip(("rtu", "tcp"), asked()):
        print(name, sent.hex(" "))
    print("takes", takes_us(20000), "us at", BAUD, "bps if the slave thinks 20 ms")
    print("reply", *told(bytes.fromhex(sys.argv[1] if sys.argv[1:] else REPLY)))
