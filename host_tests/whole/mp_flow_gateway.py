# heap: 4m
"""The plant's port as a gateway, with the bridge's own polls beside: what a client gets that asks one thing after the other."""

import time

import flow
from modbus.gateway.gateway import Gateway

_MS = 120000


class Client:
    """Asks the next thing when it has its answer, as a program does."""

    may_write = True

    def __init__(self):
        self.turn = None
        self.open = 0
        self.replies, self.codes, self.longest_ms = 0, [], 0
        self.asked_at = 0

    def answer(self, transaction, unit, buffer, at, count):
        self.replies += 1
        self.longest_ms = max(self.longest_ms, time.passed_ms() - self.asked_at)
        if buffer[at] & 0x80:
            self.codes.append(buffer[at + 1])

    def ask(self, gateway, address):
        self.asked_at = time.passed_ms()
        gateway.submit(self, 1, 247, bytes((4, address >> 8, address & 255, 0, 2)), 0, 5)


def served(clients, limited=False, silent=False, look=None, **settings):
    """Let clients ask the plant for two minutes; the gateway has its default settings. look(bridge): called beside."""

    async def story(b):
        b.contact(2, limited)
        await b.for_ms(8000)
        gateway = Gateway(lambda: b.ports.bus(1), b.settings.gateway_fresh_ms, b.settings.gateway_deadline_ms)
        b.plant_wire.silent = silent
        for i in range(_MS // 10):
            for n, client in enumerate(clients):
                if not client.open:
                    client.ask(gateway, (30015, 30021, 30041)[(i + n) % 3])
            gateway.step()
            if look:
                look(b)
            await b.for_ms(10)

    flow.Bridge("rp2040", settings=dict({"rs485_1_role": "gateway", "grid_table": "ripple"}, **settings)).run(story)


def test_a_client_in_turn_gets_no_exception_from_a_healthy_plant():
    """Proves: NET-6+"""
    for limited, settings in (
        (False, {}),
        (True, {}),
        (True, {"plant_poll_ms": 1000}),
        (False, {"plant_poll_ms": 1000}),
    ):
        client = Client()
        served([client], limited, **settings)
        assert client.codes == [] and client.replies > 20, (limited, settings, client.codes, client.replies)
        assert client.longest_ms < 7000, client.longest_ms


def test_clients_side_by_side_get_no_exception_either():
    clients = [Client() for _ in range(4)]
    served(clients, True, plant_poll_ms=1000)
    assert [client.codes for client in clients] == [[]] * 4, [client.codes for client in clients]
    assert min([client.replies for client in clients]) > 5


def test_exception_11_stands_for_silence():
    client = Client()
    served([client], silent=True)
    assert len(client.codes) == client.replies > 3 and set(client.codes) <= {10, 11} and 11 in client.codes


def test_beside_clients_the_plants_values_stay_good_and_its_limit_is_known_to_be_held():
    """Polled each second, which with the limit's register and clients is more than the plant's rule has room for.

    Proves: NET-6+, PLA-2+, SEN-6+
    """
    for count in (1, 4):
        clients, said, oldest = [Client() for _ in range(count)], {}, [0]

        def look(b, said=said, oldest=oldest):
            for told in (b.state.plant_link, b.state.plant_limit_state, b.state.segments[1]):
                said[told] = 1
            order = b.ports.limit.command
            oldest[0] = max(oldest[0], time.ticks_diff(time.ticks_ms(), order._good_at))

        served(clients, True, look=look, plant_poll_ms=1000)
        assert sorted(said) == ["held", "ok", "on-grid"], (count, said)
        assert oldest[0] < 5500, (count, oldest)
