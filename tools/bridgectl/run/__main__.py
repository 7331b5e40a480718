"""`python -m bridgectl.run`: see --help. Ctrl-C, SIGTERM, `q` or the end of --seconds end all that it started.

A second Ctrl-C leaves at once.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import termios
import time
import tty

from bridgectl import firmware
from bridgectl.device import build
from bridgectl.run.ending import Ending
from bridgectl.run.folder import HOTSPOT_PASSWORD, SN, FolderBusy
from bridgectl.run.plain import Plain
from bridgectl.run.session import COMMANDS, Session, given_up

_FRAME_S = 0.2
_PLAIN_S = 0.05
WRONG_USE = 2


def _arguments():
    keys = ", ".join(f"{key} = {meaning}" for key, meaning in COMMANDS)
    parser = argparse.ArgumentParser(
        prog="python -m bridgectl.run",
        description="Run the bridge's firmware on this PC, with a simulated site and a broker on loopback.",
        epilog=f"Keys (with --plain: one a line on the standard input): {keys}.",
    )
    parser.add_argument("--plain", action="store_true", help="lines for pipes instead of a screen")
    parser.add_argument("--sensor", default="", metavar="TTY", help="USB-RS485 adapter with a real sensor")
    parser.add_argument("--plant", default="", metavar="TTY", help="USB-RS485 adapter with a real plant")
    parser.add_argument("--broker", default="", metavar="HOST:PORT", help="another broker instead of the embedded one")
    parser.add_argument("--seconds", type=float, default=0, metavar="N", help="end after N seconds")
    parser.add_argument("--folder", default=str(firmware.BUILD / "run"), help="where the run keeps its files")
    parser.add_argument("--keep", action="store_true", help="keep settings and system of the last run")
    return parser.parse_args()


def _broker(text):
    """Return (host, port) of "host:port" or "host", None for ""."""
    if not text:
        return None
    host, _, port = text.rpartition(":") if ":" in text else (text, "", "1883")
    if not host or not port.isdigit() or not 1 <= int(port) <= 65535:
        sys.exit(f"--broker {text}: must be HOST:PORT, the port 1 to 65535")
    return host, int(port)


def _check_tty(name, path):
    if path and not os.access(path, os.R_OK | os.W_OK):
        sys.exit(f"--{name} {path}: there is no such port, or no right to use it")


async def _commands(session, told):
    """Obey keys or lines of the standard input until it ends."""
    loop = asyncio.get_running_loop()
    heard = asyncio.Queue()

    def read():
        text = os.read(0, 1024).decode(errors="replace")
        for key in text:
            heard.put_nowait(key)
        if not text:
            loop.remove_reader(0)

    try:
        loop.add_reader(0, read)
    except OSError:  # the standard input is a file or closed: nobody will command
        return
    try:
        while True:
            key = await heard.get()
            if key.strip():
                told(await session.obey(key))
    finally:
        loop.remove_reader(0)


async def _start(session, seconds):
    """Start everything; its seconds count from here, for the first run on a PC compiles the firmware."""
    await session.start()
    if seconds:
        asyncio.get_running_loop().call_later(seconds, session.ended.set)


async def _plain(session, seconds):
    plain = Plain(session, time.monotonic())
    session.tell = plain.tell
    await _start(session, seconds)
    at = f"{session.broker_at[0]}:{session.broker_at[1]}"
    plain.tell(f"broker {at} · page {session.page} · log {session.folder.log}")
    plain.tell(f"hotspot {SN} · password {HOTSPOT_PASSWORD}")
    commands = asyncio.create_task(_commands(session, plain.tell))
    try:
        while not session.ended.is_set():
            plain.step()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(session.ended.wait(), _PLAIN_S)
    finally:
        commands.cancel()


async def _screen(session, seconds, ending):
    from rich.live import Live

    from bridgectl.run.screen import draw

    print("Making the firmware; the first time that takes some seconds.", flush=True)
    await _start(session, seconds)
    terminal = termios.tcgetattr(0) if sys.stdin.isatty() else None
    if terminal:
        ending.at_once.append(lambda: _leave(terminal))
        tty.setcbreak(0)
    commands = asyncio.create_task(_commands(session, lambda text: session.firmware.lines.append(f"        {text}")))
    try:
        with Live(draw(session), screen=True, auto_refresh=False) as live:
            while not session.ended.is_set():
                live.update(draw(session, live.console.height, live.console.width), refresh=True)
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(session.ended.wait(), _FRAME_S)
    finally:
        commands.cancel()
        if terminal:
            termios.tcsetattr(0, termios.TCSADRAIN, terminal)


def _leave(terminal):
    """Give the terminal back as it was, at once: its own screen, its cursor, its keys."""
    os.write(1, b"\x1b[?1049l\x1b[?25h")
    termios.tcsetattr(0, termios.TCSANOW, terminal)


async def _run(arguments):
    session = Session(
        folder=arguments.folder,
        sensor=arguments.sensor,
        plant=arguments.plant,
        broker=_broker(arguments.broker),
        keep=arguments.keep,
    )
    ending = Ending(asyncio.get_running_loop(), session.ended)
    ending.at_once.append(session.firmware.kill)
    ending.listen()
    try:
        if arguments.plain or not sys.stdout.isatty():
            await _plain(session, arguments.seconds)
        else:
            await _screen(session, arguments.seconds, ending)
    finally:
        await asyncio.shield(session.end())
        left = await given_up(asyncio.all_tasks() - {asyncio.current_task()})
    first_s = session.first_reading_s
    if first_s is not None:
        how = "make run: start of the firmware to the first published voltage"
        print(json.dumps({"figure": "host_first_reading_s", "value": round(first_s, 2), "unit": "s", "how": how}))
    if left:  # whoever does not let go of the loop would hold this process for ever
        print(session.failure, end="", file=sys.stderr)
        sys.stdout.flush()
        os._exit(1 if session.failure else 0)
    return session.failure


def main():
    """Run until it is ended; exit code 0, 1 if the firmware ended by itself, 2 for wrong use."""
    arguments = _arguments()
    for name in ("sensor", "plant"):
        _check_tty(name, getattr(arguments, name))
    try:
        failure = asyncio.run(_run(arguments))
    except (FolderBusy, build.BuildError, OSError) as problem:
        print(problem, file=sys.stderr)
        sys.exit(WRONG_USE)
    if failure:
        sys.exit(failure)


if __name__ == "__main__":
    main()
