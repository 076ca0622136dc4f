"""Functions written `async def`: they wait by themselves until what they look for is so, on one asyncio loop.

A function that blocks (time.sleep instead of `await asyncio.sleep`) would hold up all others: it is told so, the
others begin anew on another loop, and that function has a loop of its own from then on.
"""
import asyncio
import os
import threading
import time

from xtrigger_output import CURRENT

LOOP_BLOCKED_MAX = 10.0  # seconds that one step of a function may take
LOOKS = 5  # that often is it looked at within this time, while such functions run


class Steps:
    """Awaits a coroutine, and notes which call has the loop since when."""

    def __init__(self, loop, call, coroutine):
        self.loop, self.call, self.coroutine = loop, call, coroutine

    def __await__(self):
        iterator = self.coroutine.__await__()
        value, problem, told = None, None, False
        while True:
            self.loop.step = (self.call, time.monotonic())
            try:
                waits_for = iterator.send(value) if problem is None else iterator.throw(problem)
            except StopIteration as end:
                return end.value
            finally:
                self.loop.step = None
                self.loop.leave_child()
            value, problem = None, None
            if self.call.loop is not self.loop and not told:  # it lives elsewhere by now
                problem, told = asyncio.CancelledError(), True
                continue
            try:
                value = yield waits_for
            except GeneratorExit:
                iterator.close()
                raise
            except BaseException as raised:
                problem = raised


class Loop:
    """One asyncio loop on a thread, and the calls that live there."""

    def __init__(self):
        self.calls, self.tasks = set(), {}
        self.step = None
        self.pid = os.getpid()
        self.asyncio = asyncio.new_event_loop()
        threading.Thread(target=self.asyncio.run_forever, daemon=True).start()

    def start(self, call, make, done):
        """make() gives the coroutine; done(call, value, problem) is called at its end, on the loop."""
        call.loop = self
        self.calls.add(call)
        self.asyncio.call_soon_threadsafe(self.begin, call, make, done)

    def begin(self, call, make, done):
        token = CURRENT.set(call)  # the task takes a copy of the context
        task = self.tasks[call] = self.asyncio.create_task(self.drive(call, make))
        CURRENT.reset(token)
        task.add_done_callback(lambda ended: self.end(call, ended, done))

    async def drive(self, call, make):
        return await Steps(self, call, make())

    def end(self, call, task, done):
        self.calls.discard(call)
        self.tasks.pop(call, None)
        if call.loop is not self:
            return
        problem = asyncio.CancelledError('it was cancelled') if task.cancelled() else task.exception()
        done(call, None if problem else task.result(), problem)

    def cancel(self, call):
        self.asyncio.call_soon_threadsafe(self.cancel_task, call)

    def cancel_task(self, call):
        task = self.tasks.get(call)
        if task:
            task.cancel()

    def leave_child(self):
        """A process that a function forked is not to run the loop a second time."""
        if os.getpid() != self.pid:
            os._exit(1)

    def blocked_by(self, seconds):
        """The call that has held the loop for so long, or None."""
        step = self.step
        return step[0] if step and time.monotonic() - step[1] > seconds else None


class Loops:
    """One loop for all functions, and one for each function that has blocked."""

    def __init__(self, done, fail):
        self.done, self.fail = done, fail
        self.loops, self.blockers = {}, set()
        self.lock = threading.RLock()
        self.blocked_max, self.looked = LOOP_BLOCKED_MAX, 0.0

    def start(self, call, make):
        with self.lock:
            if call.over:
                return
            call.make = make
            key = call.name if call.name in self.blockers else ''
            loop = self.loops.get(key)
            if loop is None:
                loop = self.loops[key] = Loop()
            if key and loop.blocked_by(self.blocked_max):
                self.fail(call, f'{call.name} blocks: a call of it still has not come to an `await`')
                return
            loop.start(call, make, self.done)

    def cancel(self, call):
        """Nobody waits for the call any more."""
        with self.lock:
            call.over = True
            if call.loop:
                call.loop.cancel(call)

    def look(self):
        """Are there functions that block? Returns the seconds after which to ask again, None: when one has begun."""
        seconds = self.blocked_max / LOOKS
        with self.lock:
            if not any(loop.calls for loop in self.loops.values()):
                return None
            if time.monotonic() - self.looked >= seconds:
                self.looked = time.monotonic()
                for key, loop in list(self.loops.items()):
                    culprit = loop.blocked_by(self.blocked_max)
                    if culprit:
                        self.replace(key, loop, culprit)
        return seconds

    def replace(self, key, loop, culprit):
        text = (f'{culprit.name} blocks: it has not come to an `await` for {self.blocked_max:g} s (asyncio.sleep, '
                'not time.sleep; asyncio.to_thread for what takes its time)')
        waiting = list(loop.calls)
        if not key:
            del self.loops[key]
            self.blockers.add(culprit.name)
        for call in waiting:
            if call.over:
                continue
            if call.name == culprit.name:
                call.loop = None
                self.fail(call, text)
            elif not key:
                self.start(call, call.make)
