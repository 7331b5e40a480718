"""Which names of a source are looked up in its module, and which are a function's own."""

import ast

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Spots:
    """`of_module`: [(node, field)] where `field` of a node is a name of the module; `local`: names of functions' own."""

    def __init__(self, tree):
        self.of_module, self.local = [], set()
        self._inside([], ast.iter_child_nodes(tree))

    def _inside(self, scopes, nodes):
        for node in nodes:
            self._see(scopes, node)

    def _see(self, scopes, node):
        """scopes: outermost first; each a set of names, or None for the body of a class."""
        if isinstance(node, ast.Name):
            self._name(scopes, node, "id")
        elif isinstance(node, ast.ExceptHandler):
            if node.name:
                self._name(scopes, node, "name")
            self._inside(scopes, ast.iter_child_nodes(node))
        elif isinstance(node, _FUNCTIONS):
            self._function(scopes, node)
        elif isinstance(node, ast.ClassDef):
            self._name(scopes, node, "name")
            self._inside(scopes, [*node.decorator_list, *node.bases, *node.keywords])
            self._inside([*scopes, _Body(_bound(node.body))], node.body)
        elif isinstance(node, _COMPREHENSIONS):
            targets = {name.id for part in node.generators for name in ast.walk(part.target) if _is_name(name)}
            self.local |= targets
            first = node.generators[0].iter  # is looked up outside
            self._see(scopes, first)
            inner = [scope for scope in scopes if not isinstance(scope, _Body)] + [targets]
            for part in ast.iter_child_nodes(node):
                if part is node.generators[0]:
                    self._inside(inner, [part.target, *part.ifs])
                else:
                    self._see(inner, part)
        elif isinstance(node, ast.Global):
            self.of_module.append((node, "names"))
        else:
            self._inside(scopes, ast.iter_child_nodes(node))

    def _function(self, scopes, node):
        arguments = node.args
        outside = [*arguments.defaults, *filter(None, arguments.kw_defaults)]
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        own = {argument.arg for argument in named if argument}
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        if not isinstance(node, ast.Lambda):
            self._name(scopes, node, "name")
            outside += node.decorator_list
        own |= _bound(body)
        self.local |= own
        self._inside(scopes, outside)
        shared = {
            name for part in body for node in ast.walk(part) if isinstance(node, ast.Global) for name in node.names
        }
        around = [scope - shared for scope in scopes if not isinstance(scope, _Body)]  # `global` looks past them
        self._inside([*around, own], body)

    def _name(self, scopes, node, field):
        if not any(getattr(node, field) in scope for scope in scopes):
            self.of_module.append((node, field))


class _Body(set):
    """Names of a class's body: its methods do not see them."""


def _is_name(node):
    return isinstance(node, ast.Name)


def _bound(body):
    """Return the names that these statements bind, without those of functions and classes in them, and of `global`."""
    found, shared, todo = set(), set(), list(body)
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
            continue
        if isinstance(node, (ast.Lambda, *_COMPREHENSIONS)):
            continue
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Global):
            shared |= set(node.names)
        todo += ast.iter_child_nodes(node)
    return found - shared


def bound(body):
    """Return the names of a module that these statements of its top bind, in functions by `global`."""
    every = [node for part in body for node in ast.walk(part)]
    return _bound(body) | {name for node in every if isinstance(node, ast.Global) for name in node.names}
