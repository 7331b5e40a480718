"""Spells private attributes and functions short, for boards whose memory has no room for their names.

On a chip every name that the image does not know takes its length and about eight bytes as long as the board runs, and the
table of names doubles at certain counts (630, 1270: PLATFORM facts of the RP2040). `self._due_s` is seen by its own module
alone, so the builder compiles it as `self._3`; the next module uses the same `_3` for something else. Public functions keep
their names, so a traceback still tells the way.

Left alone: what two modules use, what is stored in an object that is not `self`, what stands in a text (getattr, tables),
public functions, classes, `_X = const()`, which takes no memory. Modules whose classes inherit from each other are as one.
"""

import ast
import io
import re
import tokenize
from collections import defaultdict

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def plan(sources):
    """Return {module: {private attribute: short spelling}} for sources, {module: text}."""
    users, kept, owned = defaultdict(set), set(), defaultdict(set)
    for module, text in sources.items():
        for word in re.findall(r"\b_[a-zA-Z]\w*", text):
            users[word].add(module)
        for node in ast.walk(ast.parse(text)):
            _see(node, owned[module], kept)
    families = _families(sources)
    made = {}
    for module in sources:
        family = families[module]
        own = sorted(word for member in family for word in owned[member] - kept if users[word] <= family)
        table = {word: f"_{number}" for number, word in enumerate(own)}
        made[module] = {word: short for word, short in table.items() if len(short) < len(word)}
    return made


def shortened(text, table):
    """Return a source with the words of the table in their short spelling; nothing else changes."""
    lines = io.StringIO(text).readlines()
    for token in reversed([*tokenize.generate_tokens(io.StringIO(text).readline)]):
        if token.type == tokenize.NAME and token.string in table:
            (row, start), (_, end) = token.start, token.end
            lines[row - 1] = lines[row - 1][:start] + table[token.string] + lines[row - 1][end:]
    return "".join(lines)


def _see(node, owned, kept):
    if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
        if isinstance(node.ctx, ast.Store):
            (owned if getattr(node.value, "id", "") == "self" else kept).add(node.attr)
    elif isinstance(node, _FUNCTIONS):
        private = node.name.startswith("_") and not node.name.startswith("__")
        (kept if not private or isinstance(node, ast.ClassDef) else owned).add(node.name)
    elif isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
        value = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        kept.update(re.findall(r"\b_\w+", value))
    elif isinstance(node, ast.Assign) and getattr(getattr(node.value, "func", None), "id", "") == "const":
        kept.update(name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name))


def _families(sources):
    """Return {module: set of the modules whose classes inherit from its own or the other way round, itself included}."""
    classes, bases = defaultdict(set), {}
    for module, text in sources.items():
        found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)]
        for node in found:
            classes[node.name].add(module)
        bases[module] = {re.findall(r"\w+", ast.unparse(base))[-1] for node in found for base in node.bases}
    families = {module: {module} for module in sources}
    for module, names in bases.items():
        for other in {other for name in names for other in classes[name]}:
            joined = families[module] | families[other]
            for member in joined:
                families[member] = joined
    return families
