"""`pip install .` and pipx: a wheel that is whole, in an environment of its own, without the checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from bridgectl import firmware
from bridgectl.device import build
from patience import HANG_S

_OF_A_WHEEL = (
    "setup.py",
    "pyproject.toml",
    "MANIFEST.in",
    "README.md",
    "LICENSE",
    "lib",
    "firmware",
    "boards",
    "tools",
)


def _run(*command, **more):
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=HANG_S, check=False, **more
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def bridgectl(tmp_path_factory):
    """The command of a fresh environment that borrows the dependencies of this one, but not its bridgectl."""
    folder = tmp_path_factory.mktemp("wheel")
    clone = folder / "clone"
    clone.mkdir()
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in _OF_A_WHEEL:
        source = firmware.ROOT / name
        if source.is_dir():
            shutil.copytree(source, clone / name, ignore=left_out)
        else:
            shutil.copy(source, clone / name)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    _run(*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, clone)
    home = folder / "venv"
    venv.create(home, symlinks=True)
    site = next(home.rglob("site-packages"))
    _run(*pip, "install", "-q", "--no-deps", "--target", site, next(folder.glob("*.whl")))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    shutil.rmtree(clone)
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "MICROPYTHON": build.micropython(),
    }
    program = home / "bin" / "python"
    return lambda *words: _run(program, "-m", "bridgectl", *words, cwd=folder, env=environment)


def test_it_is_the_installed_one_that_answers(bridgectl):
    assert bridgectl("--version") == f"bridgectl {build.version()}\n"


def test_it_makes_a_bundle_of_the_firmware_that_came_with_it(bridgectl):
    """Proves: BEN-2"""
    said = bridgectl("bundle", "rp2040").splitlines()
    assert said[-1].endswith(f"cache/bridgectl/sigen-bridge-rp2040-{build.version()}.bundle")
    assert "signed with the key" in said[-3]


def test_it_runs_the_bridge_on_this_pc(bridgectl):
    """Proves: BEN-3+"""
    said = bridgectl("run", "--plain", "--seconds", "8")
    assert "host_first_reading_s" in said, said


def test_it_knows_the_registers_of_its_models(bridgectl):
    assert "sdm230" in bridgectl("read", "--help")
