"""What the builder leaves out of a table, and that it notices when the table has changed."""

import pytest
from bridgectl.device import prune


def test_the_meaning_of_a_setting_stays_on_the_pc(monkeypatch):
    monkeypatch.setitem(prune._FOR_PEOPLE, "one", ("TABLE", 2))
    source = '# TABLE\nTABLE = """\na|1|What it is|x\nbc|2|Other\n"""\n\ndef rows():\n    """a|b|c"""\n'
    cut = '# TABLE\nTABLE = """\na|1||x\nbc|2|\n"""\n\ndef rows():\n    """a|b|c"""\n'
    assert prune.unread("one", source) == cut
    assert prune.unread("other", source) == source
    with pytest.raises(prune.Gone, match="one has no TABLE"):
        prune.unread("one", "ROWS = 1\n")
