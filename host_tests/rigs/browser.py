"""A real browser for the pages: Chromium without a window, spoken to through its DevTools pipe.

Source: https://chromedevtools.github.io/devtools-protocol/, domains Page, Runtime, Log, Emulation, DOM, Input.
"""

import json
import os
import subprocess
import sys
import time

from bridgectl.docs.pictures import browser

_PATIENCE_S = 60
_LOOK_S = 0.05
_PIECE = 65536

# The browser wants the ends of its pipe at 3 and 4, wherever they are.
_BECOME = """
import os, sys
for _ in range(4):  # so that neither is in the other's way
    ends = [os.dup(int(end)) for end in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""

# What sticks out of the window to the right, as [tag, id or class, its text]; a cut off text is not out.
_OUTSIDE = """[...document.querySelectorAll("body *")].filter((e) => {
  const box = e.getBoundingClientRect();
  if (!box.width || box.right <= WIDTH + 0.5) return false;
  for (let up = e.parentElement; up; up = up.parentElement) {
    if (getComputedStyle(up).overflowX !== "visible") return false;
  }
  return true;
}).map((e) => [e.tagName, e.id || e.className, e.textContent.slice(0, 40)])"""


class Browser:
    """A context manager. One page at a time; `problems` is what the page's console held against it since it was opened.

    An answer that refuses what was asked (a status of 400 or 409) is no problem of the page.
    """

    def __init__(self, profile):
        """profile: an empty folder."""
        self._profile = profile
        self._count = 0
        self._answers = {}
        self._rest = b""
        self._page = None
        self.problems = []
        self.asked = []  # texts of the questions that the page put in a box of the browser; each is said yes to

    def __enter__(self):
        inward, self._to = os.pipe()
        self._from, outward = os.pipe()
        words = [sys.executable, "-c", _BECOME, str(inward), str(outward), browser()]
        words += ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run"]
        words += ["--force-prefers-reduced-motion", f"--user-data-dir={self._profile}", "about:blank"]
        self._process = subprocess.Popen(
            words, pass_fds=(inward, outward), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(inward)
        os.close(outward)
        return self

    def __exit__(self, *_):
        os.close(self._to)  # its end is the browser's
        try:
            self._process.wait(_PATIENCE_S)
        finally:
            self._process.kill()
            os.close(self._from)

    def open(self, address, width=360, height=800):
        """Load a page as a phone of this width shows it."""
        self._width = width
        if self._page:
            self._ask("Target.closeTarget", targetId=self._target)
        self._page = None
        self._target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._page = self._ask("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self._ask(domain + ".enable")
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=True)
        self.problems.clear()
        self.asked.clear()
        self._ask("Page.navigate", url=address)
        self.until('document.readyState === "complete" && document.body && document.body.id')

    def run(self, script):
        """Return the value of an expression in the page; AssertionError with what it threw."""
        found = self._ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, (script, found["exceptionDetails"])
        return found["result"].get("value")

    def until(self, script):
        """Return the value of an expression once it is true in the page; AssertionError if it does not become so."""
        end = time.monotonic() + _PATIENCE_S
        while True:
            found = self.run(script)
            if found:
                return found
            assert time.monotonic() < end, (script, self.run("document.body.innerText"), self.problems)
            time.sleep(_LOOK_S)

    def text(self, selector):
        """Return what a person reads in an element, "" if it is not shown."""
        return self.run(f"(document.querySelector({json.dumps(selector)}) || {{}}).innerText || ''")

    def press(self, selector):
        """Click an element, which must be there, shown, and not covered by another one."""
        place = f"document.querySelector({json.dumps(selector)})"
        self.run(f"{place}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        x, y, hit = self.run(
            f"(() => {{ const e = {place}, b = e.getBoundingClientRect(); const x = b.x + b.width / 2, "
            "y = b.y + b.height / 2, at = document.elementFromPoint(x, y); return [x, y, at && e.contains(at)] })()"
        )
        assert hit, f"{selector} is not to be clicked"
        for kind in ("mousePressed", "mouseReleased"):
            self._ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, selector, text):
        """Put a text into a field in place of what is there, as a keyboard does."""
        self.run(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.focus(); e.select(); }})()")
        if text:
            self._ask("Input.insertText", text=text)
        else:
            self.run("document.execCommand('delete')")

    def choose_file(self, selector, path):
        """Choose a file, as a person does."""
        root = self._ask("DOM.getDocument")["root"]["nodeId"]
        node = self._ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self._ask("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def outside(self):
        """Return what sticks out of the window, and by how many pixels it can be moved sideways if it can."""
        wide = self.run(f"Math.max(innerWidth, document.documentElement.scrollWidth) - {self._width}")
        return self.run(_OUTSIDE.replace("WIDTH", str(self._width))) + ([wide] if wide > 0 else [])

    def _ask(self, method, **arguments):
        self._count += 1
        mark = self._count
        self._send(mark, method, arguments)
        while mark not in self._answers:
            self._take()
        answer = self._answers.pop(mark)
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    def _send(self, mark, method, arguments):
        message = {"id": mark, "method": method, "params": arguments}
        if self._page and not method.startswith("Target."):
            message["sessionId"] = self._page
        os.write(self._to, json.dumps(message).encode() + b"\0")

    def _take(self):
        piece = os.read(self._from, _PIECE)
        assert piece, "the browser has ended"
        *whole, self._rest = (self._rest + piece).split(b"\0")
        for content in whole:
            self._hear(json.loads(content))

    def _hear(self, message):
        told = message.get("params", {})
        if "id" in message:
            self._answers[message["id"]] = message
        elif message["method"] == "Runtime.exceptionThrown":
            self.problems.append(told["exceptionDetails"].get("exception", {}).get("description", str(told)))
        elif message["method"] == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.problems.append(str(told["args"]))
        elif message["method"] == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            text = told["entry"]["text"]
            if "status of 400" not in text and "status of 409" not in text:
                self.problems.append(f"{text} {told['entry'].get('url', '')}")
        elif message["method"] == "Page.javascriptDialogOpening":
            self.asked.append(told["message"])
            self._count += 1
            self._send(self._count, "Page.handleJavaScriptDialog", {"accept": True})
