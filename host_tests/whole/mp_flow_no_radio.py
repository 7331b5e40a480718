# heap: 2m
"""A module without PSRAM and the official image: the whole bridge without its radio, and it says why."""

import flow

_WHY = "no room for the radio without PSRAM: the bridge needs 136 kB beside it, there are 109"
_PLAIN = [(16_000, 12_000, 9_000, 12_000), (302_000, 131_500, 110_600, 131_500)]


def _bridge():
    bridge = flow.Bridge("esp32", settings={"grid_table": "ripple"})
    import esp32
    import esp_chip

    esp32.heap[:] = _PLAIN
    esp_chip._python = lambda: 167_900
    return bridge


async def _lives(b):
    await b.until(lambda: b.value("sensor_power") is not None, 3000)
    await b.until(lambda: b.state.radio_text, 3000)
    assert b.state.radio_text == _WHY
    await b.for_ms(1500)
    assert b.state.segments[3] == "no radio"
    assert b.state.hotspot_open is False
    b.contact(1, True)
    await b.until(lambda: b.state.inputs == 1, 500)
    await b.for_ms(60_000)
    assert b.value("sensor_power") is not None
    assert b.machine.reset_cause() == b.machine.PWRON_RESET  # it never started anew
    assert b.state.system_heap == (143_500, 110_600)

    from bridge import points
    from bridge.logic.doors import messages

    facts = dict(zip(points.facts(), messages.facts(b.state)))
    assert facts["radio"] == _WHY
    assert (facts["system_heap_free"], facts["system_heap_largest"]) == (143_500, 110_600)


def test_the_bridge_lives_without_its_radio_and_says_why():
    """Proves: REL-1+"""
    _bridge().run(_lives)
