"""Which model is described by which module; only the table in use is loaded."""


def sensor(model):
    """Return the module of a power sensor by its model."""
    return _module(model)


def plant():
    """Return the module of the plant."""
    return _module("sigenergy")


def _module(name):
    package = __import__("bridge.devices." + name)
    return getattr(package.devices, name)
