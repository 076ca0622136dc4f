"""A program that serves xtriggers of a running workflow, by its name in [scheduling]xtrigger programs.

    from rouse.program import Program

    program = Program('flow', 'spool')
    for message in program.messages():
        if 'start' in message:
            program.satisfied(message['start'], where='/there')

docs/xtriggers.md lists the messages. A restart of the scheduler is not noticed: a call goes on under the number it was
started with, and what was said of it and not acknowledged is said again. Needs pyzmq.
"""
import time

from rouse import Client, NotRunning, RouseError, run_directory

try:
    import zmq
except ImportError:  # said when a Client is made
    zmq = None

__all__ = ['Program']

RETRY_FIRST, RETRY_LAST = 0.1, 5.0  # seconds
BEATS_MISSED = 3
FOR_EVER = 1e9


class Lost(RouseError):
    """The connection is; there may be another one."""


class Call:
    """What was started: number is the program's, remote the scheduler's on this connection (None: not yet)."""

    def __init__(self, number, signature):
        self.number, self.signature, self.remote, self.said = number, signature, None, None


class Program:
    """Serves functions of one workflow."""

    def __init__(self, workflow, *names, heartbeat=10.0, program='python'):
        self.workflow, self.names, self.heartbeat, self.program = workflow, list(names), heartbeat, program
        self.client = self.stream = self.monitor = None
        self.calls, self.last = {}, 0  # by number
        self.says = {}  # Future: number of what it says is satisfied, or None
        self.starts = self.retry = self.beat = 0
        self.greeted = False
        run_directory(workflow)  # whether there is one at all

    # --- what a program says

    def watching(self, number):
        """Taken: `satisfied` follows when it is true, however long that takes."""
        self.say(number, {'watching': number})

    def satisfied(self, number, **results):
        """True. {'kept': number} follows when that is committed."""
        self.say(number, {'satisfied': number, 'results': results})

    def not_yet(self, number, **when):
        """Start it again: after=seconds, at=time, file=path (when it changes), or at its interval."""
        self.say(number, {'not_yet': number, **when})

    def fail(self, number, error):
        """It went wrong; it is started again at its interval."""
        self.say(number, {'fail': number, 'error': str(error)})

    def log(self, number, text):
        """A line for the scheduler's log."""
        self.say(number, {'log': number, 'text': str(text)})

    # --- what it hears

    def messages(self, idle=None):
        """{'start': number, 'function', 'args', 'kwargs', ...}, {'cancel': number}, {'kept': number}, until the workflow is
        complete. idle: None comes when nothing has come for so many seconds. RouseError if it is refused."""
        try:
            while True:
                try:
                    yield from self.serve(idle)
                    return
                except (Lost, NotRunning):
                    self.disconnect()
                    self.retry = min(RETRY_LAST, 2 * self.retry or RETRY_FIRST)
                    time.sleep(self.retry)
        finally:
            self.close()

    def close(self):
        """Serve no more."""
        if self.client:
            self.stream.cancel()
            self.client.socket.linger = 1000
        self.disconnect()

    # --- the inside

    def serve(self, idle):
        self.connect()
        while True:
            now = time.monotonic()
            self.keep_alive(now)
            until = now + (FOR_EVER if idle is None else idle)
            told = self.hear()
            while not told and not self.stream.answer and (now := time.monotonic()) < until:
                self.wait(min(until, self.beat) - now)
                self.keep_alive(time.monotonic())
                told = self.hear()
            if not told and self.stream.answer:
                self.end(*self.stream.answer)
                return
            yield from told or [None]

    def connect(self):
        self.client = Client(self.workflow, self.program)
        self.monitor = self.client.socket.get_monitor_socket(
            zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED | zmq.EVENT_HANDSHAKE_FAILED_AUTH
            | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
        self.stream = self.client.begin('xtrigger-host', {'register': self.names, 'heartbeat': self.heartbeat}, True)
        self.beat = time.monotonic() + self.heartbeat

    def disconnect(self):
        if self.client:
            self.client.socket.disable_monitor()
            self.monitor.close()
            self.client.close()
        self.client = self.stream = self.monitor = None
        self.says.clear()
        for call in self.calls.values():
            call.remote = None

    def wait(self, seconds):
        """Until an answer is there or may be, at most so long."""
        poller = zmq.Poller()
        poller.register(self.client.socket, zmq.POLLIN)
        poller.register(self.monitor, zmq.POLLIN)
        ready = dict(poller.poll(max(0, seconds * 1000)))
        if self.monitor in ready and self.client.socket not in ready:
            raise Lost(f'there is no connection to {self.workflow}')

    def keep_alive(self, now):
        if now < self.beat:
            return
        if sum(number is None for number in self.says.values()) > BEATS_MISSED:
            raise Lost(f'{self.workflow} does not answer')
        self.beat = now + self.heartbeat
        self.post({'heartbeat': True}, None)

    def post(self, message, number):
        future = self.client.send('xtrigger-say', host=self.stream.request, **message)
        self.says[future] = number

    def say(self, number, message):
        call = self.calls.get(number)
        if not call or (call.said and 'satisfied' in call.said and 'log' not in message):
            return
        if 'watching' in message or 'satisfied' in message:
            call.said = message
        elif 'log' not in message:
            del self.calls[number]
        self.send(call, message)

    def send(self, call, message):
        if self.client and call.remote:
            [kind] = [kind for kind in ('watching', 'satisfied', 'not_yet', 'fail', 'log') if kind in message]
            self.post({**message, kind: call.remote}, call.number if kind == 'satisfied' else None)

    def hear(self):
        """What has come, as the program is to be told."""
        self.client.read(0)
        told = []
        while self.stream.chunks:
            told += self.take(self.stream.chunks.popleft())
            self.client.post({'command': 'taken', 'args': {'id': self.stream.request, 'n': 1}})
        for future in [future for future in self.says if future.answer is not None]:
            number = self.says.pop(future)
            if number in self.calls and future.answer[0] == 'data':
                told += self.over(self.calls[number], 'kept')
        return told

    def over(self, call, how):
        del self.calls[call.number]
        return [{how: call.number}]

    def take(self, message):
        if 'hello' in message:
            self.retry, self.starts, self.greeted = 0, message['starts'], True
            return [] if self.starts else self.settle()
        if 'start' in message:
            return self.start(message)
        [(how, remote)] = message.items()
        return [told for call in list(self.calls.values()) if call.remote == remote for told in self.over(call, how)]

    def start(self, message):
        signature, told = message['signature'], []
        call = next((call for call in self.calls.values() if call.signature == signature), None)
        if call and call.remote is None:
            call.remote = message['start']
            if call.said:
                self.send(call, call.said)
        else:
            self.last += 1
            call = self.calls[self.last] = Call(self.last, signature)
            call.remote = message['start']
            told = [{**message, 'start': call.number}]
        if self.starts:
            self.starts -= 1
            told += [] if self.starts else self.settle()
        return told

    def settle(self):
        """All has been started again: what has not is over."""
        return [told for call in list(self.calls.values()) if call.remote is None
                for told in self.over(call, 'kept' if call.said and 'satisfied' in call.said else 'cancel')]

    def end(self, kind, value):
        if kind == 'error' and not self.greeted:
            raise RouseError(value)
        if kind == 'error' or value.get('again'):
            raise Lost(str(value))
        if not value.get('complete'):
            raise RouseError(value.get('end', 'the stream ended'))
