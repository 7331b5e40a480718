"""Modbus TCP clients at the slaves of an RS485 line, in thirty lines: unit = slave, nobody may write.

    MICROPYPATH=lib:boards/host:.frozen micropython -m modbus.gateway.example TTY [PORT]

Try: mbpoll -m tcp -p PORT -a 1 -t 3:float -B -0 -r 0 -c 7 127.0.0.1

On a board:  asyncio.run(serve(uart_line, address, 502))
"""

import asyncio
import sys

from modbus.gateway.gateway import Gateway
from modbus.gateway.tcp_server import Server
from modbus.master.master import Master

FRESH_MS = 500  # a reply is never older
DEADLINE_MS = 1500  # a client has an answer by then, if only an exception
IDLE_MS = 60000  # a client that asks nothing for so long is dropped


async def serve(line, address, port, baud=9600, parity="N"):
    """Own the line and let clients in, for ever. Raises OSError if the port is taken or the line is gone."""
    master = Master(line, baud, parity)
    gateway = Gateway(lambda: master, FRESH_MS, DEADLINE_MS)
    master.tap = gateway.overheard  # what the master reads for jobs of its own serves clients too
    server = Server(gateway, address, port, IDLE_MS)
    print("unit = slave, at %s:%d" % (address, port))
    await asyncio.gather(master.run(lambda: None), server.run(lambda: None))


if __name__ == "__main__":
    from line import Line

    asyncio.run(serve(Line(sys.argv[1], 9600, "N"), "127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 1502))
