"""Leaves out, at build time, what the firmware never calls or reads: what is not there takes no memory.

microdot as a whole takes 16 kB of a board's memory; these members are a third of it. The library's file is not
changed and not kept: the builder reads the locked version, drops the names below, and compiles the rest. A name that is
gone from a newer version stops the build, and the portal's tests run on the pruned module.
"""

import ast

# Members of classes, and names of the module.
_UNUSED = {
    "microdot": (
        "AsyncBytesIO.awrite",
        "AsyncBytesIO.aclose",
        "HTTPException.__repr__",
        "MultiDict.getlist",
        "Microdot.abort",
        "Microdot.after_error_request",
        "Microdot.delete",
        "Microdot.handle_request",
        "Microdot.mount",
        "Microdot.patch",
        "Microdot.put",
        "Microdot.query",
        "Microdot.run",
        "Microdot.shutdown",
        "Microdot.start_server",
        "Request.files",
        "Request.form",
        "Response.delete_cookie",
        "Response.redirect",
        "Response.send_file",
        "Response.default_send_file_max_age",
        "Response.set_cookie",
        "Response.types_map",
        "URLPattern.__repr__",
        "URLPattern.register_type",
        "abort",
        "redirect",
        "send_file",
        "urlencode",
    ),
}


# Modules that a library tries to import at its top, and does without where they are missing; no image has them.
_MISSING = {"microdot": ("inspect", "orjson")}


# Columns of our own tables that only people and tools on a PC read: {module: (name of the text, number of the column)}.
_FOR_PEOPLE = {"bridge/settings": ("TABLE", 6)}


class Gone(Exception):
    """The library has not got a name that should be left out; the text says which."""


def pruned(library, source):
    """Return the source of a library without its unused members and the ways of other platforms. Raises Gone."""
    unused = {*_UNUSED.get(library, ()), *_MISSING.get(library, ())}
    tree = ast.parse(source)
    found = set()
    for number, member in reversed([*enumerate(tree.body)]):
        gone = set(_imported(member.body[0])) & unused if isinstance(member, ast.Try) else set()
        if gone:
            found |= gone
            tree.body[number : number + 1] = member.handlers[-1].body
    for owner in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]:
        prefix = f"{owner.name}." if isinstance(owner, ast.ClassDef) else ""
        kept = []
        for member in owner.body:
            gone = {prefix + name for name in _names(member)} & unused
            found |= gone
            if not gone:
                kept.append(member)
        owner.body = kept or [ast.Pass()]
    if unused - found:
        raise Gone(f"{library} has no {', '.join(sorted(unused - found))}: look at tools/bridgectl/device/prune.py")
    return ast.unparse(tree)


def unread(module, source):
    """Return the source of one of our modules with the cells empty that the firmware never reads. Raises Gone."""
    if module not in _FOR_PEOPLE:
        return source
    name, column = _FOR_PEOPLE[module]
    start = source.find(f'\n{name} = """\n')
    end = source.find('\n"""\n', start + 1)
    if start < 0 or end < 0:
        raise Gone(f"{module} has no {name}: look at tools/bridgectl/device/prune.py")
    first = source.index('"""', start) + len('"""\n')
    rows = [row.split("|") for row in source[first:end].split("\n")]
    cut = ["|".join(["" if number == column else cell for number, cell in enumerate(row)]) for row in rows]
    return source[:first] + "\n".join(cut) + source[end:]


def _imported(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) else []


def _names(member):
    """Return the names that a member of a class or module defines."""
    if isinstance(member, ast.Assign):
        return [target.id for target in member.targets if isinstance(target, ast.Name)]
    return [member.name] if hasattr(member, "name") else []
