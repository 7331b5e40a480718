"""What the builder leaves out of a library, and that it notices when the library has changed."""

import pytest
from bridgectl.device import prune

_SOURCE = """
class Request:
    limit = 5

    @property
    def form(self):
        return 1

    @form.setter
    def form(self, value):
        pass

    def body(self):
        return 2


redirect = Request.body
"""


def test_named_members_go_and_the_rest_stays(monkeypatch):
    monkeypatch.setitem(prune._UNUSED, "web", ("Request.form", "redirect"))
    space = {}
    exec(prune.pruned("web", _SOURCE), space)
    assert not hasattr(space["Request"], "form")
    assert (space["Request"].limit, space["Request"]().body()) == (5, 2)
    assert "redirect" not in space


def test_a_name_that_is_gone_stops_the_build(monkeypatch):
    monkeypatch.setitem(prune._UNUSED, "web", ("Request.cookies",))
    with pytest.raises(prune.Gone, match=r"Request\.cookies"):
        prune.pruned("web", _SOURCE)


def test_the_way_for_a_module_that_no_image_has_is_left_out(monkeypatch):
    source = "try:\n    import faster as json\nexcept ImportError:\n    import json\n\nSPACE = json\n"
    monkeypatch.setitem(prune._MISSING, "web", ("faster",))
    assert prune.pruned("web", source) == "import json\nSPACE = json"
    with pytest.raises(prune.Gone, match="faster"):
        prune.pruned("web", "import json")


def test_the_meaning_of_a_setting_stays_on_the_pc(monkeypatch):
    monkeypatch.setitem(prune._FOR_PEOPLE, "one", ("TABLE", 2))
    source = '# TABLE\nTABLE = """\na|1|What it is|x\nbc|2|Other\n"""\n\ndef rows():\n    """a|b|c"""\n'
    cut = '# TABLE\nTABLE = """\na|1||x\nbc|2|\n"""\n\ndef rows():\n    """a|b|c"""\n'
    assert prune.unread("one", source) == cut
    assert prune.unread("other", source) == source
    with pytest.raises(prune.Gone, match="one has no TABLE"):
        prune.unread("one", "ROWS = 1\n")
