"""Safe mode: what runs when no slot can, or a person holds the button for five seconds at power-up.

Belongs to boot.py and is never updated in the field; stands on the modules of MicroPython itself. Outputs are open, nothing
is asked of a bus; Ctrl-C at the console gives the prompt, and time there. A hotspot under the SN, with the password of
the label, has one plain page that takes a bundle (safe_install.py). No record is changed but the one that says which slot
starts, and no setting is ever erased. After _LEAVE_MS in which nobody asked for anything the slots have another turn.
"""

import json
import socket
import sys
import time

import boot
import machine
import safe_install

_LEAVE_MS = 1_800_000
_WATCHDOG_MS = 8000  # RP2040 knows at most 8388
_ROUND_MS = 500
_STEP_S = 3  # a client that says nothing for so long is left; shorter than the watchdog
_LONGEST_LINE = 256
_MOST_LINES = 40

_kept = []  # a timer that nobody holds is collected, and stops

_PAGE = b"""<!doctype html><meta charset=utf-8><meta name=viewport content="width=device-width"><title>Safe mode</title>
<h1>Safe mode</h1><p>%s: no version of the firmware could be started. The outputs are open, no limit is sent, the settings
are as they were. Install a whole bundle for <b>%s</b>.</p>
<input type=file id=f> <button id=b>Install</button><p id=t></p><script>
b.onclick = async () => {
if (!f.files.length) return;
t.textContent = "Sending ...";
try {
const r = await fetch("/update", {method: "POST", headers: {"X-Bridge": "1"}, body: f.files[0]});
t.textContent = await r.text();
} catch (e) { t.textContent = "No contact with the bridge: " + e; } };
</script>"""


class Request(Exception):
    """What a client sent is no request that is answered: its text is what it is told."""


def answer(stream, root, sn, board, fed):
    """Read one request and answer it; return True if a version was installed.

    stream: read(n), readline(n), write(bytes), each of which waits; fed(): the watchdog is fed. Raises OSError.
    """
    done, status = False, b"200 OK"
    try:
        method, path, length, own = _request(stream)
        if path == b"/update" and method == b"POST":
            if not own:
                raise Request("X-Bridge: must be 1, as the page sends it")
            version = safe_install.install(_Body(stream, length), root, board, fed)
            done, text = True, b"Version %s is installed. The bridge starts anew." % version.encode()
        elif path == b"/" and method == b"GET":
            text = _PAGE % (sn.encode(), board.encode())
        else:
            status, text = b"302 Found\r\nLocation: /", b""
    except (Request, safe_install.Refused) as e:
        status, text = b"400 Bad Request", str(e).encode()
    kind = b"text/html" if text[:1] == b"<" else b"text/plain"
    head = b"HTTP/1.0 %s\r\nContent-Type: %s; charset=UTF-8\r\nContent-Length: %d\r\nCache-Control: no-store\r\n\r\n"
    stream.write(head % (status, kind, len(text)))
    stream.write(text)
    return done


def _request(stream):
    """Return (method, path, bytes of the body, our own page asks)."""
    words = stream.readline(_LONGEST_LINE).split()
    if len(words) != 3:
        raise Request("no request")
    length, own = 0, False
    for _ in range(_MOST_LINES):
        line = stream.readline(_LONGEST_LINE)
        name, _, value = line.partition(b":")
        name, value = name.lower(), value.strip()
        if line in (b"\r\n", b"\n", b""):
            return words[0], words[1], length, own
        if name == b"content-length":
            length = int(value) if value.isdigit() and len(value) < 8 else 0
        own = own or (name == b"x-bridge" and value == b"1")
    raise Request("too many lines")


class _Body:
    """The body of a request: read(n) gives n bytes, fewer only at its end."""

    def __init__(self, stream, length):
        self._stream = stream
        self._left = length

    def read(self, count):
        found = b""
        while len(found) < min(count, len(found) + self._left):
            piece = self._stream.read(min(count - len(found), self._left))
            if not piece:
                break
            self._left -= len(piece)
            found += piece
        return found


def _hotspot(sn, password):
    """Open the hotspot; return True if it is open."""
    try:
        import network
    except ImportError:
        return False
    ap = network.WLAN(network.AP_IF)
    security = 3 if sys.platform == "esp32" else 0x00400004  # WPA2: numbers as in the boards' radio.py
    ap.active(sys.platform == "esp32")
    ap.config(ssid=sn, key=password, security=security)
    ap.active(True)
    return True


def run(root="/"):
    """Serve until a version is installed or nobody came for half an hour, then start anew. Never returns."""
    import safe_board  # pyright: ignore[reportMissingImports] (the builder makes it)

    board = safe_board.BOARD
    for gpio in safe_board.OUTPUTS:
        machine.Pin(gpio, machine.Pin.OUT, value=0)
    dog = machine.WDT(timeout=_WATCHDOG_MS)
    device = boot.newest(root + "data/device", root + "device")
    sn, password = device.get("sn", ""), device.get("hotspot_password", "")
    print("safe: no version runs; SN %s, %s" % (sn or "unknown: provision it over USB", json.dumps(board)))
    try:
        _wait(root, sn, password, board, dog.feed)
    except KeyboardInterrupt:  # a person at the console: nobody else feeds the watchdog from here on
        number = 0 if sys.platform == "esp32" else -1
        feeder = machine.Timer(number, mode=machine.Timer.PERIODIC, period=1000, callback=lambda _: dog.feed())
        _kept.append(feeder)
        raise
    time.sleep(2)
    machine.reset()


def _wait(root, sn, password, board, fed):
    """Serve until a version is installed, or nobody came for so long that the slots have another turn."""
    server = _door(sn, password)
    begun = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), begun) < _LEAVE_MS:
        fed()
        client = _client(server)
        if client:
            begun = time.ticks_ms()
            if _serve(client, root, sn, board, fed):
                return
    safe_install.forgive(root)


def _door(sn, password):
    """Return where clients come in, None if nobody can: a radio that fails leaves the console, and no loop of starts."""
    try:
        return _server() if sn and password and _hotspot(sn, password) else None
    except (OSError, RuntimeError, ValueError, MemoryError) as e:
        print("safe: no hotspot:", e)
        return None


def _server():
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(socket.getaddrinfo("0.0.0.0", 80)[0][-1])
    server.listen(1)
    server.settimeout(_ROUND_MS / 1000)
    return server


def _client(server):
    if server is None:
        time.sleep_ms(_ROUND_MS)
        return None
    try:
        return server.accept()[0]
    except OSError:
        return None


def _serve(client, root, sn, board, fed):
    client.settimeout(_STEP_S)
    try:
        return answer(client, root, sn, board, fed)
    except (OSError, MemoryError, ValueError) as e:
        print("safe:", e)
        return False
    finally:
        client.close()
