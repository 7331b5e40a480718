"""Gives words that only our own code sees another spelling, at build time: one that the image holds in its ROM.

On a chip every name that the image does not know takes its length and about eight bytes of memory as long as the board
runs. Nothing outside sees most of ours, so the builder compiles `self._due_s` as `self.GP7`, a word of the image's own
tables. The sources do not change; BRIDGE_LINES=1 builds without it.

Safe by construction:
    renamed     what our sources define for more than one function, everywhere alike; words that no module has both of may
                share a new spelling, if neither is stored in another's object and no class inherits in between
    never       what the image knows, so nothing in it can look for a word of ours; what stands in a text of our sources
                (tables, settings, `getattr`); modules; what is used with modules of the image, or in the board files of
                other ports; what the spared files use; `__names__`, `_X = const()`, exceptions and other derived classes
    new         words of rom_names.txt: no builtin, no member of a type, nothing that the image looks for in our objects,
                and neither used nor mentioned anywhere in our sources or the spared files

`python -m bridgectl.device.names BOARD < LOG` gives the tracebacks of a log their own names back (build/BOARD.names.json).
"""

import ast
import io
import json
import re
import sys
import tokenize
from collections import defaultdict
from pathlib import Path

_ROM = Path(__file__).with_name("rom_names.txt")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FORMAT = re.compile(r"%[-+ #0-9.*]*[a-zA-Z]")
_SIGNS = re.compile(r"[^A-Za-z0-9_ ]+")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_PLACE = re.compile(r'File "([\w.]+)"')
_IN = re.compile(r"(\bin |')([A-Za-z]\w*)")


def rom():
    """Return (every word of the image, list of those that may stand for one of ours)."""
    text = [line for line in _ROM.read_text().splitlines() if not line.startswith("#")]
    marked = " ".join(text).split()
    return {word.lstrip("=") for word in marked}, [word[1:] for word in marked if word.startswith("=")]


class Words:
    """What one source says about words: `defined` for more than one function, `used` at all, in `texts`, `kept` as is."""

    def __init__(self, source, modules, foreign_board=False):
        """modules: first parts of the names of our own modules. foreign_board: its chip's words are not in our list."""
        self.defined, self.used, self.texts, self.kept, self.bases, self.lent = (set() for _ in range(6))
        self._modules = modules
        self._foreign = set()  # names of modules that are not ours
        self._documentation = set()
        tree = ast.parse(source)
        for node in ast.walk(tree):
            self._see_import(node)
        for node in ast.walk(tree):
            self._see_definition(node)
            self._see_use(node, foreign_board)

    def _see_import(self, node):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            top = node.module if isinstance(node, ast.ImportFrom) else None
            for alias in node.names:
                path = f"{top}.{alias.name}" if top else alias.name
                self.used |= {*_WORD.findall(path), *([alias.asname] if alias.asname else [])}
                if path.split(".")[0] not in self._modules:
                    self._foreign.add(alias.asname or alias.name.split(".")[0])
                    self.kept |= set(_WORD.findall(path))

    def _see_definition(self, node):
        if isinstance(node, (ast.Module, ast.ClassDef, *_FUNCTIONS)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                self._documentation.add(first.value)
        if isinstance(node, (ast.Module, ast.ClassDef)):
            for part in node.body:
                self._see_stored(part)
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            self.defined.add(node.name)
        if isinstance(node, ast.ClassDef):
            self.bases |= {word for base in node.bases for word in _WORD.findall(ast.unparse(base))}
            if node.bases:
                self.kept.add(node.name)  # logs and messages show it
        if isinstance(node, ast.Global):
            self.defined |= set(node.names)

    def _see_stored(self, part):
        if isinstance(part, (*_FUNCTIONS, ast.ClassDef)):
            return
        stored = {n.id for n in ast.walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        self.defined |= stored
        value = getattr(part, "value", None)
        if isinstance(value, ast.Call) and getattr(value.func, "id", "") == "const":
            self.kept |= {word for word in stored if word.startswith("_")}  # it takes no memory at all

    def _see_use(self, node, foreign_board):
        if isinstance(node, ast.Name):
            self.used.add(node.id)
        elif isinstance(node, ast.Attribute):
            self.used.add(node.attr)
            base = getattr(node.value, "id", None)
            if isinstance(node.ctx, ast.Store):
                self.defined.add(node.attr)
                if base != "self":
                    self.lent.add(node.attr)  # it may be stored in an object of another module's class
            if base in self._foreign or (foreign_board and base != "self"):
                self.kept.add(node.attr)
        elif isinstance(node, ast.arg):
            self.used.add(node.arg)
            self.defined.add(node.arg)
        elif isinstance(node, ast.keyword) and node.arg:
            self.used.add(node.arg)
            if foreign_board:
                self.kept.add(node.arg)
        elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            self.used.add(node.name)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            self.used.add(node.name)
        elif isinstance(node, ast.Constant) and node not in self._documentation:
            if isinstance(node.value, (str, bytes)):
                value = node.value
                self.texts |= mentioned(value if isinstance(value, str) else value.decode("latin-1"))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "split":
            self.texts |= set(_WORD.findall(ast.unparse(node.func)))
        if isinstance(node, ast.JoinedStr):
            self.texts |= set(_WORD.findall(ast.unparse(node)))  # its names are a part of a text


def mentioned(text):
    """Return the words that a text may mean as names: those that stand alone between its signs, as in a table's cells.

    Words of a sentence are none; nothing makes a name of a part of a sentence, save `split`, which is looked for.
    """
    pieces = _SIGNS.split(_FORMAT.sub("%", text))
    return {piece for piece in map(str.strip, pieces) if _WORD.fullmatch(piece)}


def plan(sources, spared=(), foreign_boards=()):
    """Return {module: {word: new spelling}} for sources, a list of (module such as "bridge/app", its text).

    Several boards have a module of the same name: those are one. spared: texts of files that use our words from outside
    and are not renamed; foreign_boards: texts that belong to chips whose image is not the one of rom_names.txt.
    """
    known, free = rom()
    tops = {name.split("/")[0] for name, _ in sources}
    parts = {part for name, _ in sources for part in name.split("/")}
    seen, places = [], defaultdict(set)
    for name, text in sources:
        seen.append(Words(text, tops, text in foreign_boards))
        for word in seen[-1].used:
            places[word].add(name)
    outside = set()
    for text in spared:
        words = Words(text, tops)
        outside |= words.used | words.texts
    taboo, taken = known | outside | parts, outside | parts
    ours, bases, lent, texts = set(), set(), set(), set()
    for words in seen:
        ours |= words.defined
        bases |= words.bases
        lent |= words.lent
        texts |= words.texts
        taboo |= words.kept
        taken |= words.used
    starts = tuple(word for word in texts if word.endswith("_") and word != "_")
    ends = tuple(word for word in texts if word.startswith("_") and word != "_")  # f"{attr}_handlers": all that end so
    ours = {word for word in ours - taboo - texts if not word.startswith(("__", *starts)) and not word.endswith(ends)}
    # A class and its base may lie in two modules, so all modules with either are as one; a lent word is nobody's own.
    related = {name for (name, _), words in zip(sources, seen) if words.bases - {"Exception"} or words.defined & bases}
    areas = {word: places[word] | (related if places[word] & related else set()) for word in ours}
    areas.update({word: {name for name, _ in sources} for word in lent & ours})
    free = sorted((word for word in free if word not in taken | texts), key=lambda word: (len(word), word))
    return _spread(areas, places, free)


def _spread(areas, places, free):
    """Return plan()'s table. areas: {word: modules in which nothing else may have its spelling}; places: where it is."""
    made, taken = defaultdict(dict), defaultdict(set)
    for word in sorted(areas, key=lambda word: (-len(areas[word]), word)):
        new = next((new for new in free if not taken[new] & areas[word]), None)
        if new:  # should the words of the image not suffice, the last ones keep their names
            taken[new] |= areas[word]
            for module in places[word]:
                made[module][word] = new
    return made


def renamed(source, table):
    """Return a source with the words of table, {word: new spelling}, in their new spelling; nothing else changes.

    Word by word in the text, for `ast.unparse` writes `a, b = (c, d)`, and MicroPython makes a tuple of that.
    """
    lines = io.StringIO(source).readlines()  # as the tokens count them
    for token in reversed([*tokenize.generate_tokens(io.StringIO(source).readline)]):
        if token.type == tokenize.NAME and token.string in table:
            line, (row, column) = lines[token.start[0] - 1], token.start
            lines[row - 1] = line[:column] + table[token.string] + line[token.end[1] :]
    return "".join(lines)


def translated(line, made, module=None):
    """Return (line of a log with our own words, module named in it or else `module`). made: what plan() returned."""
    place = _PLACE.search(line)
    module = place[1].replace(".", "/") if place else module
    back = {new: word for word, new in made.get(module, {}).items()}
    return _IN.sub(lambda found: found[1] + back.get(found[2], found[2]), line), module


class Translator:
    """Gives the lines of a board's log back their own words, as its last build on this PC spelled them."""

    def __init__(self, board):
        path = Path(__file__).resolve().parents[3] / "build" / f"{board}.names.json"
        self._made = json.loads(path.read_text()) if path.exists() else {}
        self._module = None

    def __call__(self, line):
        text, self._module = translated(line, self._made, self._module)
        return text


def main():
    """Translate standard input."""
    own_words = Translator(sys.argv[1] if len(sys.argv) > 1 else "rp2040")
    for line in sys.stdin:
        sys.stdout.write(own_words(line))


if __name__ == "__main__":
    main()
