"""Tests that each begin from the same booted chip: it is booted once, and every test runs in a copy of the process.

A copy costs nothing until it changes something, so the tests neither wait for a boot nor see what another one has done.
"""

import os
import traceback


class Failed(Exception):
    """A test failed in its copy; the text is its traceback."""


def run(function):
    """Call function() in a copy of this process. Raises Failed with the traceback if it raised."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.close(reading)
            function()
            code = 0
        except BaseException:  # whatever it is, the copy must not go on as a second pytest
            os.write(writing, traceback.format_exc().encode()[-60000:])
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        text = told.read().decode()
    _, status = os.waitpid(child, 0)
    if status:
        raise Failed(text or f"the copy ended with status {status}")
