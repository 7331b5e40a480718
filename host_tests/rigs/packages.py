"""The rooms of lib/ as packages: what their package.json names, and an installation of each."""

import functools
import http.server
import json
import subprocess
import threading

from bridgectl.docs.packages import LIB, rooms
from interpreter import micropython
from patience import HANG_S

NAMES = rooms()


def urls(name):
    """Return {path on the device: file in the tree} as the package.json of a folder names them."""
    package = json.loads((LIB / name / "package.json").read_text())
    assert package["deps"] == []
    return {target: (LIB / name / source).resolve() for target, source in package["urls"]}


def install(name, folder):
    """Install a package from a server on loopback into folder/lib, by MicroPython's own installer; return folder/lib."""
    handler = functools.partial(_Quiet, directory=str(LIB))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/{name}/package.json"
        code = f"import mip; mip.install({url!r}, target={str(folder / 'lib')!r}, mpy=False)"
        command = [micropython(), "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=False, cwd=folder)
        server.shutdown()
    assert done.returncode == 0 and "Done" in done.stdout, done.stdout + done.stderr
    return folder / "lib"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass
