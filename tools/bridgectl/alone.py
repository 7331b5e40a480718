"""One process at a time: several of them may build the same slot at once (tests on all cores, a second terminal)."""

import contextlib

try:
    import fcntl
except ImportError:  # no Windows: there, whoever starts two builds at once starts them again
    fcntl = None


@contextlib.contextmanager
def alone(path):
    """Wait until no other `with alone(path)` is open, in this process or another; path: a file that is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
