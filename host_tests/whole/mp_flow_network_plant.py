# heap: 4m
"""The plant over Modbus TCP, through the whole bridge: what it says, what it is commanded, and what becomes of it when the
network or its server fails."""

import time

from network_door import with_door


def test_its_values_come_and_the_limit_is_held_at_the_pace_of_the_wire():
    """Proves: PLA-1+, PLA-2+"""

    async def story(b, door):
        await b.until(lambda: b.state.plant_link == "ok", 30000)
        assert b.value("plant_soc") is not None and b.value("plant_max_power") == 6000
        took = []
        for phase in range(8):
            b.contact(2, True)
            took.append(await b.until(lambda: b.plant.limit_w == 3600, 5000))
            await b.until(lambda: b.state.plant_limit_state == "held", 5000)
            b.contact(2, False)
            await b.until(lambda: b.plant.limit_w is None, 5000)
            await b.for_ms(3000 + 131 * phase)
        assert max(took) <= 1160, took  # settled, one exchange under way and the plant's second
        assert min([after - before for before, after in zip(door.asked, door.asked[1:])]) >= 998  # it looks each 2 ms
        assert len(door.sockets) == 1
        assert b.state.rs485[0].startswith("master: ok, ") and b.state.rs485[0].endswith(", at 192.0.2.7:1502")

    with_door(story)


def test_a_slow_server_is_read_too():
    async def story(b, door):
        await b.until(lambda: b.state.plant_link == "ok", 60000)
        b.contact(2, True)
        await b.until(lambda: b.state.plant_limit_state == "held", 8000)
        assert b.plant.limit_w == 3600 and len(door.sockets) == 1

    with_door(story, think_ms=900)


def test_a_server_that_is_gone_half_there_or_without_a_network_is_told_and_found_again():
    """Proves: PLA-1+"""

    async def story(b, door):
        b.contact(2, True)
        await b.until(lambda: b.state.plant_limit_state == "held", 30000)
        door.close()
        b.plant.reboot(0)  # it forgets the limit, as after a power cut
        await b.until(lambda: b.state.plant_link == "silent", 20000)
        await b.for_ms(10000)
        assert b.state.plant_why == "192.0.2.7:1502 refuses the connection"
        assert (b.state.plant_limit_state, b.value("plant_soc")) == ("unreachable", None)
        door.open()
        await b.until(lambda: b.plant.limit_w == 3600, 15000)
        await b.until(lambda: b.state.plant_link == "ok", 30000)
        door.silent = True  # its connections stay open
        await b.until(lambda: b.state.plant_link == "silent", 20000)
        await b.for_ms(60000)
        assert "answers nothing" in b.state.plant_why and b.state.plant_limit_state == "unreachable"
        assert len([s for s in door.sockets if s._is_heard()]) <= 1  # what was given up was closed
        door.silent = False
        await b.until(lambda: b.state.plant_limit_state == "held", 20000)
        b.state.name_servers = None
        for s in door.sockets:
            s.close()
        await b.until(lambda: "there is no network" in b.state.plant_why, 30000)
        b.state.name_servers = ()
        await b.until(lambda: b.state.plant_limit_state == "held", 20000)

    with_door(story)


def test_the_transport_is_followed_without_a_restart_and_the_limit_outlives_it():
    """Proves: PLA-1+, PLA-2+"""

    async def story(b, door):
        b.contact(2, True)
        await b.until(lambda: b.state.plant_limit_state == "held", 30000)
        b.plant_wire.slave = b.plant
        assert not b.settings.apply({"plant_host": ""})
        before = time.passed_ms()
        await b.until(lambda: b.state.rs485[0].startswith("master: ok") and "192" not in b.state.rs485[0], 30000)
        assert not [s for s in door.sockets if s._is_heard()]  # nobody keeps the plant's connection
        await b.until(lambda: b.state.plant_limit_state == "held", 5000)
        assert b.plant.limit_w == 3600 and time.passed_ms() - before < 30000
        b.plant_wire.slave = None
        assert not b.settings.apply({"plant_host": "192.0.2.7:1502"})
        await b.until(lambda: b.state.rs485[0].endswith("at 192.0.2.7:1502") and b.state.plant_link == "ok", 30000)
        assert b.plant.limit_w == 3600 and b.plant.too_fast == 0

    with_door(story)


def test_clients_of_the_gateway_reach_it_too():
    """Proves: PLA-1+, NET-6+"""
    from modbus.gateway.gateway import Gateway

    class Client:
        open, turn, may_write = 0, None, False
        replies = []

        def answer(self, transaction, unit, buffer, at, count):
            self.replies.append(bytes(buffer[at : at + count]))

    async def story(b, door):
        await b.until(lambda: b.state.plant_link == "ok", 30000)
        gateway, client = Gateway(lambda: b.ports.bus(1), 0, 5000), Client()
        for _ in range(5):
            gateway.submit(client, 1, 247, bytes((4, 30010 >> 8, 30010 & 255, 0, 2)), 0, 5)
            for _ in range(400):
                gateway.step()
                await b.for_ms(10)
        assert client.replies == [b"\x04\x04\x00\x00\x17\x70"] * 5  # 6000 W

    with_door(story, rs485_1_role="gateway")


def test_the_address_is_checked_at_the_door():
    from bridge.settings import Settings

    settings = Settings()
    for good in ("", "192.168.1.50", "10.0.0.255", "10.0.0.255:1502"):
        assert settings.check({"plant_host": good}) == ({"plant_host": good}, [])
    rule = "must be an address such as 192.168.1.50 or 192.168.1.50:1502, or nothing"
    for bad in (
        "plant.lan",
        "192.168.1",
        "192.168.1.256",
        "1.2.3.4.5",
        "1.2.3.x",
        " 1.2.3.4",
        "1.2..4",
        "1.2.3.4:",
        "1.2.3.4:70000",
        ":502",
    ):
        assert settings.check({"plant_host": bad}) == ({}, [("plant_host", rule)]), bad
