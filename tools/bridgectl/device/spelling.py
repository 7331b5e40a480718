"""Spells our own names with words that the image of MicroPython holds in its ROM, for the board that has no room for them.

On a chip every name that the image does not know takes its length and about eight bytes as long as the board runs, and the
table of names doubles at certain counts. With WLAN and MQTT that is 20 kB of the 180 that the Pico W has under its official
image, so there, and nowhere else, the builder gives them other spellings: `self._due_s` becomes `self.GP7` before
it is compiled. Sources do not know of it.

Safe because
    respelled are words that our sources define, everywhere alike; words that no module has both of may share a spelling, if
              neither is stored in another's object and no class inherits in between
    never     what the image knows, so nothing in it can look for a word of ours; whole texts of our sources, for a .mpy
              file holds them with the names; all that may be the name of a setting, since settings are looked up by
              name (a module that looks up anything else by a name that it makes is refused); parts of modules' names;
              exceptions, which a log shows; what files outside the slot use
    so        are words of rom_names.txt that are no builtin, no member of a type, nothing that the image looks for in our
              objects, and used or mentioned by none of our sources

`python -m bridgectl.device.spelling BOARD < LOG` gives the tracebacks of a log their own names back.
"""

import ast
import io
import json
import re
import sys
import tokenize
from collections import defaultdict
from pathlib import Path

from bridgectl import firmware

BOARDS = ("rp2040",)  # our names take 20 kB there; the other boards have room for them
_ROM = Path(__file__).with_name("rom_names.txt")
_LOOKUPS = ("getattr", "setattr", "hasattr", "delattr")
_LOOKED_UP_IN = ("settings", "self._settings", "current")  # what may be asked by a name that is made
_TABLE = "bridge/settings_table"  # where those names stand
_LOOKS = ("parts", "bridge/settings", "bridge/devices/models")  # modules by their names, and the settings themselves
_LOOKED_FOR = {"Part"}  # by groups.py and joined.py
_WORD = re.compile(r"[A-Za-z_]\w*")
_FORMAT = re.compile(r"%[-+ #0-9.*]*[a-zA-Z]")
_SIGNS = re.compile(r"[^A-Za-z0-9_ ]+")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_PLACE = re.compile(r'File "([\w.]+)"')
_FUNCTION = re.compile(r"\bin ([A-Za-z_]\w*)")
_IN = re.compile(r"(\bin |')([A-Za-z]\w*)")


def rom():
    """Return (every word of the image, list of those that may stand for one of ours)."""
    text = [line for line in _ROM.read_text().splitlines() if not line.startswith("#")]
    marked = " ".join(text).split()
    return {word.lstrip("=") for word in marked}, [word[1:] for word in marked if word.startswith("=")]


def mentioned(text):
    """Return the words that a text may mean as names: those that stand alone between its signs, as in a table's cells.

    Words of a sentence are none; nothing makes a name of a part of a sentence, save `split`, which is looked for.
    """
    pieces = map(str.strip, _SIGNS.split(_FORMAT.sub("%", text)))
    return {piece for piece in pieces if _WORD.fullmatch(piece)}


class _Words:
    """What one source says about words: `used` as names, `defined`, `kept` as they are, `lent` to others' objects,
    mentioned in `texts`; `bases` of its classes; `made_in`: objects that it asks by names that it makes."""

    def __init__(self, text):
        self.used, self.defined, self.kept, self.lent, self.bases, self.texts, self.made_in = (set() for _ in range(7))
        tree = ast.parse(text)
        alone = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
        comments = {value for value in alone if isinstance(value, ast.Constant)}
        for node in ast.walk(tree):
            if node not in comments:
                self._see(node)
        self.used |= self.defined

    def _see(self, node):
        if isinstance(node, ast.Name):
            self.used.add(node.id)
            if isinstance(node.ctx, ast.Store):
                self.defined.add(node.id)
        elif isinstance(node, ast.Attribute):
            self.used.add(node.attr)
            if isinstance(node.ctx, ast.Store):
                self.defined.add(node.attr)
                if getattr(node.value, "id", "") != "self":
                    self.lent.add(node.attr)
        elif isinstance(node, (ast.arg, ast.keyword)) and node.arg:
            (self.defined if isinstance(node, ast.arg) else self.used).add(node.arg)
        elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            self.defined.add(node.name)
            if isinstance(node, ast.ClassDef) and node.bases:
                self.kept.add(node.name)
                self.bases |= {word for base in node.bases for word in _WORD.findall(ast.unparse(base))}
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                self.used |= {*_WORD.findall(alias.name), alias.asname or ""}
                self.kept |= set(_WORD.findall(alias.name)) if isinstance(node, ast.Import) else set()
            self.kept |= set(_WORD.findall(getattr(node, "module", None) or ""))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in _LOOKUPS:
            if not isinstance(node.args[1], ast.Constant):
                self.made_in.add(ast.unparse(node.args[0]))
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "split":
            self.kept |= set(_WORD.findall(ast.unparse(node.func)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            value = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            self.texts |= mentioned(value)
            self.kept |= {value} if _WORD.fullmatch(value) else set()
        elif isinstance(node, ast.Assign) and getattr(getattr(node.value, "func", None), "id", "") == "const":
            names = {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
            self.kept |= {name for name in names if name.startswith("_")}  # it takes no memory at all


def plan(sources, spared=()):
    """Return {module: {word: its spelling}}. sources: {module such as bridge/app: text}; spared: texts that stay.

    Raises ValueError for a module that asks something other than the settings by a name that it makes.
    """
    known, free = rom()
    seen = {module: _Words(text) for module, text in sources.items()}
    for module, words in seen.items():
        if module not in _LOOKS and not words.made_in <= set(_LOOKED_UP_IN):
            raise ValueError(
                f"{module} makes names of {', '.join(sorted(words.made_in))}; spelling.py knows only settings"
            )
    outside = [_Words(text) for text in spared]
    parts = {part for module in sources for part in module.split("/")}
    kept = known | parts | _LOOKED_FOR | set().union(*(words.kept for words in seen.values()))
    kept |= set().union(*(words.used | words.kept for words in outside))
    defined = set().union(*(words.defined for words in seen.values()))
    kept |= seen[_TABLE].texts if _TABLE in seen else set()
    ours = {word for word in defined - kept if not word.startswith("__")}
    taken = parts | set().union(*(words.used | words.kept for words in (*seen.values(), *outside)))
    related = _related(seen)
    places = {word: {module for module, words in seen.items() if word in words.used} for word in ours}
    areas = {word: set().union(*(related[module] for module in places[word])) for word in ours}
    for words in seen.values():
        areas.update({word: set(sources) for word in words.lent & ours})
    return _spread(areas, places, sorted(set(free) - taken, key=lambda word: (len(word), word)))


def _related(seen):
    """Return {module: the modules whose classes inherit from its own or the other way round, itself included}."""
    families = {module: {module} for module in seen}
    for module, words in seen.items():
        for other in [other for other in seen if seen[other].defined & words.bases]:
            joined = families[module] | families[other]
            for member in joined:
                families[member] = joined
    return families


def _spread(areas, places, free):
    """Return plan()'s table. areas: {word: modules in which nothing else may have its spelling}; places: where it is."""
    made, taken = {module: {} for module in set().union(*areas.values())}, defaultdict(set)
    for word in sorted(areas, key=lambda word: (-len(areas[word]), word)):
        new = next((new for new in free if not taken[new] & areas[word]), None)
        if new:  # should the words of the image not suffice, the last ones keep their names
            taken[new] |= areas[word]
            for module in places[word]:
                made[module][word] = new
    return made


def respelled(text, table):
    """Return a source with the words of table spelled anew; nothing else changes."""
    lines = io.StringIO(text).readlines()
    for token in reversed([*tokenize.generate_tokens(io.StringIO(text).readline)]):
        if token.type == tokenize.NAME and token.string in table:
            (row, start), (_, end) = token.start, token.end
            lines[row - 1] = lines[row - 1][:start] + table[token.string] + lines[row - 1][end:]
    return "".join(lines)


class Translator:
    """Gives the lines of a board's log their own words back, as its last build on this PC spelled them.

    Where a spelling stands for several words of a file, or a function may be that of several modules, all are named.
    """

    def __init__(self, board):
        path = place(board)
        self._files = json.loads(path.read_text()) if path.exists() else {}
        self._file = {"modules": {}, "words": {}}
        self.known = path.exists()

    def __call__(self, line):
        found = _PLACE.search(line)
        if not found:
            return _IN.sub(lambda found: found[1] + " or ".join(self._file["words"].get(found[2], [found[2]])), line)
        self._file = self._files.get(found[1].replace(".", "/"), {"modules": {}, "words": {}})
        modules, function = self._file["modules"], _FUNCTION.search(line, found.end())
        named = [name for name in modules if function and function[1] in modules[name]]
        if named:
            own = " or ".join(dict.fromkeys(modules[name][function[1]] for name in named))
            line = line[: function.start(1)] + own + line[function.end(1) :]
        where = " or ".join(name.replace("/", ".") for name in named or modules) or found[1]
        return line[: found.start(1)] + where + line[found.end(1) :]


def place(board):
    """Return the path of what the builder leaves for a reader of tracebacks, see joined.Slot.told."""
    return firmware.BUILD / f"{board}.names.json"


def main():
    """Translate standard input."""
    own_words = Translator(sys.argv[1] if len(sys.argv) > 1 else "rp2040")
    for line in sys.stdin:
        sys.stdout.write(own_words(line))


if __name__ == "__main__":
    main()
