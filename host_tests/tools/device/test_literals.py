"""The Pico W's longer texts in one: each is said as it was, and lies there once."""

import ast

from bridgectl.device import build, literals
from small_program import run

_PROGRAM = """
TOP = "stays at the top of its module"
def asked(why="what stands in a definition runs once", *, more="and so does what is named"):
    'a comment of a function is none of its texts'
    return why, more
def nested(name):
    class Told:
        word = "within a class within a function"
        def text(self):
            return "%s is not connected" % name
    return Told.word, Told().text(), "is not connected"
def main():
    print(asked(), nested("plant"), TOP, asked("is not connected"))
    print(("first of two constants", "second of two constants"), "short", "größer als Ascii")
    print({"no memory for more": "no memory for more"}["no memory for more"], "for more of the same")
    try:
        raise ValueError("unit %d does not answer" % 7)
    except ValueError as e:
        print(e, "unit %d does not " "answer" in ("unit %d does not answer",))
"""


def _made(text):
    return ast.unparse(ast.fix_missing_locations(ast.Module(literals.gather(ast.parse(text).body, "T"), []))) + "\n"


def test_a_program_says_what_it_said_under_the_interpreter(tmp_path):
    plain, made = (run(tmp_path / name, {"app": text}) for name, text in (("a", _PROGRAM), ("b", _made(_PROGRAM))))
    assert made == plain
    assert plain[1:] == [
        "('first of two constants', 'second of two constants') short größer als Ascii",
        "no memory for more for more of the same",
        "unit 7 does not answer True",
    ]


def test_a_text_lies_once_and_within_another_one_where_it_may():
    made = _made(_PROGRAM)
    for text in ("no memory for more", "is not connected", "within a class within a function"):
        assert made.count(text) == 1
    assert "it is not here and there" in _made("def f():\n    return 'it is not here', 'not here and there', f\n")
    assert made.count("what stands in a definition runs once") == 1 and "why='what stands" in made
    assert "TOP = 'stays at the top of its module'" in made


def test_a_single_text_and_short_ones_stay():
    text = "def f():\n    return 'a text of its own', 'short'\n\ndef g(x):\n    return 'ten letter'\n"
    assert _made(text) == ast.unparse(ast.parse(text)) + "\n"


def test_no_file_of_the_pico_w_holds_a_second_longer_text_in_its_functions():
    for at, text in build.joined_slot("rp2040").files.items():
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        bodies = [n.body for n in ast.walk(ast.parse(text)) if isinstance(n, functions)]
        nodes = [node for body in bodies for part in body for node in ast.walk(part)]
        once = {id(part) for n in nodes if isinstance(n, ast.Tuple) for part in n.elts}  # made by the compiler
        once |= {id(n.value) for n in nodes if isinstance(n, ast.Expr)}  # comments
        texts = {id(n): n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        longer = [text for n, text in texts.items() if len(text) > 10 and text.isascii() and n not in once]
        assert len(longer) < 2, (at, longer)
