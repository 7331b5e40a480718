"""Who imports whom, read off the sources."""

import ast
import functools
import re

from bridgectl import firmware

ROOT = firmware.ROOT


@functools.cache
def tree(path):
    """Return the syntax tree of a file, which nobody changes."""
    return ast.parse(path.read_text(), str(path))


def imports(path):
    """Return the dotted names that a file imports, `from a import b` as a.b."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def modules(*roots):
    """Return {dotted name: file} of the Python files below some folders that are searched for imports."""
    found = {}
    for root in roots:
        for path in (ROOT / root).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT / root).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def arrows(modules):
    """Return {module: modules among these that it imports, at once or late}."""
    found = {}
    for name, path in modules.items():
        found[name] = set()
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Import):
                wanted = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                package = name.split(".")[: -node.level] if node.level else []
                base = ".".join([*package, *([node.module] if node.module else [])])
                wanted = {base, *(f"{base}.{alias.name}" for alias in node.names)}
            else:
                continue
            found[name] |= {other for other in wanted if other in modules and other != name}
    return found


def circle(found):
    """Return a list of modules that import each other in a circle, [] if there is none."""
    done, way = set(), []

    def visit(name):
        if name in way:
            return way[way.index(name) :]
        if name in done:
            return []
        way.append(name)
        ring = next((ring for ring in map(visit, sorted(found[name])) if ring), [])
        way.pop()
        done.add(name)
        return ring

    return next((ring for ring in map(visit, sorted(found)) if ring), [])


def bridge_files():
    """Return the paths of the files of firmware/bridge/."""
    return sorted((firmware.ROOT / "firmware" / "bridge").rglob("*.py"))


def state_fields():
    """Return {field: writer} as the comments of state.py declare them."""
    found = {}
    for line in (firmware.ROOT / "firmware" / "bridge" / "state.py").read_text().splitlines():
        field = re.match(r"        self\.(\w+) = ", line)
        if field:
            writer = re.search(r"# (\w+): \S", line)
            assert writer, f"state.{field[1]} names no writer"
            found[field[1]] = writer[1]
    return found
