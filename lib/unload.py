"""Lets go of a module that was needed once, so that its code does not stay in a board's memory."""

import sys


def unload(name):
    """Forget the module `name` ("package.module" or "module"); whoever still holds a part of it keeps that part."""
    sys.modules.pop(name, None)
    package, _, last = name.rpartition(".")
    parent = sys.modules.get(package)
    if parent and hasattr(parent, last):
        delattr(parent, last)
