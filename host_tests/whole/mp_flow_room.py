# heap: 4m
"""What gives way where the memory does not hold all parts at once, and that it says so."""

import sys

import flow
from bridge.logic import room
from store import record

_DEVICE = {"sn": "SN1", "hotspot_password": "only-for-tests-7"}
_GATEWAY = {"system_name": "House", "rs485_1_role": "gateway", "gateway_port": 15020}


def test_gateways_wait_for_the_hotspot_only_where_memory_is_short():
    """Proves: REL-2+"""
    assert [room.gateway_waits(free, is_open) for free in (126000, 180000) for is_open in (False, True)] == [
        False,
        True,
        False,
        False,
    ]
    assert [room.most_clients(free) for free in (126000, 180000)] == [1, 16]
    rings = [room.recorder_bytes(wanted, free) for free in (126000, 180000) for wanted in ("auto", "on", "off")]
    assert rings == [0, 2048, 0, 16384, 16384, 0]
    assert room.gateway_text(False, {}) == "off"
    assert room.gateway_text(False, {"text": "RS485-1 at 192.0.2.1:502"}) == "RS485-1 at 192.0.2.1:502"


def test_the_gateways_are_said_to_wait_also_while_their_task_is_dead():
    """The task of the clients died and its pause is long: nobody else may leave what is shown as it was."""
    room.gateway_waits = lambda free, is_open: is_open

    class Part:
        async def run(self, beat, *arguments):
            raise ValueError("dies at once")

    async def story(b):
        sys.modules["bridge.ports.clients"] = Part()
        await b.for_ms(70000)
        (job,) = [job for job in b.supervisor._jobs if job.name == "clients"]
        assert not job.running and not b.state.gateway_waits
        b.state.button_presses += 1
        await b.until(lambda: b.state.hotspot_open, 3000)
        await b.until(lambda: b.state.gateway_waits, 1100)
        assert not job.running

    bridge = flow.Bridge("rp2040", settings=_GATEWAY, device=_DEVICE)
    record.save(bridge.root + "/data/window", {"used_s": 7200})
    bridge.run(story)


def test_an_open_hotspot_closes_the_gateways_of_a_small_board_and_they_come_back():
    """Proves: REL-2+, NET-6+"""
    room.gateway_waits = lambda free, is_open: is_open  # a board whose memory is short

    async def story(b):
        await b.until(lambda: b.state.hotspot_open, 8000)
        await b.for_ms(3000)
        assert "bridge.ports.clients" not in sys.modules and b.state.gateway_waits
        text = room.gateway_text(b.state.gateway_waits, b.state.gateway)
        assert text == "closed while the hotspot is open: this board has no memory for both"
        await b.until(lambda: not b.state.hotspot_open, 100000)
        await b.until(lambda: "bridge.ports.clients" in sys.modules, 3000)
        await b.until(lambda: not b.state.gateway_waits, 1100)

    bridge = flow.Bridge("rp2040", settings=_GATEWAY, device=_DEVICE)
    record.save(bridge.root + "/data/window", {"used_s": 7110})  # of 7200 that the hotspot stays open
    bridge.run(story)
