"""Sources that would mean something else in a file with others do not build, and the error says which and why."""

import pytest
from bridgectl.device import build, groups, joined

_WIRE = "SIZE = 4\nlevel = 1\ndef frame():\n    return SIZE\ndef raise_it():\n    global level\n    level += 1\n"
_BASE = {
    "app": "import lamp\nfrom tasks import run\n",
    "lamp": "from wire import rtu\ndef main():\n    return rtu.frame()\n",
    "wire/rtu": _WIRE,
    "tasks/run": "def go():\n    return 1\n",
    "tasks/late": "from wire.rtu import frame\nSIZE = 5\n",
}
_WORDS = ["GP1", "GP10", "GP2", "LED", "UART", "ADC", "PWM", "dht", "SPI", "I2C", "TX", "RX"]


def _join(changes):
    texts = {**_BASE, **changes}
    planned = groups.plan(texts, ("app",), ("app",))
    return joined.Slot(texts, planned, joined.places(planned, ("app",), _WORDS), _WORDS)


# fmt: off
_REFUSED = [
    # source of the module lamp                                   what is said of it
    ("try:\n    from wire import rtu\nexcept ImportError:\n    rtu = None",
                                                                  "from wire import rtu stands under a condition"),
    ("try:\n    import uselect\nexcept ImportError:\n    uselect = None", "import uselect stands under a condition"),
    ("if True:\n    import wire.rtu as rtu",                      "import wire.rtu as rtu stands under a condition"),
    ("class Lamp:\n    from wire import rtu",                     "from wire import rtu stands under a condition"),
    ("from wire.rtu import *",                                    r"from wire.rtu import \* does not say whole names"),
    ("from . import wire",                                        "from . import wire does not say whole names"),
    ("import wire",                                               "import wire binds a package"),
    ("import wire.rtu",                                           "import wire.rtu binds a package"),
    ("def main():\n    import wire.rtu",                          "import wire.rtu binds a package"),
    ("from wire import rtu\nrtu = None",                          "rtu is imported and bound once more"),
    ("from wire import rtu\nfrom tasks import run as rtu",        "rtu is imported and bound once more"),
    ("from wire.rtu import frame\ndef frame():\n    pass",        "frame is imported and bound once more"),
    ("from wire.rtu import SIZE\nSIZE += 1",                      "SIZE is imported and bound once more"),
    ("from wire.rtu import SIZE\ndel SIZE",                       "SIZE is imported and bound once more"),
    ("from wire.rtu import SIZE\ndef f():\n    global SIZE\n    SIZE = 1", "SIZE is imported and bound once more"),
    ("from wire.rtu import SIZE\nfor SIZE in (1, 2):\n    pass",  "SIZE is imported and bound once more"),
    ("def f():\n    global sys\n    import sys",                  "sys is global and imported within a function"),
    ("a = [last := x for x in (1, 2)]",                           r"\(last := x\) binds a name around its comprehension"),
    ("size = 3\nclass Lamp:\n    size = size + 1",                "size is the module's and the class Lamp's"),
    ("from wire.rtu import SIZE\nclass Lamp:\n    SIZE = SIZE",   "SIZE is the module's and the class Lamp's"),
    ("def f():\n    from tasks import late\n    return late.SIZE\ndef g(late):\n    return late.SIZE",
                                                                  "late is a module within a function and something else"),
    ("def f():\n    from tasks import late\n    return late.SIZE\ndef g():\n    late = f\n    return late.SIZE",
                                                                  "late is a module within a function and something else"),
    ("def f():\n    from tasks import late\n    return late.frame()", "late.frame: tasks/late has no frame of its own"),
    ("def f():\n    from tasks.late import frame\n    return frame()",
                                                                  "from tasks.late import frame: tasks/late has no frame"),
    ("def f():\n    with Part('tasks.late') as late:\n        return late.frame()", "late.frame: tasks/late has no frame"),
    ("from wire.rtu import level",                                "level is taken from wire/rtu, which changes it"),
    ("from wire.rtu import speed",                                "speed: wire/rtu has no speed"),
    ("from wire import rtu\ndef f():\n    return rtu.speed",      "rtu.speed: wire/rtu has no speed of its own"),
    ("from wire import rtu\ndef f():\n    rtu.level = 5",         "rtu.level is written from outside"),
    ("from wire import rtu\ndef f():\n    rtu.level += 5",        "rtu.level is written from outside"),
    ("from wire import rtu\ndef f():\n    del rtu.level",         "rtu.level is written from outside"),
    ("NAME = 'wire.rtu'",                                         "'wire.rtu' names a module neither in a tuple nor as"),
    ("def f():\n    return __import__('wire.rtu')",               "'wire.rtu' names a module neither in a tuple nor as"),
    ("def f():\n    return Part('tasks.late', 'tasks.la')",        "'tasks.la' names no module and no package"),
    ("from wire import rtu\ndef f():\n    return globals()['f'], rtu.SIZE", "globals is one of the whole file"),
    ("from wire import rtu\nWHO = __name__\ndef f():\n    return rtu.SIZE", "__name__ is one of the whole file"),
    ("from wire import rtu\ndef __getattr__(name):\n    return rtu.SIZE", "__getattr__ is one of the whole file"),
]
# fmt: on


@pytest.mark.parametrize(("text", "why"), _REFUSED, ids=[why for _, why in _REFUSED])
def test_what_would_be_joined_wrongly_is_refused(text, why):
    with pytest.raises(ValueError, match=f"^lamp: .*{why}"):
        _join({"lamp": text + "\n"})


def test_what_the_refusals_are_tried_on_is_joined_without_them():
    slot = _join({})
    assert set(slot.groups[slot.place["lamp"]]) == {"lamp", "wire/rtu", "tasks/run"}


def test_a_module_taken_from_another_one_that_imports_it_is_refused():
    changes = {
        "lamp": "from tasks.run import rtu\n",
        "tasks/run": "from wire import rtu\ndef go():\n    return rtu.SIZE\n",
    }
    with pytest.raises(ValueError, match="lamp: rtu is a module, taken from tasks/run; import it from its package"):
        _join(changes)


def test_modules_and_files_that_need_each_other_are_refused():
    with pytest.raises(ValueError, match="modules import each other: lamp, wire/rtu"):
        _join({"wire/rtu": "from lamp import main\n" + _WIRE})
    # lamp passes tasks/run on, so it lies by itself between two modules of one file.
    changes = {
        "lamp": "from tasks import run\nfrom wire import rtu\ndef main():\n    return rtu.SIZE, id(run)\n",
        "tasks/run": "from wire.rtu import SIZE\ndef go():\n    return SIZE\n",
    }
    with pytest.raises(ValueError, match="files import each other: lamp, tasks/run, wire/rtu"):
        _join(changes)


def test_the_slot_of_the_pico_w_is_built_with_these_refusals():
    assert len(build.joined_slot("rp2040").modules) > 120
