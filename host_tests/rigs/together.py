"""Which tests go to one process: those of a file that shares something dear, each other one by itself."""

import pathlib

from xdist.scheduler import LoadScopeScheduling

# A chip that is booted once, a browser, an environment with the package in it: each process would make its own, and make
# it again after a test of another file.
_SHARED = ("mark.forked", '(scope="module"', 'scope="module")')


class Together(LoadScopeScheduling):
    """Files whose tests share something stay whole and begin first; everything else goes to whoever has nothing to do."""

    def __init__(self, config, log):
        super().__init__(config, log)
        self._whole = {}

    def _split_scope(self, nodeid):
        path = nodeid.partition("::")[0]
        if path not in self._whole:
            text = (self.config.rootpath / pathlib.Path(path)).read_text()
            self._whole[path] = any(mark in text for mark in _SHARED)
        return path if self._whole[path] else nodeid
