"""A program that serves xtriggers of a running workflow, by its name in [scheduling]xtrigger programs.

    from rouse.program import Program

    with Program('flow', 'spool') as program:
        for message in program.messages():
            if 'start' in message:
                program.satisfied(message['start'], where='/there')

docs/xtriggers.md lists the messages. A restart of the scheduler is not noticed: a call goes on under the number it was
started with, and what was said of it and is not kept is said again. The connection is that of `rouse xtrigger-host`,
which must be on the PATH.
"""
import json
import os
import select
import subprocess
import time

from rouse import RouseError

__all__ = ['Program']

CHUNK = 65536


class Program:
    """Serves functions of one workflow. It belongs to one thread."""

    def __init__(self, workflow, *names, heartbeat=10.0, rouse='rouse'):
        command = [rouse, 'xtrigger-host', '--stdio', f'--heartbeat={heartbeat}', workflow, *names]
        try:
            self.bridge = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        except OSError as problem:
            raise RouseError(f'cannot run {rouse}: {problem}') from None
        self.unread = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Serve no more. What has been said is carried out."""
        self.bridge.stdin.close()
        self.bridge.wait()
        self.bridge.stdout.close()

    # --- what it hears

    def messages(self, idle=None):
        """{'start': number, 'function', 'args', 'kwargs', ...}, {'cancel': number}, {'kept': number}, until the workflow is
        complete. idle: None comes when nothing has come for so many seconds. RouseError if it is refused."""
        while True:
            lines = self.lines(idle)
            if lines is None:
                break
            yield from [json.loads(line) for line in lines] or [None]
        status = self.bridge.wait()
        if status:
            raise RouseError(f'rouse xtrigger-host ended with status {status}')

    def lines(self, idle):
        """Those that have come, none of them after `idle` seconds; None: the end."""
        end = None if idle is None else time.monotonic() + idle
        while b'\n' not in self.unread:
            left = None if end is None else max(0, end - time.monotonic())
            if not select.select([self.bridge.stdout], [], [], left)[0]:
                return []
            more = os.read(self.bridge.stdout.fileno(), CHUNK)
            if not more:
                return None
            self.unread += more
        whole, self.unread = self.unread.rsplit(b'\n', 1)
        return whole.split(b'\n')

    # --- what it says

    def say(self, **message):
        """Any message."""
        line = json.dumps(message, allow_nan=False).encode('ascii') + b'\n'
        try:
            self.bridge.stdin.write(line)
        except OSError:
            raise RouseError('rouse xtrigger-host has ended') from None

    def watching(self, number):
        """Taken: `satisfied` follows when it is true, however long that takes."""
        self.say(watching=number)

    def satisfied(self, number, **results):
        """True. {'kept': number} follows when that is committed."""
        self.say(satisfied=number, results=results)

    def not_yet(self, number, **when):
        """Start it again: after=seconds, at=time, file=path (when it changes), or at its interval."""
        self.say(not_yet=number, **when)

    def fail(self, number, error):
        """It went wrong; it is started again at its interval."""
        self.say(fail=number, error=str(error))

    def log(self, number, text):
        """A line for the scheduler's log."""
        self.say(log=number, text=str(text))
