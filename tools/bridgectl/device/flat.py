"""Puts the modules of packages at the root of a slot, each under one word that the image of MicroPython holds in its ROM.

On a chip a module of a package takes three names that stay for ever, `modbus.wire.rtu`, `rtu` and the path of its file, and
every package takes a dict. At the root, as GP7.mpy, it takes one. Only for the board that has no room for them, as
spelling.py, which comes after it: `from modbus.wire import rtu` becomes `import GP7 as rtu`, and `rtu` may be spelled anew
then. Sources do not know of it; modules that files outside the slot import, or that are imported by a name that is made,
stay where they are.
"""

import ast


def plan(names, stay, words):
    """Return {dotted name of a module: the word under which it lies at the root}.

    names: all modules of a slot, such as bridge/app; stay: those that keep their place; words: of the image's ROM.
    """
    root = [name for name in names if "/" not in name]
    chosen = []
    for word in sorted(words, key=lambda word: (len(word), word)):
        # Frozen modules have small letters. No word begins as another one does, for a Part compares beginnings.
        if word[0].isupper() and not any(
            word.startswith(other) or other.startswith(word) for other in [*root, *chosen]
        ):
            chosen.append(word)
    moved = sorted(name for name in names if "/" in name and name not in stay)
    if len(moved) > len(chosen):
        raise ValueError(f"{len(moved)} modules and {len(chosen)} words for them")
    return {name.replace("/", "."): word for name, word in zip(moved, chosen)}


def place(name, moved):
    """Return where a module such as bridge/app lies. moved: as plan() gives it."""
    return moved.get(name.replace("/", "."), name)


def turned(text, moved):
    """Return a source with the names of modules that have moved in its imports and texts; lines stay where they are.

    Raises ValueError for an import that binds a package.
    """
    tree = ast.parse(text)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    edits = []
    for node in ast.walk(tree):
        new = None
        if isinstance(node, ast.Import):
            new = _import(node, moved)
        elif isinstance(node, ast.ImportFrom):
            new = _import_from(node, moved)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            new = _constant(node.value, parents[node], moved)
        if new:
            edits.append((node, new))
    lines = text.encode().splitlines(keepends=True)
    for node, new in sorted(edits, key=lambda edit: (-edit[0].lineno, -edit[0].col_offset)):
        first, last = node.lineno - 1, node.end_lineno - 1
        padding = b"\n" * (last - first)
        rest = lines[last][node.end_col_offset :]
        lines[first : last + 1] = [lines[first][: node.col_offset] + new.encode() + rest + padding]
        lines[first + 1 : first + 1] = [b""] * (last - first)
    return b"".join(lines).decode()


def _import(node, moved):
    for alias in node.names:
        if alias.name in moved and not alias.asname:
            raise ValueError(f"line {node.lineno}: import {alias.name} binds a package; write from ... import")
    if any(alias.name in moved for alias in node.names):
        return "import " + ", ".join(_named(moved.get(alias.name, alias.name), alias.asname) for alias in node.names)
    return None


def _import_from(node, moved):
    if node.module in moved:
        return f"from {moved[node.module]} import " + ", ".join(_named(a.name, a.asname) for a in node.names)
    made = []
    for alias in node.names:
        word = moved.get(f"{node.module}.{alias.name}")
        if word:
            made.append(f"import {word} as {alias.asname or alias.name}")
        else:
            made.append(f"from {node.module} import {_named(alias.name, alias.asname)}")
    return "; ".join(made) if any(made_of.startswith("import") for made_of in made) else None


def _named(name, alias):
    return f"{name} as {alias}" if alias else name


def _constant(value, parent, moved):
    """Return what stands for a text that names a module, or the modules of a package: "modbus.wire." """
    if value in moved:
        return f'"{moved[value]}"'
    below = [f'"{word}"' for name, word in sorted(moved.items()) if name.startswith(value)]
    if not value.endswith(".") or not below or not isinstance(parent, (ast.Tuple, ast.Call)):
        return None
    return ", ".join(below) if isinstance(parent, ast.Tuple) else f"({', '.join(below)},)"
