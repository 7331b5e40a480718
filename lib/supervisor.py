"""Keeps the tasks of the device alive, and the watchdog fed as long as the essential ones beat.

A task that ends or raises is started again after a growing pause. A task that hangs (no beat for _SILENT_S) is left alone,
for nobody can know what it holds; if it is essential the watchdog starves and the whole device starts anew.
What a task died of is told as far as memory allows; that it is dead is noted first, and without taking any.
The only place with a broad except, and with servers the only one with create_task.
"""

import asyncio
import io
import sys

import clock
import log
from micropython import const

_CHECK_MS = const(1000)  # well below the shortest watchdog of the chips (8.3 s)
_SILENT_S = const(30)
_STEADY_S = const(300)  # a task that ran this long starts with the shortest pause again
_EXHAUSTED = const(3)  # essential: then only a new start brings the memory back in one piece
_EXHAUSTED_OTHERS = const(5)  # deaths of one job that found no memory, each time that there were so many more
_PAUSE_MAX_S = const(16)  # essential: below _SILENT_S, so that a pause is not taken for a hang
_PAUSE_MAX_OTHERS_S = const(60)


def pause_s(failures, essential):
    """Return the pause in s before start number `failures` + 1: 1, 2, 4 ... up to the bound of its kind."""
    longest = _PAUSE_MAX_S if essential else _PAUSE_MAX_OTHERS_S
    return min(1 << min(failures - 1, 10), longest)


class _Job:
    def __init__(self, name, make, essential):
        self.name = name
        self.make = make
        self.essential = essential
        self.task = None
        self.failures = 0
        self.starved = 0  # deaths for want of memory since its last steady time
        self.started_s = 0
        self.beat_s = 0
        self.due_s = 0
        self.running = False

    def beat(self):
        self.beat_s = clock.seconds()


class Supervisor:
    """Runs every job that was added; `run()` ends only by cancellation, and then takes its jobs along."""

    def __init__(self, watchdog, exhausted=None):
        """watchdog: object with feed(). exhausted(name): called when a job that is not essential found no memory
        five times, and after five more."""
        self._watchdog = watchdog
        self._tell_exhausted = exhausted
        self._jobs = []
        self._starving = False
        self._exhausted = 0  # essential jobs that found no memory

    def add(self, name, make, essential=False, delay_s=0):
        """Add a job. make(beat) returns the coroutine of one life of the task; it calls beat() at least every 5 s.

        delay_s: it starts so long after the others; for what blocks while it starts, and for essential jobs below 30.
        """
        job = _Job(name, make, essential)
        job.due_s = delay_s + clock.seconds()
        self._jobs.append(job)

    def healthy(self):
        """Return True while every essential job runs and beats."""
        return not self.silent()

    def silent(self):
        """Return the names of the essential jobs that do not run or have not beaten for 30 s."""
        now_s = clock.seconds()
        return [j.name for j in self._jobs if j.essential and (not j.running or now_s - j.beat_s > _SILENT_S)]

    def restarts(self):
        """Return how often each job failed since its last steady time, as {name: count}, without those at 0."""
        return {j.name: j.failures for j in self._jobs if j.failures}

    def lived_s(self):
        """Return for how many seconds every job has been alive, essential or not; 0 while one waits to be started."""
        now_s = clock.seconds()
        return min([now_s - j.started_s if j.running else 0 for j in self._jobs])

    async def run(self):
        """Start all jobs and look after them for ever."""
        try:
            while True:
                try:
                    self._check()
                except MemoryError:
                    pass  # without food from this check; the next one is a second away
                await asyncio.sleep_ms(_CHECK_MS)
        finally:
            for job in self._jobs:
                if job.running:
                    job.task.cancel()

    def _check(self):
        now_s = clock.seconds()
        hung = False
        for job in self._jobs:
            if not job.running:
                if now_s >= job.due_s:
                    self._start(job, now_s)
            elif job.failures and now_s - job.started_s > _STEADY_S:
                job.failures = job.starved = self._exhausted = 0
            # A pause counts as silence too: it is shorter than _SILENT_S, so only a job that never comes back starves us.
            if job.essential and now_s - job.beat_s > _SILENT_S:
                hung = True
                if not self._starving:
                    log.error("supervisor", job.name + " has not beaten for 30 s, the watchdog gets no more food")
        self._starving = hung
        if not hung and self._exhausted < _EXHAUSTED:
            self._watchdog.feed()

    def _start(self, job, now_s):
        job.started_s = job.beat_s = now_s
        job.task = asyncio.create_task(self._live(job))
        job.running = True  # only now: nobody lives if there was no memory for the task

    async def _live(self, job):
        error = None
        try:
            await job.make(job.beat)
        except Exception as e:  # the one place: whatever a task dies of, the others go on
            error = e
        finally:
            # Nothing here takes memory, so nothing can come between a death and its note.
            job.running = False
            job.failures += 1
            job.due_s = clock.seconds() + pause_s(job.failures, job.essential)
            if isinstance(error, MemoryError):
                job.starved += 1
                if job.essential:
                    self._exhausted += 1
        try:
            self._tell(job, error)
        except Exception as e:
            print(job.name, type(e))  # no memory for more words
        if self._tell_exhausted and isinstance(error, MemoryError) and not job.essential:
            if job.starved % _EXHAUSTED_OTHERS == 0:
                self._tell_exhausted(job.name)

    def _tell(self, job, error):
        text = "ended"
        if error:
            trace = io.StringIO()
            sys.print_exception(error, trace)
            print(trace.getvalue())
            # The last line names the error, the one before the place.
            text = " < ".join([x.strip() for x in trace.getvalue().strip().split("\n")[-1:-3:-1]])
        if job.essential and self._exhausted == _EXHAUSTED:
            text += "; no memory for what must run, the watchdog gets no more food"
        log.error("supervisor", "%s: %s; again in %d s" % (job.name, text, job.due_s - clock.seconds()))
