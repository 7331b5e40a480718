"""Leaves out of a library, at build time, what the firmware never calls: code that is not there takes no memory.

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
        "Microdot.abort",
        "Microdot.after_error_request",
        "Microdot.delete",
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


class Gone(Exception):
    """The library has not got a name that should be left out; the text says which."""


def pruned(library, source):
    """Return the source of a library without its unused members. Raises Gone."""
    unused = set(_UNUSED.get(library, ()))
    found = set()
    tree = ast.parse(source)
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
        raise Gone(f"{library} has no {', '.join(sorted(unused - found))}: look at tools/bridgectl/prune.py")
    return ast.unparse(tree)


def _names(member):
    """Return the names that a member of a class or module defines."""
    if isinstance(member, ast.Assign):
        return [target.id for target in member.targets if isinstance(target, ast.Name)]
    return [member.name] if hasattr(member, "name") else []
