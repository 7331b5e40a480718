"""Which registers of the plant a client of a gateway may not write, by the settings that make the bridge command them."""

from bridge.ports import clients


def test_what_the_bridge_commands_is_its_own_and_nothing_else():
    """Proves: NET-6+"""
    assert clients._own(False, False, False, "plant") == [(40042, 40043)]
    assert clients._own(True, False, False, "plant") == [(40042, 40043), (40040, 40041), (40044, 40045)]
    assert clients._own(False, True, False, "plant") == [(40042, 40043), (40000, 40000)]
    assert clients._own(False, False, True, "plant") == [(40042, 40043), (40001, 40031)]
    assert clients._own(False, False, False, "grid") == [(40042, 40043), (40038, 40039)]
