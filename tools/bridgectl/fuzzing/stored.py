"""Inputs for the decoders of files, and what must be true of their answers (chip/stored.py)."""

import hashlib
import json
import tempfile
import zlib
from pathlib import Path

from bridgectl.device import bundle
from bridgectl.fuzzing import mutate, rules


def _sealed(body):
    return b"record1 %08x\n" % zlib.crc32(body) + body


def _sorted(pairs):
    """Return the pairs of a dict in one order, dicts inside it too: the chip's come in any."""
    if not isinstance(pairs, list):
        return pairs
    parts = [_sorted(part) for part in pairs]
    return sorted(parts, key=repr)


def record_input(rng):
    body = mutate.json_bytes(rng, mutate.json_value(rng, rules.NAMES) if rng.random() < 0.3 else rules.object(rng))
    roll = rng.random()
    if roll < 0.05:
        body += b" " * rng.choice((8100, 8192, 9000))
    return _sealed(body) if roll < 0.8 else mutate.damaged(rng, _sealed(body))


def record_wrong(data, answer):
    head, body = data[:17], data[17:]
    intact = head == b"record1 %08x\n" % zlib.crc32(body) and len(data) <= 8192
    if answer is None:
        known, value = rules.strict(body)
        return "a good record was not read" if intact and known and isinstance(value, dict) else None
    if not intact:
        return "a damaged record was read"
    known, value = rules.strict(body)
    if known and _sorted(answer) != _sorted(rules.plain(value)):
        return f"holds {value}"
    return None


def settings_input(rng):
    return mutate.json_bytes(rng, rules.object(rng))[:8000]


def settings_wrong(data, answer):
    values, kept = answer
    known, stored = rules.strict(data)
    for name, text in values:
        value = rules.told(name, text)
        if not rules.allowed(name, value):
            return f"{name} is in force as {text}"
        if known and isinstance(stored, dict):
            expected = stored[name] if rules.allowed(name, stored.get(name)) else rules.ROWS[name][2]
            if value != expected:
                return f"{name} is {value}, stored is {expected}"
    return None if kept else "what is stored does not load to the same"


def boot_input(rng):
    states = [
        {"slot": "a", "trial": True, "serial": 3, "floor": "0.1.0"},
        {"slot": rng.choice(("a", "b", 5)), "serial": rng.choice((3, 3, 2**40, -1, 2**70)), "trial": False},
        mutate.json_value(rng, ("slot", "trial", "serial", "floor")),
    ]
    boots = [{"serial": 3, "count": rng.randint(0, 6)}, mutate.json_value(rng, ("serial", "count"))]
    manifest = {"files": [["main.mpy", 4, 9, "00"]], "minimum": "0.1.0"}
    if rng.random() < 0.5:
        manifest = mutate.json_value(rng, ("files", "minimum", "version"))
    files = []
    for value, is_record in ((rng.choice(states), True), (rng.choice(boots), True), (manifest, False)):
        body = json.dumps(value).encode()
        content = _sealed(body) if is_record else mutate.json_bytes(rng, value)
        files.append(content if rng.random() < 0.9 else mutate.damaged(rng, content))
    return b"".join(len(f).to_bytes(2, "big") + f for f in files)


def boot_wrong(data, answer):
    return None if answer in ("a", "b") else "no slot was chosen, and b is complete"


def bundle_input(rng):
    files, contents = [], b""
    for n in range(rng.randint(1, 3)):
        content = rng.randbytes(20) * rng.choice((0, 1, 10, 205, 410))
        packed = _packed(rng, content)
        path = rng.choice(("main.mpy", "bridge/app.mpy", "web/x.gz", "f%d" % n, "f%d" % n))
        if rng.random() < 0.05:
            path = rng.choice(
                (mutate.text(rng, 40), "../x", "/x", "a//b", ".x", "main.mpy/x", "manifest.json", "ä", "a/b/c/d/e", "")
            )
        files.append([path, len(content), len(packed), hashlib.sha256(content).hexdigest()])
        contents += packed
    made = {"product": "sigen-bridge", "board": "host", "version": "1.2.3", "minimum": "0.0.0", "files": files}
    if rng.random() < 0.2:
        row = rng.choice(files)
        row[rng.randrange(4)] = mutate.json_value(rng, ("files",), 1)
    if rng.random() < 0.1:
        made[rng.choice(("product", "board", "version"))] = mutate.text(rng, 40)
    if rng.random() < 0.1:
        made[rng.choice(tuple(made))] = mutate.json_value(rng, ("files",), 2)
    raw = json.dumps(made).encode(errors="surrogatepass")
    raw = mutate.damaged(rng, raw) if rng.random() < 0.15 else raw
    signature = rng.randbytes(rng.choice((0, 0, 0, 64, 1024, 1025)))
    head = b"\x89SLOT1\r\n" + len(raw).to_bytes(4, "big") + hashlib.sha256(raw).digest() + raw
    whole = head + len(signature).to_bytes(2, "big") + signature + mutate.maybe(rng, contents, 0.3)
    return bytes((rng.choice((0, 1, 32, 255)),)) + mutate.maybe(rng, whole, 0.1)


def _packed(rng, content):
    out = b""
    for at in range(0, len(content), 4096):
        squeeze = zlib.compressobj(rng.choice((0, 9)), zlib.DEFLATED, -12)
        block = squeeze.compress(content[at : at + 4096]) + squeeze.flush()
        if rng.random() < 0.05:
            block = mutate.damaged(rng, block)
        out += len(block).to_bytes(2, "big") + block
    return out


def bundle_wrong(data, answer):
    refused, percent, installed, strange = answer
    if strange:
        return f"files outside the slots: {strange}"
    if not 0 <= percent <= 100:
        return f"{percent} %"
    length = int.from_bytes(data[9:13], "big")
    if refused or not rules.is_json(data[45 : 45 + length]):
        return None  # MicroPython takes some texts that are none, and then means what it understood
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bundle"
        path.write_bytes(data[1:])
        try:
            made = bundle.read(path)
        except bundle.BundleError as problem:
            return f"installed, though {problem}"
    expected = {row[0]: row[3] for row in made["files"]}
    found = {path: digest for path, digest in installed if path != "manifest.json"}
    return None if found == expected and percent in (0, 100) else f"installed {found}"
