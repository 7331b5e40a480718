# heap: 2m
"""Outputs that a rule owns, through the whole bridge: simulated house and plant in, relays out."""

import flow
from bridge.tasks.commands import Commands

LOAD = {"do1_owner": "smart_load", "do1_rules": "on 90 off 80 min_on 60 min_off 30"}
PUMP = {"do1_owner": "heat_pump", "do2_owner": "heat_pump", "heat_pump": "dwell 60"}
ENGINE = {
    "do1_owner": "generator",
    "do2_owner": "generator",
    "generator": "off_grid ignore start 20 stop 80 warm 20 cool 20 rest 30 crank 10 pause 10 min_run 0 feedback di5",
}


def charged(b, percent):
    """Charge the battery to so many %, and let nothing change it: what the sun gives is used."""
    b.house.stored_wh = b.house.capacity_wh * percent / 100
    b.house.pv_set_w = b.house.load_set_w = 500


def relays(b):
    """Return the masks that the outputs had so far, one after the other, as a list that grows."""
    seen = []
    drive = b.board.set_outputs

    def noted(mask):
        seen.append(mask)
        drive(mask)

    b.board.set_outputs = noted
    return seen


def test_a_smart_load_follows_the_battery_and_nobody_else_may_switch_it():
    """Proves: CTL-3, CTL-7+"""

    async def story(b):
        answers = []
        charged(b, 95)
        await b.until(lambda: b.value("plant_soc") == 95, 10000)
        assert b.state.outputs == 0  # 30 s from the start on
        await b.until(lambda: b.state.outputs == 1, 40000)
        assert b.state.outputs_text == "DO1 closed, SOC 95 %"
        Commands(b.state, b.settings, answers.append).take(b'{"do1": false, "id": 7}', False)
        assert answers[0]["errors"] == {
            "do1": "is switched by a rule, smart_load; set do1_owner to manual to command it"
        }
        charged(b, 85)
        await b.for_ms(70000)
        assert b.state.outputs == 1
        charged(b, 79)
        await b.until(lambda: b.state.outputs == 0, 5000)
        b.settings.apply({"do1_owner": "manual"})
        await b.until(lambda: b.state.driven is None and b.state.outputs_text == "", 3000)
        Commands(b.state, b.settings, answers.append).take(b'{"do1": true}', False)
        await b.until(lambda: b.state.outputs == 1, 3000)

    flow.Bridge("rp2040", settings=LOAD).run(story)


def test_a_plant_that_falls_silent_opens_its_load():
    """Proves: CTL-3, CTL-7+"""

    async def story(b):
        charged(b, 95)
        await b.until(lambda: b.state.outputs == 1, 60000)
        b.plant.silent = True
        await b.until(lambda: b.state.outputs == 0, 90000)
        assert b.state.outputs_text.startswith("DO1 open, ")

    flow.Bridge("rp2040", settings=LOAD).run(story)


def test_a_heat_pump_is_locked_by_an_import_limit_and_no_relay_ever_passes_through_the_lock_otherwise():
    """Proves: CTL-4, CTL-7+"""

    async def story(b):
        seen = relays(b)
        await b.until(lambda: b.state.outputs_text.startswith("heat pump normal"), 10000)
        b.house.charge_max_w = b.house.discharge_max_w = 0
        b.house.pv_set_w, b.house.load_set_w = 6000, 300
        await b.until(lambda: b.state.outputs == 3, 90000)
        assert seen == [2, 3]
        b.house.pv_set_w, b.house.load_set_w = 0, 3000
        await b.until(lambda: b.state.outputs == 0, 200000)
        assert seen == [2, 3, 2, 0]
        b.state.ems_asked = ((2, 4200, None),)
        await b.until(lambda: b.state.outputs == 1, 5000)
        assert b.state.outputs_text == "heat pump lock, import is limited"
        b.state.ems_asked = ((2, None, None),)
        await b.until(lambda: b.state.outputs == 0, 70000)
        assert seen == [2, 3, 2, 0, 1, 0]

    flow.Bridge("rp2040", settings=PUMP).run(story)


def test_a_generator_is_started_loaded_cooled_and_stopped_and_its_hours_are_kept():
    """Proves: CTL-5, CTL-7+"""
    from store import record

    async def story(b):
        seen = relays(b)
        charged(b, 15)
        await b.until(lambda: b.state.outputs == 1, 60000)
        b.contact(5, True)
        await b.until(lambda: b.state.outputs == 3, 30000)
        assert b.state.outputs_text == "generator running, SOC 15 %, 0 h"
        charged(b, 81)
        await b.until(lambda: b.state.outputs == 1, 5000)
        await b.until(lambda: b.state.outputs == 0, 30000)
        b.contact(5, False)
        await b.until(lambda: b.state.outputs_text.startswith("generator stopped"), 60000)
        assert seen == [1, 3, 1, 0]
        charged(b, 15)
        await b.until(lambda: b.state.outputs_text.startswith("generator locked out, it did not start"), 120000)
        await b.until(lambda: b.state.outputs == 0, 1000)
        assert record.load(b.root + "/data/outputs")["locked"] == "it did not start"
        b.settings.apply({"generator": "+mode off"})
        await b.until(lambda: b.state.outputs_text.startswith("generator stopped, switched off"), 60000)
        b.settings.apply({"generator": "-mode"})
        await b.until(lambda: b.state.outputs == 1, 5000)

    flow.Bridge("rp2040", settings=ENGINE).run(story)


def test_while_no_rule_is_at_work_its_outputs_are_in_their_safe_state():
    """Proves: CTL-7+"""
    from bridge.logic.grid import outputs
    from bridge.settings import Settings
    from bridge.state import State

    settings, state = Settings(), State()
    assert settings.apply({"do2_owner": "follow", "do_safe_mask": 2}) == []
    state.output_command = ((1, 5, 5), (0, 5, 5))
    assert outputs.wanted(state, settings, 6) == 0b11  # DO1 as it was commanded, DO2 in its safe state
    state.driven = 0b01
    assert outputs.wanted(state, settings, 6) == 0b01
    assert settings.apply({"do1_owner": "heat_pump"}) == [
        ("do1_owner", "heat_pump takes both outputs: set do1_owner and do2_owner to it, or neither")
    ]
    assert settings.apply({"do2_owner": "generator"}) == [
        ("do2_owner", "the safe state of a heat pump and of a generator is open: do_safe_mask must not close it")
    ]
