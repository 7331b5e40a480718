"""The flash of a firmware that is a few lines of Python, for tests of the process that runs it."""


class Root:
    """The folder of a firmware that is a few lines of Python."""

    def __init__(self, path, program):
        self.root = self.site = path
        self.log = path / "firmware.log"
        (path / "boot.py").write_text("def start(root):\n    return root\n")
        (path / "main.py").write_text(program)
