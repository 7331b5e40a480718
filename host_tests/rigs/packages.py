"""The rooms of lib/ as packages: what each needs, what its package.json names, and an installation of it."""

import ast
import functools
import http.server
import json
import subprocess
import threading

from bridgectl import firmware
from interpreter import micropython

LIB = firmware.ROOT / "lib"

NAMES = sorted(path.parent.relative_to(LIB).as_posix() for path in LIB.rglob("package.json"))


def urls(name):
    """Return {path on the device: file in the tree} as the package.json of a folder names them."""
    package = json.loads((LIB / name / "package.json").read_text())
    assert package["deps"] == []
    return {target: (LIB / name / source).resolve() for target, source in package["urls"]}


def needed(name):
    """Return {path on the device: file in the tree} of the modules of a folder and of all that they import, also late."""
    found, todo = {}, list((LIB / name).glob("*.py"))
    while todo:
        path = todo.pop()
        if str(path.relative_to(LIB)) in found:
            continue
        if not path.stem.startswith("example"):  # an example is not installed, but finds all that it imports
            found[str(path.relative_to(LIB))] = path
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            else:
                continue
            paths = [LIB / f"{module.replace('.', '/')}.py" for module in modules]
            todo += [path for path in paths if path.exists()]
    return found


def install(name, folder):
    """Install a package from a server on loopback into folder/lib, by MicroPython's own installer; return folder/lib."""
    handler = functools.partial(_Quiet, directory=str(LIB))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/{name}/package.json"
        code = f"import mip; mip.install({url!r}, target={str(folder / 'lib')!r}, mpy=False)"
        command = [micropython(), "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=folder)
        server.shutdown()
    assert done.returncode == 0 and "Done" in done.stdout, done.stdout + done.stderr
    return folder / "lib"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass
