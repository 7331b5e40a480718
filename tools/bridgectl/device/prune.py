"""Leaves out, at build time, what the firmware never reads: what is not there takes no memory."""

# Columns of our own tables that only people and tools on a PC read: {module: (name of the text, number of the column)}.
_FOR_PEOPLE = {"bridge/settings": ("TABLE", 6)}


class Gone(Exception):
    """A module has not got a table that should be left out; the text says which."""


def unread(module, source):
    """Return the source of one of our modules with the cells empty that the firmware never reads. Raises Gone."""
    if module not in _FOR_PEOPLE:
        return source
    name, column = _FOR_PEOPLE[module]
    start = source.find(f'\n{name} = """\n')
    end = source.find('\n"""\n', start + 1)
    if start < 0 or end < 0:
        raise Gone(f"{module} has no {name}: look at tools/bridgectl/device/prune.py")
    first = source.index('"""', start) + len('"""\n')
    rows = [row.split("|") for row in source[first:end].split("\n")]
    cut = ["|".join(["" if number == column else cell for number, cell in enumerate(row)]) for row in rows]
    return source[:first] + "\n".join(cut) + source[end:]
