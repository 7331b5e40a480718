"""What a source may not say, since joined.py cannot keep its meaning in a file with others: the slot is not built.

Python looks up much when it runs; what is joined is looked up when it is built. Where the two may differ in silence, the
source is to say it in another way.
"""

import ast

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_IMPORTS = (ast.Import, ast.ImportFrom)
_OF_ITS_FILE = ("globals", "locals", "vars", "dir", "eval", "exec", "__name__", "__file__", "__getattr__")


def check(module, modules, together):
    """Raise ValueError for the first thing in a source that would be joined wrongly.

    module: sources.Module; modules: {name: Module} of all; together: it shares its file with others.
    """
    for find in (_imports, _names, _bodies, _late, _taken, _texts, *((_file,) if together else ())):
        for why in find(module, modules):
            raise ValueError(f"{module.name}: {why}")


def whole(place, needs):
    """Raise ValueError if files import each other. place: {module: its file}; needs: {module: those that come with it}."""
    files = {at: set() for at in place.values()}
    for name, others in needs.items():
        files[place[name]] |= {place[other] for other in others} - {place[name]}
    done = set()

    def follow(at, path):
        if at in path:
            members = sorted(name for name in place if place[name] in path[path.index(at) :])
            raise ValueError(f"files import each other: {', '.join(members)}")
        if at not in done:
            for other in sorted(files[at]):
                follow(other, [*path, at])
            done.add(at)

    for at in sorted(files):
        follow(at, [])


def _imports(module, modules):
    """An import that is none of a whole name, once, at the top or within a function."""
    within = {id(n) for f in ast.walk(module.tree) if isinstance(f, _FUNCTIONS) for n in ast.walk(f)}
    for node in ast.walk(module.tree):
        if not isinstance(node, _IMPORTS):
            continue
        if node not in module.tree.body and id(node) not in within:
            yield f"{ast.unparse(node)} stands under a condition"
        for alias in node.names:
            below = f"{getattr(node, 'module', None) or ''}.{alias.name}".strip(".").replace(".", "/")
            if below not in modules and any(name.startswith(below + "/") for name in modules):
                yield f"{ast.unparse(node)} binds a package"
    once = set()
    for node in module.tree.body:
        for alias in node.names if isinstance(node, _IMPORTS) else ():
            bound = alias.asname or alias.name
            if bound in once or bound in module.bound:
                yield f"{bound} is imported and bound once more"
            once.add(bound)


def _names(module, _):
    """A name that is a function's and the module's at once."""
    for node in ast.walk(module.tree):
        if isinstance(node, _COMPREHENSIONS):
            for inner in ast.walk(node):
                if isinstance(inner, ast.NamedExpr):
                    yield f"{ast.unparse(inner)} binds a name around its comprehension"
        if isinstance(node, _FUNCTIONS[:2]):
            shared = {name for n in ast.walk(node) if isinstance(n, ast.Global) for name in n.names}
            for inner in ast.walk(node):
                for name in sorted(shared & _imported(inner)):
                    yield f"{name} is global and imported within a function"


def _imported(node):
    return {alias.asname or alias.name for alias in node.names} if isinstance(node, _IMPORTS) else set()


def _bodies(module, _):
    """A class whose body means by one name first the module's and then its own."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            apart = (*_FUNCTIONS, ast.ClassDef, *_COMPREHENSIONS)
            direct = _within([part for part in node.body if not isinstance(part, apart)], apart)
            stored = {n.id for n in direct if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            for n in direct:
                if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.id in stored & module.top:
                    yield f"{n.id} is the module's and the class {node.name}'s"


def _within(nodes, apart):
    """Return these nodes and what is below them, without what has a scope of its own."""
    found, todo = [], [*nodes]
    while todo:
        node = todo.pop()
        found.append(node)
        todo += [n for n in ast.iter_child_nodes(node) if not isinstance(n, apart)]
    return found


def _late(module, modules):
    """A module that comes within a function, under a name that means something else too, or asked for what it has not."""
    imports = [n for n in ast.walk(module.tree) if isinstance(n, _IMPORTS) and n not in module.tree.body]
    for node in imports:
        for alias in node.names:
            source = (getattr(node, "module", None) or "").replace(".", "/")
            if source in modules and f"{source}/{alias.name}" not in modules and alias.name not in modules[source].own:
                yield f"{ast.unparse(node)}: {source} has no {alias.name} of its own"
    for name, other in module.late.items():
        meant = {n for n in imports if name in _imported(n)}
        bound = {
            n
            for n in ast.walk(module.tree)
            if (isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Load))
            or (isinstance(n, ast.arg) and n.arg == name)
        }
        if bound or name in module.top or len({ast.unparse(n) for n in meant}) > 1:
            yield f"{name} is a module within a function and something else elsewhere"
        yield from _asked(module.tree, name, modules[other])
    for node in ast.walk(module.tree):
        if isinstance(node, ast.With):
            for item in node.items:
                call, name = item.context_expr, getattr(item.optional_vars, "id", "")
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Part":
                    other = modules.get(str(getattr(call.args[0], "value", "")).replace(".", "/"))
                    yield from _asked(node, name, other) if other else ()


def _asked(tree, name, other):
    """What a module that a function calls by a name is asked for and has not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == name and not _has(other, node.attr):
            yield f"{ast.unparse(node)}: {other.name} has no {node.attr} of its own"


def _taken(module, modules):
    """What is taken from a module that has it not, has it from elsewhere as a module, or changes it."""
    for name, (source, word) in module.things.items():
        while word in modules[source].things:
            source, word = modules[source].things[word]
        if word in modules[source].changing:
            yield f"{name} is taken from {source}, which changes it"
        if word in modules[source].modules:
            yield f"{name} is a module, taken from {source}; import it from its package"
        elif not _has(modules[source], word) and word not in modules[source].foreign:
            yield f"{name}: {source} has no {word}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            other = modules.get(module.modules.get(node.value.id)) if node.value in module.asked else None
            if other and not isinstance(node.ctx, ast.Load):
                yield f"{ast.unparse(node)} is written from outside"
            if other and not (_has(other, node.attr) or node.attr in other.foreign or node.attr in other.things):
                yield f"{ast.unparse(node)}: {other.name} has no {node.attr} of its own"


def _has(module, word):
    return word in module.own or (word.startswith("__") and word.endswith("__"))


def _texts(module, modules):
    """A text that names a module where joined.py does not look for one."""
    seen = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Tuple):
            seen |= set(node.elts)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Part":
            seen |= {*node.args, *(keyword.value for keyword in node.keywords)}
            for text in [_dotted(part) for part in (*node.args[1:], *(keyword.value for keyword in node.keywords))]:
                below = text.endswith(".") and any(name.startswith(text.replace(".", "/")) for name in modules)
                if text and not below and text.replace(".", "/") not in modules:
                    yield f"{text!r} names no module and no package: what the Part brings would stay"
    for node in ast.walk(module.tree):
        if node not in seen and _dotted(node).replace(".", "/") in modules:
            yield f"{node.value!r} names a module neither in a tuple nor as a Part"


def _dotted(node):
    """Return a text with a dot in it, "" for anything else."""
    value = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    return value if "." in value else ""


def _file(module, _):
    """What asks for all names of a file."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and node.id in _OF_ITS_FILE:
            yield f"{node.id} is one of the whole file"
        if isinstance(node, _FUNCTIONS[:2]) and node in module.tree.body and node.name in _OF_ITS_FILE:
            yield f"{node.name} is one of the whole file"
