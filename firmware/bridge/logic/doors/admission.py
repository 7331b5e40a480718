"""Which requests the portal answers, before anything of them is believed. Pure.

Two strangers are met here. A phone that looks for the internet asks us under a foreign name and is led to our address.
A page from somewhere else that a phone has open could ask us behind its owner's back: it can send no header of its own
without asking first (and we never allow it), its Origin is not ours, and under a name of its own that it bends to our
address (DNS rebinding) the Host is not ours.
"""

from captive import probes

MARK = "x-bridge"  # header with the value "1" that only our own pages send
UNSIGNED = "x-unsigned"  # header with the value "1": this bundle is wanted, though no signature of it was verified


def verdict(method, path, headers, own):
    """Return None to go on, "redirect" to lead a phone to our address, or (status, field, rule) to refuse.

    headers: dict, names in lower case; own: our "a.b.c.d", or "a.b.c.d:port" if the port is not 80.
    """
    api = path.startswith("/api/")
    host = headers.get("host", "").lower()
    elsewhere = host not in (own, own + ":80") if ":" not in own else host != own
    if api and elsewhere:
        return 403, "host", "must be " + own
    if method in ("GET", "HEAD"):
        return "redirect" if elsewhere or probes.system(host.split(":")[0], path) else None
    if elsewhere or method != "POST":
        return 405, "method", "must be GET, on some addresses POST"
    return _write_verdict(path, headers, own)


def _write_verdict(path, headers, own):
    origin = headers.get("origin")
    if origin is not None and origin not in ("http://" + own, "http://" + own + ":80"):
        return 403, "origin", "must be a page of the bridge itself; open http://%s/" % own
    if headers.get(MARK) != "1":
        return 403, MARK, "must be 1, as the bridge's own pages send it"
    if "content-length" not in headers:
        return 411, "content-length", "must be given"
    wanted = "application/octet-stream" if path == "/api/update" else "application/json"
    if headers.get("content-type", "").split(";")[0].strip().lower() != wanted:
        return 415, "content-type", "must be " + wanted
    return None
