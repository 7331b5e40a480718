"""Lets asyncio sleep on the virtual clock of host_tests/mocks/time.py."""


def start():
    """Let asyncio sleep on the virtual clock from now on: when nothing is ready, jump to the next deadline."""
    import time
    from asyncio import core

    class Queue(core.IOQueue):
        def wait_io_event(self, dt):
            if self.map:
                super().wait_io_event(0)
            head = core._task_queue.peek()
            if head and core.ticks_diff(head.ph_key, core.ticks()) <= 0:
                return
            if dt < 0:
                raise RuntimeError("every task waits for something that no clock brings")
            time.pass_ms(max(dt, 1))

    core.IOQueue = Queue
    core.new_event_loop()
