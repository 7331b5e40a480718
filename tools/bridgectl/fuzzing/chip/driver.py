"""Runs one decoder in the MicroPython unix port on the inputs that come in: `micropython driver.py PART TARGET`.

In: 4 bytes of length and the input, again and again; length 0xFFFFFFFF asks for the memory in use. Out, for each: a line
with a mark before it (what the firmware logs goes out too) and JSON. Nothing is caught here: what escapes a decoder ends
this process, and the traceback is the finding.
"""

import gc
import json
import sys

from bridgectl.fuzzing.chip import virtual

_MARK = "\x01"
_MEMORY = 0xFFFFFFFF


def main(part, target):
    virtual.install()
    module = __import__("bridgectl.fuzzing.chip." + part, None, None, (target,))
    take = getattr(module, target)()
    source = sys.stdin.buffer
    while True:
        head = source.read(4)
        if len(head) < 4:
            return
        count = int.from_bytes(head, "big")
        if count == _MEMORY:
            gc.collect()
            answer = gc.mem_alloc()
        else:
            answer = take(source.read(count))
        sys.stdout.write(_MARK + json.dumps(answer) + "\n")


main(*sys.argv[1:3])
