"""What one source says of its names: its own, its imports', and those that it finds elsewhere."""

import ast

from bridgectl.device.scopes import Spots, bound


class Module:
    """`own`: names that a module binds at its top; `modules`: {name: the module of ours}; `things`: {name: (module of ours,
    its name there)}; `foreign`: {name: (module, name there or None)} of all other imports; `late`: {name: the module of
    ours} of imports within functions; `constants` among its own; `unbound`: names that it finds nowhere, so among the
    builtins; `bound`: what it binds at its top by itself, `top`: by imports too, `changing`: what its functions bind anew;
    `words`: all identifiers; `spots`, `local`: see scopes.Spots; `asked`: names of the module where one is read;
    `needs`: modules of ours that come with it; `entries`: those that come later, as a part or within a function."""

    def __init__(self, name, text, names):
        """name: such as bridge/app; names: all of ours. Raises ValueError for an import that binds a package."""
        self.name, self.tree = name, ast.parse(text)
        self.modules, self.things, self.foreign, self.late, self.entries = {}, {}, {}, {}, set()
        spots = Spots(self.tree)
        self.spots, self.local = spots.of_module, spots.local
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self._import(node, names, node in self.tree.body)
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Part":
                if isinstance(node.args[0], ast.Constant):
                    self.entries |= {node.args[0].value.replace(".", "/")} & set(names)
        self.needs = {*self.modules.values(), *(module for module, _ in self.things.values())}
        self.tree.body = [node for node in self.tree.body if not _is_text(node)]
        imported = self.modules.keys() | self.things.keys() | self.foreign.keys()
        self.bound = bound([node for node in self.tree.body if not isinstance(node, (ast.Import, ast.ImportFrom))])
        self.top = self.bound | imported
        self.own = self.bound - imported
        self.changing = {name for node in ast.walk(self.tree) if isinstance(node, ast.Global) for name in node.names}
        self.constants = {
            target.id
            for node in self.tree.body
            if isinstance(node, ast.Assign) and getattr(getattr(node.value, "func", None), "id", "") == "const"
            for part in node.targets
            for target in ast.walk(part)
            if isinstance(target, ast.Name)
        }
        self.asked = {node for node, field in self.spots if field == "id"}
        looked_up = {getattr(node, field) for node, field in self.spots if field != "names"}
        self.unbound = looked_up - imported - self.own
        self.words = set(_identifiers(self.tree)) - self.modules.keys()

    def passed_on(self):
        """Return the modules that it does not only ask for their names."""
        asked = {node.value for node in ast.walk(self.tree) if isinstance(node, ast.Attribute)}
        loaded = [node for node, field in self.spots if field == "id" and node not in asked]
        return {self.modules[node.id] for node in loaded if node.id in self.modules}

    def _import(self, node, names, at_once):
        if getattr(node, "level", 0) or node.names[0].name == "*":
            raise ValueError(f"{self.name}: {ast.unparse(node)} does not say whole names")
        for alias in node.names:
            bound_as, below, module = alias.asname or alias.name, alias.name.replace(".", "/"), None
            if isinstance(node, ast.ImportFrom):
                module = node.module.replace(".", "/")
                below = f"{module}/{alias.name}"
            elif "." in alias.name and not alias.asname:
                raise ValueError(f"{self.name}: import {alias.name} binds a package; write from ... import")
            if not at_once:
                self.entries |= {below, module} & set(names)
                self.late.update({bound_as: below} if below in names else {})
            elif below in names:
                self.modules[bound_as] = below
            elif module in names:
                self.things[bound_as] = module, alias.name
            else:
                self.foreign[bound_as] = (node.module, alias.name) if module else (alias.name, None)


def _is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _identifiers(tree):
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name"):
            if isinstance(getattr(node, field, None), str) and not isinstance(node, ast.alias):
                yield getattr(node, field)
