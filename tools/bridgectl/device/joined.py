"""Writes modules that come together (groups.py) into one file at the root of a slot, under a word that the image of
MicroPython holds in its ROM.

On a chip a module of a package takes three names that stay for ever, a dict, the tables of what it uses, and an entry for
all that it imports; a file of thirty modules takes them once. Only for the board that has no room for them, as spelling.py,
which comes before it. `rtu.frame(...)` becomes `frame(...)`, with a word of the image for it where another module has a
frame too. Sources do not know of it; modules that files outside the slot import, or that are imported by a name that is
made, stay where they are.
"""

import ast
import itertools
from collections import defaultdict

from bridgectl.device import literals, opening, refused
from bridgectl.device.sources import Module

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def places(planned, stay, words):
    """Return {module such as bridge/app: where it lies in the slot}. planned: groups.plan(); words: of the image's ROM."""
    root = [head for head, _ in planned if head and "/" not in head]
    free = []
    for word in sorted(words, key=lambda word: (len(word), word)):
        # Frozen modules have small letters. No word begins as another one does, for a Part compares beginnings.
        if word[0].isupper() and not any(word.startswith(w) or w.startswith(word) for w in [*root, *free]):
            free.append(word)
    found = {}
    for head, group in planned:
        keeps = head and ("/" not in head or head in stay)
        if not keeps and not free:
            raise ValueError(f"the image has no word left for the file of {', '.join(group)}")
        found.update(dict.fromkeys(group, head if keeps else free.pop(0)))
    return found


class Slot:
    """All modules of a slot, joined: `files` {place: text}, `groups` {place: its modules}."""

    def __init__(self, texts, planned, place, words):
        """texts: {module: text}; planned: groups.plan(); place: places(); words: of the image's ROM.

        Raises ValueError for a source that would not mean the same, see refused.py."""
        self.place, self._words = place, sorted(words, key=lambda word: (len(word), word))
        self.modules = {name: Module(name, text, texts) for name, text in texts.items()}
        self.groups = {place[group[0]]: group for _, group in planned}
        for name, module in self.modules.items():
            refused.check(module, self.modules, len(self.groups[place[name]]) > 1)
        refused.whole(place, {name: module.needs for name, module in self.modules.items()})
        self._new = {}
        heads = {head for head, _ in planned}
        for group in self.groups.values():
            self._choose(sorted(group, key=lambda name: name not in heads), heads)
        self.files = {at: _File(self, at).text(group) for at, group in self.groups.items()}

    def turned(self, text):
        """Return a source that does not lie in the slot with the names of what does."""
        self.modules[""] = Module("", text, self.modules)
        return _File(self, "").text([""])

    def told(self, tables):
        """Return what a reader of tracebacks needs: {place: {"modules": {module in it: {function in the file: its own
        name}}, "words": {name in the file: the words that it may stand for}}}. tables: {module: {word: its spelling}}."""
        found = {}
        for at, group in self.groups.items():
            modules, words = {}, defaultdict(set)
            for name in group:
                own = {spelling: word for word, spelling in tables.get(name, {}).items()}
                own |= {new: own.get(word, word) for (of, word), new in self._new.items() if of == name}
                for new, word in own.items():
                    words[new].add(word)
                functions = [node.name for node in ast.walk(self.modules[name].tree) if isinstance(node, _FUNCTIONS)]
                modules[name] = {function: own.get(function, function) for function in functions}
            found[at] = {
                "modules": modules,
                "words": {new: sorted(olds) for new, olds in words.items() if olds != {new}},
            }
        return found

    def unused(self, taken):
        """Return a word of the image that is not among these; one of its own should they not suffice."""
        every = itertools.chain(self._words, map("n{}".format, itertools.count()))
        return next(word for word in every if word not in taken)

    def new(self, name, word):
        """Return the name in its file of what a module calls `word`."""
        return self._new.get((name, word), word)

    def meant(self, name, word):
        """Return (module, its own name) of what a module calls `word`, (module, None) for one of ours, else None."""
        name, word = self._source(name, word)
        module = self.modules[name]
        return (name, word) if word in module.own else (module.modules[word], None) if word in module.modules else None

    def foreign(self, name, word):
        """Return (module that is not ours, name in it or None) of what a module calls `word`, else None."""
        name, word = self._source(name, word)
        return self.modules[name].foreign.get(word)

    def _source(self, name, word):
        """Return (module, name in it) of the module of ours that says what a name is."""
        while word not in self.modules[name].own and word in self.modules[name].things:
            name, word = self.modules[name].things[word]
        return name, word

    def _choose(self, group, heads):
        """Choose the names in a file. A head's stay, for others ask it for them."""
        if len(group) == 1:
            return
        modules = [self.modules[name] for name in group]
        taken = set().union(*(module.unbound | set(module.foreign) for module in modules))
        every = set().union(*(module.words for module in modules)) | taken
        for module in modules:
            others = set().union(*(other.words for other in modules if other is not module))
            for word in sorted(module.own):
                new = word
                if module.name in heads and word in set().union(*(m.unbound for m in modules if m is not module)):
                    raise ValueError(f"{module.name}: {word} stays and hides what another module means by it")
                if word in module.constants and word.startswith("_"):
                    new = f"_{len(taken)}{word}"  # takes no memory, whatever its length
                elif word in taken | others and module.name not in heads:
                    new = self.unused(every)
                taken.add(new)
                every.add(new)
                self._new[module.name, word] = new


class _File:
    """One file while it is written."""

    def __init__(self, slot, place):
        self._slot, self._place, self._imports = slot, place, {}
        modules = [slot.modules[name] for name in slot.groups.get(place, ("",))]
        own = {slot.new(module.name, word) for module in modules for word in module.own}
        self._barred = own.union(*(module.local for module in modules)) if len(modules) > 1 else own
        self._taken = own.union(*(module.words for module in modules))

    def text(self, group):
        """Return the text of a file with these modules, in their order."""
        body = []
        for name in group:
            module = self._slot.modules[name]
            tree = _Renamed(self, self._slot, module).visit(module.tree)
            body += [node for node in tree.body if not isinstance(node, (ast.Import, ast.ImportFrom))]
        body = literals.gather(body, self._slot.unused(self._taken | set(self._imports.values())))
        rest = ast.unparse(ast.fix_missing_locations(ast.Module(body, []))) + "\n"
        return opening.imports(self._imports) + (opening.commonest(rest) if len(group) > 1 else "") + rest

    def named(self, name, word):
        """Return the expression for what a module calls `word`: a name, or (name of a file, name in it)."""
        meant = self._slot.meant(name, word)
        if not meant:
            what = self._slot.foreign(name, word)
            return self._imported(what, word) if what else word
        if not meant[1]:
            return self._imported((self._place_of(meant[0]), None), word)
        return self.of(meant, word)

    def of(self, meant, word, live=False):
        """Return the expression for (module, its own name). live: as an attribute of its module, which may change."""
        new, place = self._slot.new(*meant), self._place_of(meant[0])
        if place == self._place:
            return new
        return (self._imported((place, None)), new) if live else self._imported((place, new), word)

    def _place_of(self, name):
        return self._slot.place.get(name, name)

    def _imported(self, what, word=None):
        """Return the name of an import in this file; what: (module or place, name in it or None)."""
        if what not in self._imports:
            others = set(self._imports.values())
            ours = what[0] in self._slot.groups and not what[1]  # the name of a file says nothing
            barred = ours or not word or word in self._barred | others
            self._imports[what] = self._slot.unused(self._taken | others) if barred else word
        return self._imports[what]


class _Renamed(ast.NodeTransformer):
    """Gives the tree of a module the names that hold in its file."""

    def __init__(self, file, slot, module):
        self._file, self._slot, self._module = file, slot, module
        self._looked_up = {id(node) for node, _ in module.spots}
        self._deep = 0

    def _new(self, node, word):
        return self._file.named(self._module.name, word) if id(node) in self._looked_up else word

    def visit_Name(self, node):
        node.id = self._new(node, node.id)
        return node

    def visit_Attribute(self, node):
        base = node.value
        if isinstance(base, ast.Name) and id(base) in self._looked_up and base.id in self._module.modules:
            other = self._module.modules[base.id]
            meant = self._slot.meant(other, node.attr)
            if self._slot.foreign(other, node.attr):  # what it imports itself
                return ast.copy_location(ast.Name(self._file.named(other, node.attr), node.ctx), node)
            if meant and meant[1]:
                made = self._file.of(meant, base.id, live=True)
                if isinstance(made, str):
                    return ast.copy_location(ast.Name(made, node.ctx), node)
                node.value, node.attr = ast.Name(made[0], ast.Load()), made[1]
                return node
        elif isinstance(base, ast.Name) and base.id in self._module.late:
            meant = self._slot.meant(self._module.late[base.id], node.attr)
            node.attr = self._slot.new(*meant) if meant and meant[1] else node.attr
        return self.generic_visit(node)

    def _definition(self, node):
        node.name = self._new(node, node.name)
        self._deep += not isinstance(node, ast.ClassDef)
        self.generic_visit(node)
        self._deep -= not isinstance(node, ast.ClassDef)
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _definition

    def visit_ExceptHandler(self, node):
        node.name = self._new(node, node.name) if node.name else None
        return self.generic_visit(node)

    def visit_Global(self, node):
        node.names = [self._file.named(self._module.name, word) for word in node.names]
        return node

    def visit_Import(self, node):
        if self._deep:
            for alias in node.names:
                name = alias.name.replace(".", "/")
                if name in self._slot.place:
                    alias.name, alias.asname = self._slot.place[name].replace("/", "."), alias.asname or alias.name
        return node

    def visit_ImportFrom(self, node):
        if not self._deep:
            return node
        made = []
        for alias in node.names:
            module, bound = node.module.replace(".", "/"), alias.asname or alias.name
            below = self._slot.place.get(f"{module}/{alias.name}")
            if below:
                made.append(ast.Import([ast.alias(below.replace("/", "."), bound)]))
            elif module in self._slot.place:
                place = self._slot.place[module].replace("/", ".")
                made.append(ast.ImportFrom(place, [ast.alias(self._slot.new(module, alias.name), bound)], 0))
            else:
                made.append(ast.ImportFrom(node.module, [alias], 0))
        return made

    def visit_Tuple(self, node):
        whole = any("." in text and text.replace(".", "/") in self._slot.place for text in map(_text, node.elts))
        node.elts = [made for part in node.elts for made in self._texts(part, whole)]
        return self.generic_visit(node)

    def visit_Call(self, node):
        if getattr(node.func, "id", "") == "Part":
            node.args = [self._argument(part) for part in node.args]
            for keyword in node.keywords:
                keyword.value = self._argument(keyword.value)
        return self.generic_visit(node)

    def _argument(self, node):
        texts = self._texts(node)
        return texts[0] if len(texts) == 1 else ast.Tuple(texts, ast.Load())

    def _texts(self, node, whole=True):
        """Return what stands for a text that names a module, or all below a package: "modbus.wire."

        whole: a word alone may name a module too, as in a tuple of modules; elsewhere it is a word."""
        value = _text(node)
        slashed = value.replace(".", "/")
        if (whole or "." in value) and slashed in self._slot.place:
            return [ast.Constant(self._slot.place[slashed].replace("/", "."))]
        below = {
            at.replace("/", ".")
            for at, group in self._slot.groups.items()
            if all(name.startswith(slashed) for name in group)
        }
        return [ast.Constant(at) for at in sorted(below)] if value.endswith(".") and below else [node]


def _text(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
