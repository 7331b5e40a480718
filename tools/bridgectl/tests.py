"""Runs the test suite on all cores and then the trace from requirements to tests; further arguments go to pytest.

Results: build/tests.xml (JUnit) and build/tests.json (seconds, and those of the processor). In CI a skipped test is a
failure (host_tests/conftest.py).
"""

import json
import os
import resource
import subprocess
import sys
import time

from bridgectl import firmware


def main():
    out = firmware.ROOT / "build"
    out.mkdir(exist_ok=True)
    started = time.monotonic()
    # Many tests wait for a real line or clock, and none minds who else is there: more workers than there are cores.
    workers = ["-n", str(3 + (os.cpu_count() or 1))]
    command = [sys.executable, "-m", "pytest", *workers, f"--junitxml={out / 'tests.xml'}", *sys.argv[1:]]
    # What Python compiles is kept for all processes, but not beside the sources.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(out / "pycache")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    code = subprocess.run(command, cwd=firmware.ROOT, env=environment, check=False).returncode
    seconds = round(time.monotonic() - started, 1)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = round(used.ru_utime + used.ru_stime, 1)
    if not sys.argv[1:]:
        (out / "tests.json").write_text(json.dumps({"seconds": seconds, "cpu": cpu, "code": code}))
        code = code or subprocess.run([sys.executable, "-m", "bridgectl.docs.trace", "--short"], check=False).returncode
    print(f"{seconds} s, {cpu} s of the processor")
    sys.exit(code)


if __name__ == "__main__":
    main()
