"""Names that mean several things in one source mean the same when it is joined with others."""

from bridgectl.device import groups, joined
from small_program import run

_WORDS = ["GP1", "GP10", "GP2", "LED", "UART", "ADC", "PWM", "dht", "SPI", "I2C", "TX", "RX"]
_ODD = {
    "app": "import odd\nfrom plain import level, size\ndef main():\n    odd.main(), print(size(), level())\n",
    "plain": """
steps = kinds = counted = last = shape = 7
def size(*words, named=steps, **others):
    return len(words) + named + len(others) + kinds
def level():
    return max(1, kinds)
""",
    "odd": """
from wire import size as sized
import wire
def max(*values):
    return "own max of %d" % len(values)
try:
    level = 1 // 0
except ZeroDivisionError as problem:
    level = str(problem)[:6]
if level:
    def shape():
        return "one"
else:
    def shape():
        return "two"
steps = [1, 2]
steps += [3]
for last in steps:
    pass
gone = 4
del gone
def twice(function):
    return lambda *given, **named: (function(*given, **named), function(*given, **named))
@twice
def size(*words, level=len(steps), **others):
    return words, level, others
class Kinds:
    kinds = (1, 2)
    steps = [level for level in kinds]
    def level(self, size=max):
        return self.kinds, level, size(1)
    class Inner:
        size = 5
def outer():
    counted = 1
    def inner():
        global counted
        counted = 10
        return counted
    return inner(), counted
def named(steps):
    return [steps for steps in steps], {steps: level for steps, level in zip(steps, "a")}, sum(last for _ in steps)
def copied():
    return [steps for steps in steps]
def longest():
    if (last := shape()) == "one":
        return "%s size level" % last, "size"
def main():
    print(size("a", *steps, level=2, size=level), outer(), counted, max(1, 2), last, sized(), wire.sized)
    print(Kinds().level(), Kinds.steps, Kinds.Inner.size)
    print(named(steps), copied(), longest(), shape(), wire.size())
    try:
        print(gone)
    except NameError:
        print("gone")
""",
    "wire": "sized = 'wire'\ndef size():\n    return sized + ' size'\n",
}


def test_names_that_mean_several_things_mean_the_same_when_they_are_joined(tmp_path):
    planned = groups.plan(_ODD, ("app",), ())
    slot = joined.Slot(_ODD, planned, joined.places(planned, (), _WORDS), _WORDS)
    assert set(map(len, slot.groups.values())) == {4}
    program = "import %s as app; app." + slot.new("app", "main") + "()"
    plain = run(tmp_path / "plain", _ODD)
    sized = "(('a', 1, 2, 3), 2, {'size': 'divide'})"
    assert plain == [
        f"({sized}, {sized}) (10, 1) 10 own max of 2 3 wire size wire",
        "((1, 2), 'divide', 'own max of 1') [1, 2] 5",
        "([1, 2, 3], {1: 'a'}, 9) [1, 2, 3] ('one size level', 'size') one wire size",
        "gone",
        "14 7",
    ]
    assert run(tmp_path / "joined", slot.files, program % slot.place["app"]) == plain
