"""Which private names the builder spells short, and which it leaves alone."""

from bridgectl.device import build, private

_ONE = """
from micropython import const

_LIMIT = const(3)


class Meter:
    def __init__(self, other):
        self._total = 0
        self._shown = 0
        other._lent = 1
        self.__slots = 0

    def _add(self, count):
        self._total += count

    def show(self):
        return getattr(self, "_shown") + _LIMIT
"""
_TWO = """
class Counter:
    def __init__(self, meter):
        self._count = 0
        self._meter = meter
        self._lent = 2
"""
_CHILD = """
from one import Meter


class Child(Meter):
    def __init__(self):
        self._own = self._total
"""


def test_what_one_module_uses_is_short_and_modules_share_the_spellings():
    table = private.plan({"one": _ONE, "two": _TWO})
    assert table == {"one": {"_add": "_0", "_total": "_1"}, "two": {"_count": "_0", "_meter": "_1"}}


def test_modules_whose_classes_inherit_never_share_one():
    table = private.plan({"one": _ONE, "child": _CHILD})
    spelled = {**table["one"], **table["child"]}
    assert table["one"]["_total"] == table["child"]["_total"]
    assert len(set(spelled.values())) == len(spelled) == 3


def test_nothing_but_the_names_changes():
    text = "x = self._total  # _total stays in words\ny = '_total'\nself._total, self._totals = 1, 2\n"
    assert private.shortened(text, {"_total": "_0"}) == (
        "x = self._0  # _total stays in words\ny = '_total'\nself._0, self._totals = 1, 2\n"
    )


def test_on_the_pico_w_no_two_names_of_a_module_become_one_and_others_are_compiled_as_they_stand():
    texts = {name: path.read_text() for name, path in build.sources("rp2040").items()}
    tables = private.plan(texts)
    assert sum(len(table) for table in tables.values()) > 300
    for name, table in tables.items():
        assert len(set(table.values())) == len(table), name
        assert not set(table.values()) & set(texts[name].replace(".", " ").split()), name
    assert build._SHORT == ("rp2040",)
