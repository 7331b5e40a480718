"""Requests over HTTP as phones and strangers send them, and what must be true of how they are read and answered."""

import json
import re
from urllib.parse import quote, unquote_to_bytes

from bridgectl.fuzzing import mutate

_PATHS = ("/", "/network", "/status", "/api/status", "/api/networks", "/api/join", "/api/system", "/api/scan",
          "/api/update", "/generate_204", "/app.js", "/../main.py", "/%2e%2e/x", "/?a=b&c", "*", "//", "/%",
          "/%zz")  # fmt: skip
_HOSTS = ("192.168.4.1", "192.168.4.1:80", "captive.apple.com", "", ":", "[::1]", "192.168.4.1:8080")
_WANTED = (b"host", b"content-length", b"origin")
_NAMES = ("ssid", "password", "system_name", "time_zone")
_STATUSES = (200, 302, 400, 403, 404, 405, 409, 411, 413, 414, 415, 431, 501)
_MAX_LINE, _MAX_HEAD, _MAX_LINES = 1024, 4096, 40


def request(rng):
    """Return a request: of our own pages, or of anybody; often damaged."""
    return mutate.maybe(rng, _own(rng) if rng.random() < 0.5 else _strange(rng), 0.4)


def _own(rng):
    """Return a request as the pages of the bridge send it, with any values."""
    path, names = rng.choice((("/api/join", _NAMES[:2]), ("/api/system", _NAMES[2:]), ("/api/scan", ())))
    if rng.random() < 0.2:
        return f"GET {_path(rng)} HTTP/1.1\r\nHost: {_HOSTS[0]}\r\n\r\n".encode()
    asked = {name: rng.choice(("my network", "Europe/Berlin", "", mutate.text(rng, 40))) for name in names}
    body = json.dumps(asked, ensure_ascii=False).encode() if rng.random() < 0.6 else mutate.json_bytes(rng, asked)
    head = f"POST {path} HTTP/1.1\r\nHost: {_HOSTS[0]}\r\nX-Bridge: 1\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _strange(rng):
    body = b""
    if rng.random() < 0.7:
        asked = {
            name: rng.choice(("my network", "secret-secret", "Europe/Berlin", mutate.text(rng, 20)))
            for name in rng.choice((_NAMES[:2], _NAMES[2:]))
        }
        if rng.random() < 0.4:
            asked = mutate.json_value(rng, _NAMES)
        body = mutate.json_bytes(rng, asked) if rng.random() < 0.5 else json.dumps(asked).encode(errors="surrogatepass")
    method = rng.choice(("GET", "GET", "POST", "POST", "POST", "HEAD", "OPTIONS", "PUT", "get", "", "\x00"))
    line = f"{method} {_path(rng)} HTTP/1.1" if rng.random() < 0.95 else rng.choice(("", "GET", "GET /", "GET  / x y"))
    headers = ["Host: " + rng.choice(_HOSTS if rng.random() < 0.3 else _HOSTS[:1])]
    if body or rng.random() < 0.2:
        headers.append(
            f"Content-Length: {len(body) if rng.random() < 0.9 else rng.choice((-1, 0, 99999999, 10**8, 5000, 'x'))}"
        )
    if rng.random() < 0.8:
        headers += [
            "X-Bridge: 1",
            "Content-Type: " + rng.choice(("application/json", "application/octet-stream", "text/plain")),
        ]
    if rng.random() < 0.3:
        headers.append("Origin: http://" + rng.choice(_HOSTS))
    if rng.random() < 0.15:
        headers.append(
            rng.choice(
                ("Transfer-Encoding: chunked", "Cookie: " + "c" * rng.choice((5, 900, 1100)), "Expect: 100-continue")
            )
        )
    if rng.random() < 0.05:
        headers += [f"X-{n}: {n}" for n in range(rng.choice((30, 38, 39, 40, 60)))]
    if rng.random() < 0.05:
        headers += [f"Y-{n}: " + "y" * rng.choice((500, 900)) for n in range(rng.choice((4, 5, 8)))]
    rng.shuffle(headers)
    end = "\r\n" if rng.random() < 0.9 else "\n"
    return end.join([line, *headers, "", ""]).encode() + body


def _path(rng):
    path = rng.choice(_PATHS)
    if rng.random() < 0.1:
        path += "?" * rng.randint(0, 1) + (mutate.text(rng, 30) if rng.random() < 0.3 else quote(mutate.text(rng, 30)))
    return path


def wrong_head(octets, status, method, path, query, headers, body):
    """Return what is wrong with how a request was read; path and body in hexadecimal; status 0 = all was read."""
    if status not in (0, 400, 411, 414, 431, 501):
        return f"refused with {status}"
    line, found, size, head = _head(octets)
    if status:
        return "a good request was refused" if _plain(octets, line, head, size) else None
    if head is None or head > _MAX_HEAD:
        return "read to the end what has none, or is too long"
    if unquote_to_bytes(line.split(b" ")[1].partition(b"?")[0]) != bytes.fromhex(path):
        return "another path"
    if line.split(b" ")[0] != method.encode() or line.split(b" ")[1].partition(b"?")[2] != query.encode():
        return "another method or query"
    if {name.encode(): value.encode() for name, value in headers.items()} != found:
        return f"other headers than {found}"
    return None if bytes.fromhex(body) == octets[head : head + size] else "another body"


def _head(octets):
    """Return (request line, {header that matters: value}, content length, where the body begins or None)."""
    first, found, size, at = None, {}, 0, 0
    while True:
        end = octets.find(b"\n", at) + 1
        if not end:
            return first, found, size, None
        line = octets[at:end].removesuffix(b"\n").removesuffix(b"\r")
        at = end
        name, _, value = line.partition(b":")
        if first is None:
            first = line
        elif not line:
            return first, found, size, at
        elif name.lower() in _WANTED:
            found[name.lower()] = value.strip()
            if name.lower() == b"content-length" and value.strip().isdigit():
                size = int(value)


def _plain(octets, line, head, size):
    """Return True if nobody could refuse a request: ASCII, short, each header once and with a name, the body whole."""
    if head is None or head > _MAX_HEAD or not octets[:head].isascii() or len(octets) < head + size:
        return False
    if not re.fullmatch(rb"(GET|HEAD|POST|PUT|OPTIONS) /[!-$&-~]* HTTP/1\.[01]", line):
        return False
    lines = octets[:head].split(b"\n")[:-2]
    names = [line.partition(b":")[0].lower() for line in lines[1:]]
    lengths = [line.partition(b":")[2].strip() for line in lines[1:] if line.lower().startswith(b"content-length:")]
    return (
        len(lines) < _MAX_LINES
        and all(len(line) < _MAX_LINE for line in lines)
        and all(re.fullmatch(rb"[!-9;-~]+:[ -~]*\r?", line) for line in lines[1:])
        and len(set(names)) == len(names)
        and b"transfer-encoding" not in names
        and all(text.isdigit() and len(text) <= 8 for text in lengths)
    )


def wrong_answer(octets, answer, changed):
    """Return what is wrong with the portal's answer, and with the settings that it changed (texts in hexadecimal)."""
    line = answer.split(b"\r\n", 1)[0].split(b" ")
    if len(line) < 2 or line[0] not in (b"HTTP/1.0", b"HTTP/1.1") or not line[1].isdigit():
        return f"no answer: {answer[:60]}"
    if int(line[1]) not in _STATUSES:
        return f"answered {line[1].decode()}"
    if not changed:
        return None
    if b"x-bridge" not in octets.lower() or int(line[1]) != 200:
        return f"changed {sorted(changed)} for a stranger"
    ssid = bytes.fromhex(changed.get("wlan_ssid", ""))
    name = bytes.fromhex(changed.get("system_name", ""))
    return "took what is too long" if len(ssid) > 32 or len(name) > 40 else None
