"""Runs the Python xtriggers of a workflow: one interpreter for all of them, for as long as the scheduler runs.

The scheduler starts this program with a socket as descriptor 3. Both sides send JSON objects, one a line:

    scheduler: {"hello": 1, "workflow": NAME, "run_dir": PATH}    (may have "memory_max": BYTES, "blocked_max": SECONDS)
               {"start": N, "function": NAME, "args": [...], "kwargs": {...}}    {"cancel": N}    {"kept": N}
               {"check": N, "function": NAME, "args": [...], "kwargs": {...}}    {"ping": N}
    this:      {"satisfied": N, "results": {...}}    {"not_yet": N}    {"fail": N, "error": TEXT}    {"watching": N}
               {"checked": N, "sequential": BOOL} or {"checked": N, "error": TEXT, "missing": true}
               {"log": N, "text": LINE}    {"pong": N}

One thread reads messages. Each call has a thread, and one that hangs keeps it; functions that have always been quick
are called by the thread that reads, until one of them is not (Quick). Functions written `async def` share a loop (xtrigger_loop.py). The program ends as soon as the socket does.
"""
import collections
import faulthandler
import inspect
import json
import os
import queue
import select
import signal
import socket
import sys
import threading
import time

import xtrigger_loop
import xtrigger_output
from xtrigger_function import Finder, Missing, Refused, clean, explain, read_result, traceback_lines
from xtrigger_output import CURRENT

SOCKET = 3
LINE_BYTES_MAX = 1024 * 1024
HOST_CALLS_MAX = 32
HOST_MEMORY_MAX = 1024 * 1024 * 1024
MEMORY_DRAIN_SECONDS = 10.0  # for calls under way when there is too much memory
MEMORY_HANGING = 10.0  # seconds after which a call is not suspected to take memory
SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP  # of terminals: the scheduler says when it is over
QUICK_SECONDS, QUICK_CALLS = 0.005, 3  # that many calls within that time make a function quick
QUICK_PATIENCE = 0.1  # seconds after which another thread reads on
QUICK_PENALTY = 100  # calls more until it counts as quick again; doubled each time
EXIT_MISUSED, EXIT_MEMORY = 2, 4


to_json = json.JSONEncoder(allow_nan=False, separators=(',', ':'), check_circular=False).encode


class Wire:
    """The socket. Only the process that began may use it."""

    def __init__(self):
        self.pid = os.getpid()
        self.socket = socket.socket(fileno=SOCKET)
        self.socket.setblocking(True)
        self.socket.set_inheritable(False)
        self.lock = threading.Lock()
        self.woken, self.waker = os.pipe()
        self.poll = select.poll()
        self.poll.register(self.socket, select.POLLIN)
        self.poll.register(self.woken, select.POLLIN)
        self.left, self.lines = b'', collections.deque()  # read and not taken
        os.register_at_fork(after_in_child=self.forget)

    def forget(self):
        """In a child that a function forked, which ends by signals like any other."""
        os.close(self.socket.fileno())
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    def send(self, message):
        if os.getpid() != self.pid:
            return
        data = to_json(message).encode('ascii') + b'\n'
        if len(data) > LINE_BYTES_MAX and 'satisfied' in message:
            self.send({'fail': message['satisfied'], 'error': 'the results are larger than 1 MiB'})
            return
        try:
            with self.lock:
                self.socket.sendall(data)
        except OSError:
            end()

    def wake(self):
        """The main thread asks idle() again."""
        os.write(self.waker, b'.')

    def take(self, idle):
        """The next message. idle() tells for how many seconds to wait for it at most, before it is asked again."""
        while not self.lines:
            seconds = idle()
            ready = [fd for fd, _ in self.poll.poll(None if seconds is None else seconds * 1000)]
            if self.woken in ready:
                os.read(self.woken, 4096)
            if self.socket.fileno() in ready:
                self.read()
        return json.loads(self.lines.popleft())

    def read(self):
        try:
            data = self.socket.recv(256 * 1024)
        except OSError:
            data = b''
        if not data:
            end()
        lines = (self.left + data).split(b'\n')
        self.left = lines.pop()
        self.lines.extend(lines)


def end(status=0):
    """At once, whatever hangs; with the processes that functions have started."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGTERM if status else signal.SIGKILL)
    os._exit(status)


class Call:
    """One call, or one check of arguments."""

    def __init__(self, message, number):
        self.number, self.name = number, message['function']
        self.args, self.kwargs = message.get('args', []), message.get('kwargs', {})
        self.over = False  # answered, or nobody waits any more
        self.begun = 0.0
        self.parts = {}  # of lines it prints
        self.loop = self.make = None  # of an async one


class Workers:
    """Threads that run calls: as many as are needed, HOST_CALLS_MAX at most; the others wait."""

    def __init__(self, log):
        self.log, self.pid = log, os.getpid()
        self.waiting = queue.SimpleQueue()
        self.lock = threading.Lock()
        self.threads = self.free = 0
        self.running = set()
        self.after = lambda: None  # each call

    def do(self, call, work):
        self.waiting.put((call, work))
        with self.lock:
            if self.free >= self.waiting.qsize() or self.threads == HOST_CALLS_MAX:
                return
            self.threads += 1
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            with self.lock:
                self.free += 1
            call, work = self.waiting.get()
            with self.lock:
                self.free -= 1
            self.execute(call, work)

    def execute(self, call, work):
        """On this thread."""
        if call.over:
            return
        call.begun = time.monotonic()
        self.running.add(call)
        CURRENT.set(call)
        try:
            work(call)
        finally:
            if os.getpid() != self.pid:  # a child that a function forked came back
                os._exit(1)
            CURRENT.set(None)
            if call.parts:
                xtrigger_output.rest(self.log, call)
            self.running.discard(call)
            self.after()

    def only_call(self):
        """The call that runs, if it is one alone."""
        running = list(self.running)
        return running[0] if len(running) == 1 else None


class Quick:
    """Functions that have always been quick are called by the thread that reads messages: waking another thread would
    cost more than the call. Should one not come back at once, another thread reads on, and the function is called on
    threads of its own until it has been quick for long."""

    def __init__(self, workers, serve):
        self.workers, self.serve = workers, serve
        self.lock = threading.Lock()
        self.calls = {}  # by function: how many quick ones, one after the other; negative: more are needed
        self.penalty = collections.Counter()
        self.turn = 0  # of the threads that read: who has another one stops
        self.name = self.since = None  # what the reading thread calls
        self.used = threading.Event()
        self.watching = False

    def took(self, name, seconds):
        calls = self.calls.get(name, 0)
        self.calls[name] = calls + 1 if seconds <= QUICK_SECONDS else min(calls, 0)

    def is_quick(self, name):
        return self.calls.get(name, 0) >= QUICK_CALLS

    def execute(self, call, work):
        """On the thread that reads."""
        self.name, self.since = call.name, time.monotonic()
        if not self.used.is_set():
            self.used.set()
        if not self.watching:
            self.watching = True
            threading.Thread(target=self.watch, daemon=True).start()
        turn = self.turn
        self.workers.execute(call, work)
        with self.lock:
            if self.turn == turn:
                self.took(call.name, time.monotonic() - self.since)
                self.name = self.since = None

    def watch(self):
        """On a thread of its own, asleep while nothing is called."""
        while True:
            self.used.wait()
            self.used.clear()
            time.sleep(QUICK_PATIENCE)
            with self.lock:
                if self.since is None:
                    continue
                if time.monotonic() - self.since < QUICK_PATIENCE:
                    self.used.set()  # to look again
                    continue
                self.penalty[self.name] = max(QUICK_PENALTY, 2 * self.penalty[self.name])
                self.calls[self.name] = -self.penalty[self.name]
                self.name = self.since = None
                self.turn += 1
            threading.Thread(target=self.serve, daemon=True).start()


class Memory:
    """Ends the process between calls when it has grown too large."""

    def __init__(self, workers, log):
        self.workers, self.log = workers, log
        self.max = HOST_MEMORY_MAX
        self.file, self.page = os.open('/proc/self/statm', os.O_RDONLY | os.O_CLOEXEC), os.sysconf('SC_PAGE_SIZE')
        self.grown = collections.Counter()  # by function, bytes
        self.drains = False
        self.last = self.used()

    def used(self):
        return int(os.pread(self.file, 128, 0).split()[1]) * self.page

    def excuse(self, name):
        """After a call: None, or why the function that grew most is at fault."""
        used, before = self.used(), self.last
        self.last = used
        if used > before:  # it was one of those that run, and not one that hangs
            recent = time.monotonic() - MEMORY_HANGING
            names = {name, *(call.name for call in list(self.workers.running) if call.begun > recent)}
            for each in names:
                self.grown[each] += (used - before) // len(names)
        if used <= self.max:
            return None
        self.stop(used)
        return self.text(used) if self.grown.most_common(1)[0][0] == name else None

    def text(self, used):
        names = [name for name, _ in self.grown.most_common(1)]
        return (f'the Python host uses {used >> 20} MiB of memory, more than the {self.max >> 20} MiB it may have'
                + (f'; it grew most while {names[0]} ran' if names else ''))

    def look(self):
        used = self.used()
        if used > self.max:
            self.stop(used)

    def stop(self, used):
        if self.drains:
            return
        self.drains = True
        self.log.say(None, self.text(used) + ': it ends when its calls are over')
        timer = threading.Timer(MEMORY_DRAIN_SECONDS, end, [EXIT_MEMORY])
        timer.daemon = True
        timer.start()
        self.end_if_drained()

    def end_if_drained(self):
        if self.drains and not self.workers.running:
            end(EXIT_MEMORY)


class Host:
    """What the messages do."""

    def __init__(self):
        self.wire = Wire()
        self.log = xtrigger_output.Log(self.wire.send, clean)
        self.workers = Workers(self.log)
        self.memory = Memory(self.workers, self.log)
        self.workers.after = self.memory.end_if_drained
        self.loops = xtrigger_loop.Loops(self.returned, self.fail)
        self.quick = Quick(self.workers, self.serve)
        self.calls, self.satisfied = {}, {}
        self.lock = threading.Lock()
        self.finder = None
        self.told = {}  # by function: the error whose traceback is in the log

    def serve(self):
        handlers = {'hello': self.hello, 'ping': self.ping, 'start': self.start, 'check': self.check,
                    'cancel': self.cancel, 'kept': self.kept}
        mine = self.quick.turn
        while self.quick.turn == mine:
            message = self.wire.take(self.loops.look)
            for kind, handle in handlers.items():
                if kind in message:
                    handle(message, message[kind])

    # --- what the scheduler says

    def hello(self, message, _):
        self.memory.max = message.get('memory_max', self.memory.max)
        self.loops.blocked_max = message.get('blocked_max', self.loops.blocked_max)
        self.finder = Finder(message['run_dir'])

    def ping(self, _, number):
        self.wire.send({'pong': number})
        self.memory.look()

    def start(self, message, number):
        call = self.calls[number] = Call(message, number)
        if self.memory.drains:
            return  # it is started again in the next process
        if self.quick.is_quick(call.name):
            self.quick.execute(call, self.run)
        else:
            self.workers.do(call, self.run_timed)

    def check(self, message, number):
        self.workers.do(Call(message, number), self.run_check)

    def cancel(self, _, number):
        with self.lock:
            call = self.calls.pop(number, None)
            self.satisfied.pop(number, None)
        if call is not None:
            self.loops.cancel(call)

    def kept(self, _, number):
        with self.lock:
            acknowledge = self.satisfied.pop(number, None)
        if acknowledge:
            function, name, results = acknowledge
            self.workers.do(Call({'function': name}, number), lambda call: self.run_kept(call, function, results))

    # --- calls, on their threads

    def run_timed(self, call):
        begun = time.monotonic()
        self.run(call)
        self.quick.took(call.name, time.monotonic() - begun)

    def run(self, call):
        try:
            function = self.finder.find(call.name)
            if function.is_async:
                self.watch(call, lambda: function.call(*call.args, **call.kwargs))
                return
            value = function.call(*call.args, **call.kwargs)
            if inspect.isawaitable(value):
                self.watch(call, lambda: value)
                return
        except BaseException as problem:
            self.returned(call, None, problem)
        else:
            self.returned(call, value, None)

    def watch(self, call, make):
        self.wire.send({'watching': call.number})
        self.loops.start(call, make)
        self.wire.wake()

    def returned(self, call, value, problem):
        if call.over or os.getpid() != self.wire.pid:
            return
        satisfied, results = False, {}
        try:
            if problem is not None:
                raise problem
            satisfied, results = read_result(value)
        except BaseException as why:
            problem = why
        if call.parts:
            xtrigger_output.rest(self.log, call)
        excuse = self.memory.excuse(call.name)
        if problem is not None:
            self.fail(call, explain(problem), traceback_lines(problem))
        elif satisfied:
            self.succeed(call, results)
        elif excuse:
            self.fail(call, excuse)
        else:
            self.answer(call, {'not_yet': call.number})

    def answer(self, call, message):
        """Once for each call, unless nobody waits any more."""
        with self.lock:
            if call.over:
                return
            call.over = True
            self.calls.pop(call.number, None)
        self.wire.send(message)

    def fail(self, call, text, lines=()):
        if self.told.get(call.name) != text:
            self.told[call.name] = text
            for line in lines:
                self.log.say(call, line)
        self.answer(call, {'fail': call.number, 'error': text})

    def succeed(self, call, results):
        acknowledge = self.finder.find(call.name).beside('kept')
        if acknowledge is not None and not call.over:
            with self.lock:
                self.satisfied[call.number] = acknowledge, call.name, results
        self.answer(call, {'satisfied': call.number, 'results': results})

    def run_kept(self, call, function, results):
        try:
            value = function(results)
            if inspect.isawaitable(value):
                self.loops.start(call, lambda: self.await_kept(call, value))
        except BaseException as problem:
            self.log.say(call, f'kept(): {explain(problem)}')

    async def await_kept(self, call, value):
        call.over = True  # nobody waits for an answer
        try:
            await value
        except Exception as problem:
            self.log.say(call, f'kept(): {explain(problem)}')

    def run_check(self, call):
        told = {'checked': call.number}
        try:
            told.update(self.finder.find(call.name).check(call.args, call.kwargs))
        except BaseException as problem:
            if os.getpid() != self.wire.pid:
                raise
            told.update({'error': explain(problem)}, **({'missing': True} if isinstance(problem, Missing) else {}))
            if not isinstance(problem, (Refused, ImportError, SyntaxError)) and not is_config_error(problem):
                for line in traceback_lines(problem):
                    self.log.say(call, line)
        self.wire.send(told)


def is_config_error(problem):
    """What validate() is to raise: its text is enough."""
    return any(kind.__name__ == 'CylcError' for kind in type(problem).__mro__)


def take_output(log, only_call):
    """Nothing that functions print goes elsewhere than to the log; a crash is told on the first stderr."""
    faulthandler.enable(os.dup(2), all_threads=False)
    reader, writer = os.pipe()
    os.dup2(writer, 1)
    os.dup2(writer, 2)
    os.close(writer)
    threading.Thread(target=xtrigger_output.read_descriptor, args=(log, reader, only_call), daemon=True).start()
    sys.stdout, sys.stderr = xtrigger_output.Stream(log, 1), xtrigger_output.Stream(log, 2)


def main():
    try:
        host = Host()
    except OSError:
        sys.stderr.write('xtrigger_host.py: the scheduler starts this program, with a socket as descriptor 3\n')
        return EXIT_MISUSED
    for number in SIGNALS:
        signal.signal(number, lambda *_: None)  # not SIG_IGN, which what functions start would inherit
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [place for place in sys.path if os.path.abspath(place) != own]
    sys.path += [os.path.dirname(own), os.path.join(own, 'cylc_shim')]
    take_output(host.log, host.workers.only_call)
    host.serve()
    host.workers.run()  # another thread reads by now
    return 0


if __name__ == '__main__':
    sys.exit(main())
