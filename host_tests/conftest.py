"""Collects mp_*.py: each test function runs in a process of its own under the MicroPython unix port.

In a file's first lines `# heap: 256k` bounds the heap (64-bit words: worth about half on a board) and `# clock: real`
switches the virtual clock off.
"""

import ast
import gc
import os
import re
import resource
import subprocess

import forked
import hypothesis
import pytest
from bridgectl.device import build
from bridgectl.emulator import faster
from interpreter import ROOT, UNIX, quick, unix_environment

_CPU_S = 120  # of the processor, for a test on the virtual clock: how long that takes depends on who else is there
_TIMEOUT_S = 1800  # of the wall, for one that waits for ever

# The same inputs each time, and no look at the clock: how fast they come depends on who else is there.
hypothesis.settings.register_profile(
    "project", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("project")


os.environ["BRIDGE_KEYS"] = str(build.BUILD / "test_keys")  # never those of the person who runs the tests


@pytest.fixture(scope="session")
def slot():
    """Return the host's modules, freshly made: those of its slot, and those that no application imports yet."""
    return build.build("host", quiet=True, everything=True)


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # once, not in each worker
        faster.make()
        for board in build.BOARDS:
            build.build(board, quiet=True)
            build.build(board, quiet=True, everything=True)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if not pyfuncitem.get_closest_marker("forked"):
        return None
    given = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    forked.run(lambda: pyfuncitem.obj(**given))
    return True


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from together import Together

    return Together(config, log)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)  # what takes long begins early


def pytest_collection_finish(session):
    gc.freeze()  # what is here stays: our own code collects often, as it must on a board, and would look through all of it


def pytest_runtest_logreport(report):
    # CI installs every peer: a test that is skipped there has lost its proof without anybody noticing.
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = (
            f"skipped in CI: {report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr}"
        )


def pytest_pycollect_makemodule(module_path, parent):
    if module_path.name.startswith("mp_"):
        return UnixFile.from_parent(parent, path=module_path)
    return None


class UnixFile(pytest.File):
    def collect(self):
        source = self.path.read_text()
        head = "\n".join(source.splitlines()[:6])
        heap = re.search(r"^# heap: (\S+)", head, re.M)
        clock = re.search(r"^# clock: (\S+)", head, re.M)
        for node in ast.parse(source).body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                item = UnixTest.from_parent(self, name=node.name)
                item.heap = heap[1] if heap else "256k"
                item.clock = clock[1] if clock else "virtual"
                item.docstring = ast.get_docstring(node) or ""
                yield item


class UnixTest(pytest.Item):
    def runtest(self):
        command = [*quick(), "-X", f"heapsize={self.heap}", str(UNIX / "runner.py")]
        command += [str(self.path), self.name, self.clock]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, env=unix_environment(), cwd=ROOT, **pipes) as process:
            if hasattr(resource, "prlimit"):  # Linux
                resource.prlimit(process.pid, resource.RLIMIT_CPU, (_CPU_S, _CPU_S + 1))
            try:
                told, errors = process.communicate(timeout=_TIMEOUT_S)
            finally:
                process.kill()
        if process.returncode:
            raise UnixFailure(told[-4000:] + errors[-4000:])

    def repr_failure(self, excinfo):
        if isinstance(excinfo.value, UnixFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, 0, f"{self.path.name}::{self.name}"


class UnixFailure(Exception):
    """The process of a unix-port test ended with an error; the text is what it printed."""
