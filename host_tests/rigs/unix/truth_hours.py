"""What the bridge shows of odd devices, and what a gateway's client gets, on the virtual clock; each prints JSON.

runner.py truth_hours.py FUNCTION virtual [SECONDS]
"""

import json
import sys
import time

import flow
from bridge import points
from bridge.devices import registers, sdm230, sigenergy
from modbus.gateway.gateway import Gateway
from wire import frame

_SAMPLE_MS = 1000
_LEARN_MS = 60000  # in which what a device does not have is found
_STARVED_S = 60  # a value that is not good for so long in one piece


def _asked(default):
    return int(sys.argv[4]) if len(sys.argv) > 4 else default


def _spoil(slave, verdict):
    """Let verdict(address, count) decide on reads by function 4: None = silence, a code = exception, 0 = as ever."""
    old = slave.answer

    def answer(content):
        if len(content) == 8 and content[1] == 4:
            told = verdict(content[2] << 8 | content[3], content[4] << 8 | content[5])
            if told is None:
                return None
            if told:
                return frame("%02x84%02x" % (content[0], told))
        return old(content)

    slave.answer = answer


def _turns(every, code):
    count = [0]

    def verdict(address, quantity):
        count[0] += 1
        return code if count[0] % every == 0 else 0

    return verdict


# name | whose reads | verdict | registers that the device then does not have
_ODD = (
    ("silent to one read of 26", "meter", lambda a, n: None if (a, n) == (70, 26) else 0, ()),
    ("silent from 384 on", "meter", lambda a, n: None if a + n > 384 else 0, range(384, 400)),
    ("refuses 30281", "plant", lambda a, n: 2 if a <= 30281 < a + n else 0, (30281,)),
    ("refuses 30030", "plant", lambda a, n: 2 if a <= 30030 < a + n else 0, (30030,)),
    ("refuses reads above 28 registers", "meter", lambda a, n: 3 if n > 28 else 0, ()),
    ("one answer in ten busy", "meter", _turns(10, 6), ()),
    ("one answer in twelve lost", "meter", _turns(12, None), ()),
)


def readings():
    """Tell by odd device the share of good values among those that it has, and how many are not good for a minute."""
    seconds = _asked(600)
    shares, starved = {}, {}
    for name, whose, verdict, lacks in _ODD:
        bridge = flow.Bridge("rp2040")
        _spoil(getattr(bridge, whose), verdict)
        device = sdm230 if whose == "meter" else sigenergy
        numbers = [points.number(row[3]) for row in registers.rows(device) if row[0] not in lacks]
        bad_s = [0] * len(numbers)
        counted = {"good": 0, "all": 0, "starved": 0}

        async def story(b, numbers=numbers, bad_s=bad_s, counted=counted):
            await b.for_ms(_LEARN_MS)
            for _ in range(seconds):
                await b.for_ms(_SAMPLE_MS)
                for i, n in enumerate(numbers):
                    good = b.state.readings.quality(n) == 3
                    counted["good"] += good
                    counted["all"] += 1
                    bad_s[i] = 0 if good else bad_s[i] + 1
                    counted["starved"] += bad_s[i] == _STARVED_S

        bridge.run(story)
        shares[name] = counted["good"] / counted["all"]
        starved[name] = counted["starved"]
    print(json.dumps({"shares": shares, "starved": starved}))


class _Client:
    may_write = True

    def __init__(self):
        self.turn = None
        self.open = self.replies = self.exceptions = self.longest_ms = self.asked_at = 0

    def answer(self, transaction, unit, buffer, at, count):
        self.replies += 1
        self.exceptions += buffer[at] >> 7
        self.longest_ms = max(self.longest_ms, time.passed_ms() - self.asked_at)


def gateway():
    """Tell what clients in turn get from a healthy plant: one alone, and four side by side, without and with a limit."""
    seconds = _asked(600)
    told = {"replies": 0, "exceptions": 0, "longest_ms": {}}
    for count in (1, 4):
        for limited in (False, True):
            clients = [_Client() for _ in range(count)]

            async def story(b, clients=clients, limited=limited):
                b.contact(2, limited)
                await b.for_ms(8000)
                served = Gateway(lambda: b.ports.bus(1), b.settings.gateway_fresh_ms, b.settings.gateway_deadline_ms)
                for i in range(seconds * 100):
                    for n, client in enumerate(clients):
                        if not client.open:
                            address = (30015, 30021, 30041)[(i + n) % 3]
                            client.asked_at = time.passed_ms()
                            served.submit(client, 1, 247, bytes((4, address >> 8, address & 255, 0, 2)), 0, 5)
                    served.step()
                    await b.for_ms(10)

            flow.Bridge("rp2040", settings={"rs485_1_role": "gateway", "grid_table": "ripple"}).run(story)
            told["replies"] += sum([client.replies for client in clients])
            told["exceptions"] += sum([client.exceptions for client in clients])
            longest_ms = max([client.longest_ms for client in clients])
            told["longest_ms"]["%d %s" % (count, "limited" if limited else "free")] = longest_ms
    print(json.dumps(told))
