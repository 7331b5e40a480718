"""All that can be commanded at once, on the official Pico W image: limit, import, reactive power, disconnection, export at
the grid and two owned outputs, from contacts to registers and relays."""

import pytest
from bridgectl.emulator import profiles

_SETTINGS = {
    **profiles.CONTROL,
    "grid_table": "own",
    "grid_rows": "1000 p60 i50 c-0.95; 0001 x",
    "grid_reactive": True,
    "do1_owner": "follow",
    "do1_rules": "of limit min_on 0 min_off 0",
    "do2_owner": "smart_load",
    "do2_rules": "on 50 off 40 min_on 0 min_off 0",
}
# Each change is one exchange of the plant's line, one a second, beside its reads: no more than 20 of them for 8 changes.
_ALL_MS = 30000


@pytest.mark.slow
def test_contacts_bring_every_order_to_the_plant_and_take_it_back():
    """Proves: DRM-1, DRM-3, PLA-2+, CTL-3"""
    rig = profiles.Setup().rig(_SETTINGS)
    held = rig.plant.holding
    rig.run_until(lambda: "rs485-2: master: link ok" in rig.console.text, 12000)
    rig.contact(1, True)
    rig.run_until(lambda: (rig.plant.limit_w or 9999) <= 3600, 4000)
    rig.run_until(lambda: (held[40040], held[40044]) == (3000, 3000), _ALL_MS)
    rig.run_until(lambda: (held[40029], held[40031], held[40007]) == (1, 0, -950), _ALL_MS)
    rig.run_until(lambda: [states[-1:] for states in rig.clicks()] == [[1], [1]], 5000)
    rig.contact(1, False)
    rig.run_until(lambda: (held[40029], held[40031], held[40007]) == (0, 2, 1000), _ALL_MS)
    rig.run_until(lambda: (held[40040], held[40044]) == (5000, 5000), _ALL_MS)  # limit_import_w
    rig.contact(4, True)
    rig.run_until(lambda: held[40000] == 0 and rig.plant.limit_w == 0, _ALL_MS)
    assert "Traceback" not in rig.console.text
    assert rig.plant.too_fast == 0 and rig.chip.resets == []
