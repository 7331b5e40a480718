"""Which tests go to one process: those of a file whose chip is booted once, each other one by itself."""

import pathlib

from xdist.scheduler import LoadScopeScheduling


class Together(LoadScopeScheduling):
    """Files with tests marked `forked` stay whole and begin first; everything else goes to whoever has nothing to do."""

    def __init__(self, config, log):
        super().__init__(config, log)
        self._whole = {}

    def _split_scope(self, nodeid):
        path = nodeid.partition("::")[0]
        if path not in self._whole:
            self._whole[path] = "mark.forked" in (self.config.rootpath / pathlib.Path(path)).read_text()
        return path if self._whole[path] else nodeid
