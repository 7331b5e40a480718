"""Makes the board and runs the bridge on it. Never updated in the field, so it knows next to nothing.

Ctrl-C leaves the prompt to the person. Anything else that ends the bridge ends in a new start, and boot.py counts it:
so even a slot that cannot be imported goes back by itself.
"""

import gc
import sys
import time

import machine

# Collect often while the modules come in: what stays then lies side by side, and the free memory in large pieces.
_GARBAGE_BYTES = 8_000


class _Restart:
    """Shows what escaped, waits a little, starts anew."""

    board = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind in (KeyboardInterrupt, SystemExit):
            return False
        if error:
            sys.print_exception(error)
        time.sleep(2)  # a person can press Ctrl-C here; the flash is not worn out by a loop of starts
        if self.board:
            self.board.restart()
        if hasattr(machine, "reset"):
            machine.reset()  # not a soft one: after that the chip still says that the power has just come
        sys.exit(1)  # a PC: the end of the program


gc.threshold(_GARBAGE_BYTES)
with _Restart() as last:
    if globals().get("safe_mode"):  # of boot.py, which runs in the same namespace
        import safe

        safe.run("/")  # for ever

    import board

    last.board = board.Board()
    from bridge import app

    app.run(last.board)
