"""Commanding and watching a running workflow from Python.

    from rouse import Client

    with Client('forecast') as flow:
        print(flow.ask('ping'))
        held = flow.send('hold', ids=['4/prepare'])      # at once
        shown = flow.send('show', ids=['3/prepare'])
        print(shown.result())                            # in any order
        held.result(timeout=30)
        for tasks in flow.stream('dump'):                # long answers in chunks
            print(len(tasks))

docs/protocol.md lists the commands and their arguments. Needs pyzmq. A Client belongs to one thread at a time.
"""
import collections
import json
import os
import re
import time

try:
    import zmq
except ImportError as problem:  # said when a Client is made, so that the module can be looked at without
    zmq = None
    ZMQ_PROBLEM = str(problem)

__all__ = ['Client', 'Future', 'RouseError', 'NotRunning', 'RemoteError', 'TimedOut']

TIMEOUT = 5.0  # seconds, as Cylc's comms timeout


class RouseError(Exception):
    """Something went wrong."""


class NotRunning(RouseError):
    """The workflow does not run, or there is none of that name."""


class RemoteError(RouseError):
    """The scheduler answered with an error."""


class TimedOut(RouseError):
    """No answer within the time; it may still come."""


def run_directory(workflow):
    """The run directory of a name ("flow": its latest run), or of a path."""
    if workflow.startswith(('/', './', '../')) or workflow in ('.', '..'):
        path = os.path.realpath(workflow)
    else:
        path = os.path.join(os.path.expanduser('~'), 'cylc-run', workflow)
        if os.path.isdir(os.path.join(path, 'runN')):
            path = os.path.join(path, 'runN')
        path = os.path.realpath(path)
    if not os.path.isdir(path):
        raise NotRunning(f'there is no workflow {workflow!r} (no directory {path})')
    return path


def read_contact(directory, workflow):
    try:
        with open(os.path.join(directory, '.service', 'contact'), encoding='utf-8') as file:
            items = dict(line.rstrip('\n').split('=', 1) for line in file if '=' in line)
    except FileNotFoundError:
        raise NotRunning(f'{workflow} is not running') from None
    if not items.get('CYLC_WORKFLOW_PORT', '').isdigit():
        raise RouseError(f'the contact file of {workflow} is damaged: no port')
    return items


def read_key(directory, name, which):
    path = os.path.join(directory, '.service', name)
    try:
        with open(path, encoding='utf-8') as file:
            found = re.search(which + r'\s*=\s*"([^"]{40})"', file.read())
    except OSError as problem:
        raise RouseError(f'the keys cannot be read: {problem}') from None
    if not found:
        raise RouseError(f'{path} is damaged: no {which}')
    return found[1].encode('ascii')


class Future:
    """An answer that is on its way."""

    def __init__(self, client, request, command, streamed):
        self.client, self.request, self.command, self.streamed = client, request, command, streamed
        self.chunks = collections.deque()
        self.answer = None  # ('data', value) or ('error', text)

    def done(self):
        """Whether the answer is there; does not wait."""
        self.client.read(0)
        return self.answer is not None

    def result(self, timeout=TIMEOUT):
        """The answer, waited for at most so many seconds (None: for ever). RemoteError if it is one."""
        end = None if timeout is None else time.monotonic() + timeout
        while self.answer is None:
            self.client.wait(end, self.command)
        kind, value = self.answer
        if kind == 'error':
            raise RemoteError(value)
        return value

    def cancel(self):
        """Nothing more of the answer is wanted."""
        self.client.forget(self)


class Client:
    """One connection to one workflow."""

    def __init__(self, workflow, program='python'):
        if zmq is None:
            raise RouseError(f'the module rouse needs pyzmq, which is not installed here ({ZMQ_PROBLEM})')
        self.workflow, self.program = workflow, program
        self.directory = run_directory(workflow)
        contact = read_contact(self.directory, workflow)
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.curve_serverkey = read_key(self.directory, 'server.key', 'public-key')
        self.socket.curve_publickey = read_key(self.directory, 'client.key_secret', 'public-key')
        self.socket.curve_secretkey = read_key(self.directory, 'client.key_secret', 'secret-key')
        host = contact.get('CYLC_WORKFLOW_HOST', '')
        here = host in ('', 'localhost', os.uname().nodename)
        self.socket.connect(f'tcp://{"127.0.0.1" if here else host}:{contact["CYLC_WORKFLOW_PORT"]}')
        self.last, self.under_way = 0, {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End the connection. What has been sent is carried out."""
        self.socket.close()
        self.context.term()

    def send(self, command, **args):
        """Send a request and return its Future at once."""
        return self.begin(command, args, False)

    def ask(self, command, *, timeout=TIMEOUT, **args):
        """Send a request and wait for its answer."""
        return self.send(command, **args).result(timeout)

    def stream(self, command, *, timeout=TIMEOUT, **args):
        """Chunks of a long answer, then (if it says anything) its end. timeout: for each (None: for ever)."""
        future = self.begin(command, args, True)
        try:
            while True:
                end = None if timeout is None else time.monotonic() + timeout
                while not future.chunks and future.answer is None:
                    self.wait(end, command)
                if future.chunks:
                    yield future.chunks.popleft()
                    self.post({'command': 'taken', 'args': {'id': future.request, 'n': 1}})
                else:
                    yield future.result(0)
                    return
        finally:
            if future.answer is None:
                future.cancel()

    def subscribe(self):
        """{'snapshot': [task, ...]}, {'sentinel': workflow}, then {'deltas': [change, ...]} for ever."""
        return self.stream('subscribe', timeout=None)

    # --- the inside ---

    def begin(self, command, args, streamed):
        self.last += 1
        future = Future(self, self.last, command, streamed)
        self.under_way[self.last] = future
        request = {'command': command, 'args': args, 'meta': {'prog': self.program}, 'id': self.last}
        if streamed:
            request['stream'] = True
        self.post(request)
        return future

    def post(self, request):
        self.socket.send(json.dumps(request).encode('utf-8'))

    def forget(self, future):
        if self.under_way.pop(future.request, None) and future.streamed:
            self.post({'command': 'cancel', 'args': {'id': future.request}})

    def wait(self, end, command):
        left = None if end is None else max(0, end - time.monotonic())
        if not self.read(left) and end is not None and time.monotonic() >= end:
            raise TimedOut(f'{self.workflow} did not answer {command!r} in time')

    def read(self, seconds):
        """Take what has come, waiting so long for the first. How many answers."""
        n = 0
        while self.socket.poll(0 if n else None if seconds is None else max(0, int(seconds * 1000))):
            self.take(json.loads(self.socket.recv()))
            n += 1
        return n

    def take(self, message):
        future = self.under_way.get(message.get('id'))
        if future is None:
            return
        if 'chunk' in message:
            future.chunks.append(message['chunk'])
            return
        del self.under_way[message['id']]
        if 'error' in message:
            future.answer = ('error', message['error'].get('message', 'unknown error'))
        else:
            future.answer = ('data', message.get('data'))
