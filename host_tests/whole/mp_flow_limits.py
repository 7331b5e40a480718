# heap: 2m
"""Limits of others than the contacts, through the whole bridge: the strictest is what the plant holds."""

import flow
from bridge.tasks.commands import Commands


def test_the_strictest_of_all_is_at_the_plant_and_each_release_uncovers_the_next():
    """Proves: CTL-2+, PLA-2+"""

    async def story(b):
        await b.until(lambda: b.state.plant_limit_state == "held", 10000)
        assert b.plant.limit_w == 4000
        assert b.state.limit_reason == "4000 W: user"
        b.contact(3, True)
        await b.until(lambda: b.plant.limit_w == 1800, 3000)
        assert b.state.limit_reason == "ripple control 30 % (DI3)"
        b.state.ems_asked = ((0, 1000, 20),)
        await b.until(lambda: b.plant.limit_w == 1000, 4000)
        assert b.state.limits == "generation: 1000 W EMS, then 1800 W ripple control 30 % (DI3), then 4000 W user"
        await b.until(lambda: b.plant.limit_w == 1800, 25000)
        b.contact(3, False)
        await b.until(lambda: b.plant.limit_w == 4000, 6000)
        b.settings.apply({"limit_user_w": -1})
        await b.until(lambda: b.plant.limit_w is None, 6000)
        assert b.state.limits == "" and b.plant.too_fast == 0

    flow.Bridge("rp2040", settings={"grid_table": "ripple", "limit_user_w": 4000}).run(story)


def test_limits_hold_without_a_table_of_contacts_and_are_released_with_the_last_one():
    """Proves: CTL-2+, PLA-2+"""

    async def story(b):
        await b.until(lambda: b.plant.limit_w == 5175, 10000)
        b.state.ems_asked = ((1, 0, None),)
        await b.until(lambda: b.plant.limit_w == 0, 4000)
        b.state.ems_asked = ((1, None, None),)
        await b.until(lambda: b.plant.limit_w == 5175, 4000)
        b.settings.apply({"limit_fuse_a": -1})
        await b.until(lambda: b.plant.limit_w is None and b.state.plant_limit_state == "idle", 6000)

    flow.Bridge("rp2040", settings={"limit_fuse_a": 25}).run(story)


def test_two_messages_of_an_ems_at_once_are_both_obeyed_and_kept_over_a_restart():
    """Proves: CTL-2+, NET-4+"""
    from bridge.tasks.limit import Limit

    async def story(b):
        await b.until(lambda: b.state.inputs_settled, 3000)
        answers = []
        commands = Commands(b.state, b.settings, answers.append)
        commands.take(b'{"limit": {"generation_w": 2500}}', False)
        commands.take(b'{"limit": {"import_w": 900, "for_s": 60}}', False)
        assert [answer["ok"] for answer in answers] == [True, True]
        await b.until(lambda: b.plant.limit_w == 2500 and b.state.import_w == 900, 6000)
        assert b.state.limits == "generation: 2500 W EMS; import: 900 W EMS"
        b.state.ems_limits = ()
        Limit(b.root + "/data/limit", b.state, b.settings)
        assert [limit[:3] for limit in b.state.ems_limits] == [(0, 2500, None), (2, 900, 60)]

    flow.Bridge("rp2040").run(story)
