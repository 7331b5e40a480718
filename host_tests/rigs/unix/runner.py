"""Runs one test function of one file in this interpreter: `micropython runner.py FILE FUNCTION virtual|real`."""

import sys


def main(path, function, clock):
    if clock == "virtual":
        import virtual_clock

        virtual_clock.start()
    else:
        # the mock of time is not wanted: the built-in comes first again
        import utime

        sys.modules["time"] = utime
    space = {"__name__": "test", "__file__": path}
    with open(path) as f:
        exec(compile(f.read(), path, "exec"), space)
    result = space[function]()
    if hasattr(result, "send"):
        import asyncio

        asyncio.run(result)


main(*sys.argv[1:4])
