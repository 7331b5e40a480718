"""Runs one test function of one file in this interpreter: `micropython runner.py FILE FUNCTION virtual|real`."""

import sys


def _virtual_clock():
    """Let asyncio sleep on the virtual clock: when nothing is ready, jump to the next deadline."""
    import time
    from asyncio import core

    class Queue(core.IOQueue):
        def wait_io_event(self, dt):
            super().wait_io_event(0)
            head = core._task_queue.peek()
            if head and core.ticks_diff(head.ph_key, core.ticks()) <= 0:
                return
            if dt < 0:
                raise RuntimeError("every task waits for something that no clock brings")
            time.pass_ms(max(dt, 1))

    core.IOQueue = Queue
    core.new_event_loop()


def main(path, function, clock):
    if clock == "virtual":
        _virtual_clock()
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
