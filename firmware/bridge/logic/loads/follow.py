"""An output that repeats what the bridge knows: a limit, off-grid, an alarm, a contact. Pure; unknown means open."""

from micropython import const

_OF = const(10)  # place in load_rules.LOAD
_NAMES = ("a limit", "an import limit", "off-grid", "an alarm")
_CONTACTS = const(4)  # of the words of `of` those from here on are DI1 .. DI5


def decide(rules, limited, importing, off_grid, alarmed, inputs):
    """Return (close it, why). limited, importing, alarmed: there is a limit of power, of import, an alarm; off_grid: 0, or
    anything else, None = not known; inputs: settled contacts, bit 0 = DI1, None = not settled."""
    of = rules[_OF]
    if of >= _CONTACTS:
        number = of - _CONTACTS
        return bool((inputs or 0) >> number & 1), "as DI%d" % (number + 1)
    return bool((limited, importing, off_grid, alarmed)[of]), "as there is " + _NAMES[of]
