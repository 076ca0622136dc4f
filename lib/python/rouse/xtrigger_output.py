"""What functions print, line by line, to the log of the scheduler: at most so much of it."""
import contextvars
import io
import os
import threading
import time

CURRENT = contextvars.ContextVar('xtrigger call', default=None)  # the call that runs here
LINE_MAX = 2000  # characters
LINES_MAX, LINES_SECONDS = 200, 60.0  # for each function, or what else prints

log_pid = os.getpid()


class Meter:
    """Counts lines of one origin; says how many were left out."""

    def __init__(self):
        self.begun, self.lines, self.left_out = 0.0, 0, 0

    def take(self):
        """(whether this line goes, how many were left out before it)."""
        now, before = time.monotonic(), 0
        if now - self.begun > LINES_SECONDS:
            self.begun, self.lines = now, 0
            before, self.left_out = self.left_out, 0
        self.lines += 1
        if self.lines > LINES_MAX:
            self.left_out += 1
            return False, 0
        return True, before


class Log:
    """Lines to the scheduler, with the number of the call they belong to (0: of none)."""

    def __init__(self, send, clean):
        self.send, self.clean = send, clean
        self.meters = {}
        self.lock = threading.Lock()

    def say(self, call, text):
        with self.lock:
            origin = call.name if call else ''
            goes, left_out = self.meters.setdefault(origin, Meter()).take()
        number = call.number if call else 0
        if left_out:
            self.send({'log': number, 'text': f'({left_out} lines were left out)'})
        if goes:
            self.send({'log': number, 'text': self.clean(text)[:LINE_MAX]})


class Stream(io.TextIOBase):
    """sys.stdout and sys.stderr of all functions."""

    def __init__(self, log, fd):
        super().__init__()
        self.log, self.fd = log, fd
        self.buffer = io.FileIO(fd, 'w', closefd=False)
        self.own = threading.local()

    encoding, errors = 'utf-8', 'backslashreplace'

    def writable(self):
        return True

    def fileno(self):
        return self.fd

    def write(self, text):
        if os.getpid() != log_pid:  # a child that a function forked
            os.write(self.fd, text.encode('utf-8', 'backslashreplace'))
            return len(text)
        call = CURRENT.get()
        parts = call.parts if call else self.own.__dict__.setdefault('parts', {})
        lines = (parts.pop(self.fd, '') + text).split('\n')
        last = lines.pop()
        for line in lines:
            self.log.say(call, line)
        if len(last) > LINE_MAX:
            self.log.say(call, last)
        elif last:
            parts[self.fd] = last
        return len(text)

    def flush(self):
        pass


def rest(log, call):
    """What a call printed last, without a line end."""
    for text in call.parts.values():
        log.say(call, text)
    call.parts.clear()


def read_descriptor(log, fd, only_call):
    """On a thread of its own: what others than Python's own streams write to stdout and stderr. It is counted to the
    call that runs, if it is one alone."""
    left = b''
    while True:
        data = os.read(fd, 64 * 1024)
        if not data:
            return
        lines = (left + data).split(b'\n')
        left = lines.pop()[-LINE_MAX:]
        for line in lines:
            log.say(only_call(), line.decode('utf-8', 'backslashreplace'))
