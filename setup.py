"""What pyproject.toml cannot say: a wheel of bridgectl holds the firmware too, for that is what its commands work with."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

_HERE = Path(__file__).parent
_TREE = ("lib", "firmware", "boards")


class BuildPy(build_py):
    """Copies the sources of the firmware into the package, where bridgectl/firmware.py looks; a checkout has its own."""

    def run(self):
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "bridgectl" / "tree"
        shutil.rmtree(target, ignore_errors=True)
        for folder in _TREE:
            shutil.copytree(_HERE / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__"))


setup(cmdclass={"build_py": BuildPy})
