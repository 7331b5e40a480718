"""The figure of the uplink is measured and printed as the others are."""

import json

from bridgectl.figures import uplink


def test_the_share_of_an_uplink_that_is_dropped_every_22_s_is_told(slot, capsys):
    """Proves: NET-3+"""
    uplink.main()
    told = json.loads(capsys.readouterr().out)
    assert told["figure"] == "uplink_share_dropped_22s"
    assert 0.9 < told["value"] < 1
