"""How phones and computers look for a captive portal: one table, and the answer that makes each of them open its window.

Each system fetches a page whose content it knows, over plain HTTP. If something else comes back, it shows that in a
window of its own. A redirection (302) to the portal's plain address does this on all of them: the window then carries
an address that keeps working, and no page is ever served under a stranger's name.
"""

# system, host, path, what it expects of an open network
# fmt: off
PROBES = (
    ("iOS, macOS", "captive.apple.com",             "/hotspot-detect.html",         "200 with Success"),
    ("iOS, macOS", "www.apple.com",                 "/library/test/success.html",   "200 with Success"),
    ("Android",    "connectivitycheck.gstatic.com", "/generate_204",                "204"),
    ("Android",    "connectivitycheck.android.com", "/generate_204",                "204"),
    ("Android",    "clients3.google.com",           "/generate_204",                "204"),
    ("Android",    "www.google.com",                "/gen_204",                     "204"),
    ("Windows",    "www.msftconnecttest.com",       "/connecttest.txt",             "Microsoft Connect Test"),
    ("Windows",    "ipv6.msftconnecttest.com",      "/connecttest.txt",             "Microsoft Connect Test"),
    ("Windows",    "www.msftconnecttest.com",       "/redirect",                    "what its window opens"),
    ("Windows",    "www.msftncsi.com",              "/ncsi.txt",                    "Microsoft NCSI"),
    ("Firefox",    "detectportal.firefox.com",      "/canonical.html",              "200 with its own page"),
    ("Firefox",    "detectportal.firefox.com",      "/success.txt",                 "success"),
    ("GNOME",      "nmcheck.gnome.org",             "/check_network_status.txt",    "NetworkManager is online"),
    ("GNOME",      "network-test.debian.org",       "/nm",                          "NetworkManager is online"),
    ("Ubuntu",     "connectivity-check.ubuntu.com", "/",                            "204 or its header"),
    ("KDE",        "networkcheck.kde.org",          "/",                            "OK"),
)
# fmt: on


def system(host, path):
    """Return whose probe a request is ("Android" ...), or None; host without port, in lower case.

    A path that only a probe has counts under any host name: vendors of phones use hosts of their own for it.
    """
    for name, known_host, known_path, _ in PROBES:
        if path == known_path and (host == known_host or path != "/"):
            return name
    return None


def redirection(address, port):
    """Return the address of the portal, for the Location of a 302: "http://192.168.4.1/"."""
    return "http://%s/" % address if port == 80 else "http://%s:%d/" % (address, port)
