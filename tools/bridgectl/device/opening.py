"""How a file of a joined slot begins: what it imports, and the names that come most."""

import ast
from collections import Counter

from bridgectl.device.sources import Module

_SHORT = 110  # names whose number takes one byte of bytecode, less those that come first anyway
_CONST = ("micropython", "const")  # is what the builder looks for in a line of its own


def imports(found):
    """Return the statements for {(module or place, name in it or None): its name here}."""
    lines = sorted(found.items(), key=lambda item: item[0] != _CONST)
    return "".join(_statement(what, alias) for what, alias in lines)


def _statement(what, alias):
    module, name = what[0].replace("/", "."), what[1]
    if name:
        return f"from {module} import {name}" + (f" as {alias}\n" if alias != name else "\n")
    return f"import {module}" + (f" as {alias}\n" if alias != module else "\n")


def commonest(text):
    """Return a statement that is never executed and gives the names that come most the first numbers of the file.

    The compiler numbers attributes before the names of modules' own."""
    module = Module("", text, ())
    counted = Counter(node.attr for node in ast.walk(module.tree) if isinstance(node, ast.Attribute))
    counted.update(node.arg for node in ast.walk(module.tree) if isinstance(node, (ast.arg, ast.keyword)))
    counted.update(node.id for node, field in module.spots if field == "id" and node.id not in module.constants)
    del counted[None]  # of **named
    return f"if not __name__: __name__.{'.'.join(word for word, _ in counted.most_common(_SHORT))}\n"
