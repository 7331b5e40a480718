"""Puts the longer texts that the functions of a file say into a single one, of which they are cut where they are said.

On a chip each text of more than ten characters is an object of its own, once for every place that says it: 16 bytes, and
what rounding its characters up takes, a third of what all of them need. Cut out it costs ten bytes of bytecode and, while
it is in use, the piece. Only for the board that has no room for them, as joined.py. Texts of a module's top stay, for
they are there as long as the module is.
"""

import ast

_SHORTEST = 11  # the compiler makes names of shorter ones; these are shared anyway
_FEWEST = 2  # of one there is nothing to share


def gather(body, name):
    """Return the statements of a file with the texts of its functions in one, which it calls `name`.

    body: list of statements, which change; name: one that the file does not use."""
    found = _Found()
    for statement in body:
        found.visit(statement)
    if len(found.nodes) < _FEWEST:
        return body
    whole = _whole({node.value for node in found.nodes})
    cut = _Cut(whole, name, {id(node) for node in found.nodes})
    made = [cut.visit(statement) for statement in body]
    return [ast.Assign([ast.Name(name, ast.Store())], ast.Constant(whole)), *made]


def _whole(texts):
    """Return a text that holds all of these; what stands within another one, or begins as it ends, is not repeated."""
    left = []
    for text in sorted(texts, key=lambda text: (-len(text), text)):
        if not any(text in other for other in left):
            left.append(text)
    whole = left.pop()
    while left:  # the one next that begins most as the text ends
        best = max(sorted(left), key=lambda text: _shared(whole, text))
        left.remove(best)
        whole += best[_shared(whole, best) :]
    return whole


def _shared(whole, text):
    """Return how many characters the end of the one and the beginning of the other have in common."""
    return max(n for n in range(len(text)) if whole.endswith(text[:n]))


class _Found(ast.NodeVisitor):
    """The constants to be cut: within a function, when it runs; ASCII, for in such a text a place is found at once."""

    def __init__(self):
        self.nodes, self._deep = [], 0

    def visit_Constant(self, node):
        text = node.value
        if self._deep and isinstance(text, str) and len(text) >= _SHORTEST and text.isascii():
            self.nodes.append(node)

    def visit_Tuple(self, node):
        if not all(isinstance(part, ast.Constant) for part in node.elts):  # else it is made once, by the compiler
            self.generic_visit(node)

    def visit_JoinedStr(self, node):
        pass  # its texts are no constants of their own

    def visit_Expr(self, node):
        if not isinstance(node.value, ast.Constant):  # else it is a comment
            self.generic_visit(node)

    def _definition(self, node):
        for part in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            if part:
                self.visit(part)  # runs where the function is made
        self._deep += 1
        for part in node.body:
            self.visit(part)
        self._deep -= 1

    visit_FunctionDef = visit_AsyncFunctionDef = _definition


class _Cut(ast.NodeTransformer):
    def __init__(self, whole, name, chosen):
        self._whole, self._name, self._chosen = whole, name, chosen

    def visit_Constant(self, node):
        if id(node) not in self._chosen:
            return node
        at = self._whole.index(node.value)
        piece = ast.Slice(ast.Constant(at), ast.Constant(at + len(node.value)))
        return ast.Subscript(ast.Name(self._name, ast.Load()), piece, ast.Load())
