"""Which modules of a slot come into memory together, whatever comes: they may lie in one file.

An entry is what comes by itself: the application, a Part, an import within a function. Modules that the same entries bring
are a group. An entry keeps a name of its own, so a group with one in it is found under that, and one with two is none.
"""

from collections import defaultdict

from bridgectl.device.sources import Module


def plan(texts, roots, stay):
    """Return [(entry or None, [modules in the order in which they run])], those of a single module too.

    texts: {module such as bridge/app: text}; roots: modules that are always there, with what they bring; stay: modules that
    lie by themselves.
    """
    sources = {name: Module(name, text, texts) for name, text in texts.items()}
    entries = set().union(*(source.entries for source in sources.values()))
    alone = set(stay).union(*(source.passed_on() for source in sources.values()))
    always = _closure(sources, roots)
    brought = defaultdict(set)
    for entry in entries:
        for name in _closure(sources, [entry]):
            brought[name].add(entry)
    together = defaultdict(list)
    for name in _closure(sources, sorted(texts)):
        signature = frozenset(brought[name])
        if name in always:
            signature = frozenset(["always"])
        together[name if name in alone or not signature else signature].append(name)
    found = []
    for members in together.values():
        heads = [name for name in members if name in entries]
        if len(heads) > 1 or (heads and len(members) > 1 and members[0] in always):
            found += [(name, [name]) for name in heads]
            members, heads = [name for name in members if name not in heads], []
        if members:
            found.append((heads[0] if heads else members[0] if len(members) == 1 else None, members))
    return found


def _closure(sources, roots):
    """Return the modules that come with roots, each behind those that it needs. Raises ValueError if none can be first."""
    found, coming = [], []

    def bring(name):
        if name in coming:
            raise ValueError(f"modules import each other: {', '.join(sorted(coming[coming.index(name) :]))}")
        if name not in found:
            coming.append(name)
            for needed in sorted(sources[name].needs):
                bring(needed)
            found.append(coming.pop())

    for root in roots:
        bring(root)
    return found
