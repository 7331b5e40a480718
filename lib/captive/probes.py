"""How phones and computers look for a captive portal: one table, and the answer that makes each open its window.

Each system fetches a page whose content it knows, over plain HTTP. If something else comes back, it shows that in a
window of its own. A redirection (302) to the portal's plain address does this on all of them: the window then carries
an address that keeps working, and no page is ever served under a stranger's name.
"""

# path that nothing but a probe asks for, system; hosts: see the test, vendors of phones use some of their own too
# fmt: off
PROBES = (
    ("/hotspot-detect.html",       "iOS, macOS"),
    ("/library/test/success.html", "iOS, macOS"),
    ("/generate_204",              "Android"),
    ("/gen_204",                   "Android"),
    ("/connecttest.txt",           "Windows"),
    ("/redirect",                  "Windows"),
    ("/ncsi.txt",                  "Windows"),
    ("/canonical.html",            "Firefox"),
    ("/success.txt",               "Firefox"),
    ("/check_network_status.txt",  "GNOME"),
    ("/nm",                        "GNOME"),
)
# Systems whose probe is the first page of a host of theirs.
HOSTS = (
    ("connectivity-check.ubuntu.com", "Ubuntu"),
    ("networkcheck.kde.org",          "KDE"),
)
# fmt: on


def system(host, path):
    """Return whose probe a request is ("Android" ...), or None; host without port, in lower case."""
    for known, name in PROBES:
        if path == known:
            return name
    for known, name in HOSTS:
        if host == known:
            return name
    return None


def redirection(address, port):
    """Return the address of the portal, for the Location of a 302: "http://192.168.4.1/"."""
    return "http://%s/" % address if port == 80 else "http://%s:%d/" % (address, port)
