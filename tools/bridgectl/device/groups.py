"""Which modules of a slot come into memory together, whatever comes: they may lie in one file.

An entry is what comes by itself: the application, a Part, an import within a function. Modules that the same entries bring
are a group. An entry keeps a name of its own, so a group with one in it is found under that, and one with two is none.
"""

import ast
from collections import defaultdict

from bridgectl.device.scopes import Spots


class Source:
    """A module's text: `tree`, what it brings at once (`brings`), its entries (`entries`), and modules that it uses as a
    thing (`things`): passed on, not only asked for their names."""

    def __init__(self, text, names):
        """names: all modules, such as bridge/app."""
        self.tree = ast.parse(text)
        self.brings, self.entries = set(), set()
        aliases = {}
        for node in ast.walk(self.tree):
            found = set()
            for alias, name in imports(node, names):
                found.add(name)
                aliases[alias] = name
            (self.brings if node in self.tree.body else self.entries).update(found)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Part":
                first = node.args[0]
                self.entries |= {first.value.replace(".", "/")} if isinstance(first, ast.Constant) else set()
        asked = {node.value for node in ast.walk(self.tree) if isinstance(node, ast.Attribute)}
        loaded = [node for node, field in Spots(self.tree).of_module if field == "id" and node not in asked]
        self.things = {
            aliases[node.id] for node in loaded if node.id in aliases and is_module(self.tree, node.id, names)
        }


def imports(node, names):
    """Yield (name that an import binds, the module that it needs) for the modules among `names`."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.replace(".", "/") in names:
                yield alias.asname or alias.name, alias.name.replace(".", "/")
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            module = node.module.replace(".", "/")
            below = f"{module}/{alias.name}"
            if below in names:
                yield alias.asname or alias.name, below
            elif module in names:
                yield alias.asname or alias.name, module


def is_module(tree, alias, names):
    """Return True if a name that an import binds is a module and not something in one."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for found in node.names:
                if (found.asname or found.name) == alias:
                    base = node.module.replace(".", "/") + "/" if isinstance(node, ast.ImportFrom) else ""
                    return base + found.name.replace(".", "/") in names
    return False


def plan(texts, roots, stay):
    """Return [(entry or None, [modules in the order in which they run])], those of a single module too.

    texts: {module such as bridge/app: text}; roots: modules that are always there, with what they bring; stay: modules that
    lie by themselves.
    """
    sources = {name: Source(text, texts) for name, text in texts.items()}
    entries = set().union(*(source.entries for source in sources.values())) & set(texts)
    alone = set(stay) | set().union(*(source.things for source in sources.values()))
    brought = defaultdict(set)
    for entry in entries:
        for name in _closure(sources, [entry]):
            brought[name].add(entry)
    together = defaultdict(list)
    for name in _closure(sources, sorted(texts)):
        signature = frozenset(brought[name])
        if name in _closure(sources, roots):
            signature = frozenset(["always"])
        together[name if name in alone or not signature else signature].append(name)
    found = []
    for members in together.values():
        heads = [name for name in members if name in entries]
        if len(heads) > 1 or (heads and len(members) > 1 and members[0] in _closure(sources, roots)):
            found += [(name, [name]) for name in heads]
            members, heads = [name for name in members if name not in heads], []
        if members:
            found.append((heads[0] if heads else members[0] if len(members) == 1 else None, members))
    return found


def _closure(sources, roots):
    """Return the modules that come with roots, each behind those that it needs."""
    found = []

    def bring(name):
        if name not in found:
            for needed in sorted(sources[name].brings):
                bring(needed)
            found.append(name)

    for root in roots:
        bring(root)
    return found
