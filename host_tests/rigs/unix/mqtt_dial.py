"""Opens a stream as the MQTT client does and tells what happened; for tests that own the other end of the socket.

micropython mqtt_dial.py PORT TIMEOUT_MS     write "hello", print what comes back
micropython mqtt_dial.py PORT turns          log in, then idle turns that may not allocate
"""

import asyncio
import sys

import micropython
from clock import ticks_diff, ticks_ms
from mqtt.client import MQTTClient
from mqtt.opening import open_stream


class Beat:
    def __init__(self):
        self.count = 0

    def __call__(self):
        self.count += 1


async def dial(port, timeout_ms):
    beat = Beat()
    began = ticks_ms()
    try:
        stream = await open_stream("127.0.0.1", port, timeout_ms, beat)
        print("open", beat.count)
        print("wrote", stream.write(b"-hello-", 1, 5))
        buffer = bytearray(3)
        while True:
            count = stream.readinto(buffer)
            if count == 0:
                break
            print("read", count if count is None else bytes(buffer[:count]))
            await asyncio.sleep_ms(100)
        stream.close()
        print("end")
    except OSError as e:
        print("error", e.errno, beat.count, ticks_diff(ticks_ms(), began))


async def turns(port):
    client = MQTTClient("turns", "127.0.0.1", port)
    await client.connect()
    client.check_msg()
    micropython.heap_lock()
    for _ in range(1000):
        client.check_msg()
    micropython.heap_unlock()
    print("quiet")


async def main(port, what):
    await (turns(int(port)) if what == "turns" else dial(int(port), int(what)))


asyncio.run(main(*sys.argv[1:]))
