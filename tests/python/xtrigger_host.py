"""lib/python/rouse/xtrigger_host.py by itself: this test speaks to it as the scheduler does.

    python3 tests/python/xtrigger_host.py [-v] [Class.test ...]
"""
import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / 'lib/python/rouse/xtrigger_host.py'
LIMIT = 30.0  # seconds, for any answer


class Host:
    """The program, and the scheduler's end of the socket."""

    def __init__(self, run_dir, env=None, **limits):
        ours, its = socket.socketpair()
        env = {**{key: value for key, value in os.environ.items() if not key.startswith('CYLC_')}, **(env or {})}
        self.errors = open(run_dir / 'stderr', 'wb')
        self.process = subprocess.Popen(['bash', '-c', f'exec "$0" "$1" 3<&{its.fileno()} {its.fileno()}<&-',
                                         sys.executable, str(PROGRAM)], pass_fds=[its.fileno()], env=env,
                                        start_new_session=True, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.errors)
        its.close()
        self.socket, self.left, self.messages, self.logs = ours, b'', [], []
        hello = {'hello': 1, 'workflow': 'w', 'run_dir': str(run_dir), 'version': '1'}
        self.say({**hello, **limits})

    def say(self, message):
        self.socket.sendall(json.dumps(message).encode() + b'\n')

    def read(self, seconds):
        """Take what comes within so many seconds; False at the end of the socket."""
        if not select.select([self.socket], [], [], max(0, seconds))[0]:
            return True
        try:
            data = self.socket.recv(1 << 20)
        except ConnectionResetError:
            data = b''
        lines = (self.left + data).split(b'\n')
        self.left = lines.pop()
        for line in lines:
            message = json.loads(line)
            if 'log' in message:
                self.logs.append((message['log'], message['text']))
            else:
                self.messages.append(message)
        return bool(data)

    def wait(self, what, condition, limit=LIMIT):
        end = time.monotonic() + limit
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f'waited for {what}; there is {self.messages} {self.logs}')
            if not self.read(min(0.2, end - time.monotonic())) and not condition():
                raise AssertionError(f'the host ended, status {self.process.wait(5)}; waited for {what}')

    def take(self, *kinds, number):
        """Wait for a message of one of these kinds about this number."""
        def found():
            for message in self.messages:
                if any(message.get(kind) == number for kind in kinds):
                    self.messages.remove(message)
                    return message
            return None
        return self.wait(f'{kinds} {number}', found)

    def start(self, number, function, *args, **kwargs):
        self.say({'start': number, 'signature': f'{function}()', 'function': function, 'args': args,
                  'kwargs': kwargs, 'interval': 10.0, 'deadline': 600.0})

    def answer(self, number):
        return self.take('satisfied', 'not_yet', 'fail', number=number)

    def call(self, number, function, *args, **kwargs):
        self.start(number, function, *args, **kwargs)
        return self.answer(number)

    def check(self, number, function, *args, **kwargs):
        self.say({'check': number, 'function': function, 'args': args, 'kwargs': kwargs})
        return self.take('checked', number=number)

    def wait_log(self, number, text):
        self.wait(f'"{text}" in the log of {number}',
                  lambda: any(n == number and text in line for n, line in self.logs))

    def wait_end(self, limit=LIMIT):
        return self.process.wait(limit)

    def close(self):
        self.socket.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            raise AssertionError('the host did not end with its socket') from None
        finally:
            self.errors.close()


class HostTest(unittest.TestCase):
    def setUp(self):
        self.run_dir = pathlib.Path(tempfile.mkdtemp(prefix='rouse-host-')).resolve()
        self.addCleanup(shutil.rmtree, self.run_dir, ignore_errors=True)

    def write(self, path, text):
        path = self.run_dir / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))

    def module(self, name, text):
        self.write(f'lib/python/{name}.py', text)

    def host(self, **options):
        host = Host(self.run_dir, **options)
        self.addCleanup(host.close)
        return host

    def failed(self, answer, *texts):
        for text in texts:
            self.assertIn(text, answer.get('fail') is not None and answer['error'] or f'no error: {answer}')

    def refused(self, answer, *texts):
        for text in texts:
            self.assertIn(text, answer.get('error', 'no error'))


class Calls(HostTest):
    def test_results(self):
        self.module('mine', '''
            def mine(n, name='', point=None):
                return True, {'n': n * 2, 'name': name, 'point': point, 'half': n / 2, 'yes': True}
            ''')
        answer = self.host().call(7, 'mine', 7, name='a', point='20200101T00Z')
        self.assertEqual(answer, {'satisfied': 7, 'results': {
            'n': 14, 'name': 'a', 'point': '20200101T00Z', 'half': 3.5, 'yes': True}})

    def test_not_yet_and_then(self):
        self.module('later', f'''
            import os
            def later(path):
                return os.path.exists(path), {{'path': path}}
            ''')
        host, path = self.host(), str(self.run_dir / 'go')
        self.assertEqual(host.call(1, 'later', path), {'not_yet': 1})
        pathlib.Path(path).touch()
        self.assertEqual(host.call(1, 'later', path), {'satisfied': 1, 'results': {'path': path}})

    def test_state_is_kept_between_calls(self):
        self.module('third', '''
            calls = []
            def third():
                calls.append(1)
                return len(calls) == 3, {'pid': __import__('os').getpid()}
            ''')
        host = self.host()
        self.assertEqual([host.call(n, 'third') for n in (1, 2)], [{'not_yet': 1}, {'not_yet': 2}])
        self.assertEqual(host.call(3, 'third')['results'], {'pid': host.process.pid})

    def test_an_exception_is_told_with_its_place(self):
        self.module('bad', '''
            def bad(n):
                helper(n)
            def helper(n):
                raise ValueError(f'no {n}')
            ''')
        host = self.host()
        self.failed(host.call(1, 'bad', 5), 'ValueError: no 5 (bad.py:5)')
        host.wait_log(1, 'helper(n)')
        lines = len(host.logs)
        self.failed(host.call(2, 'bad', 5), 'ValueError: no 5')
        self.assertEqual(len(host.logs), lines, 'the same traceback is logged once')

    def test_what_is_no_result(self):
        cases = {'None': 'it returned None', '(True, 1)': 'dictionary', '("yes", {})': 'True or False', '7': '7',
                 '(True, {"p": object()})': 'the result "p"', '(True, {"a": "\\0"})': 'NUL', '(True,)': '(True,)',
                 '(True, {"a": "x" * 2000000})': 'larger than 1 MiB'}
        for n, value in enumerate(cases):
            self.module(f'f{n}', f'def f{n}():\n    return {value}\n')
        host = self.host()
        for n, text in enumerate(cases.values()):
            self.failed(host.call(n, f'f{n}'), text)

    def test_what_json_cannot_carry(self):
        self.module('odd', r'''
            def odd():
                return [1, {'big': 1 << 70, 'nan': float('nan'), 'text': '\udc80\u00e9', 3: None}]
            ''')
        self.assertEqual(self.host().call(1, 'odd')['results'],
                         {'big': str(1 << 70), 'nan': 'nan', 'text': '\\udc80\u00e9', '3': None})

    def test_exit_is_no_end(self):
        self.module('leave', 'import sys\ndef leave():\n    sys.exit(3)\n')
        self.module('good', 'def good():\n    return True, {}\n')
        host = self.host()
        self.failed(host.call(1, 'leave'), 'SystemExit(3)')
        self.assertEqual(host.call(2, 'good')['satisfied'], 2)

    def test_a_crash_ends_the_process_and_is_told(self):
        self.module('crash', 'import ctypes\ndef crash():\n    ctypes.string_at(0)\n')
        host = self.host()
        host.start(1, 'crash')
        self.assertEqual(host.wait_end(), -signal.SIGSEGV)
        self.assertIn('crash.py', (self.run_dir / 'stderr').read_text())

    def test_one_that_hangs_holds_up_nobody(self):
        self.module('hang', 'import time\ndef hang():\n    time.sleep(1000)\n')
        self.module('good', 'def good():\n    return True, {}\n')
        host = self.host()
        for n in range(31):
            host.start(100 + n, 'hang')
        self.assertEqual(host.call(1, 'good')['satisfied'], 1)
        host.say({'ping': 5})
        host.take('pong', number=5)

    def test_one_that_was_quick_and_hangs_then(self):
        self.module('quick', '''
            import time
            calls = []
            def quick(hangs=False):
                calls.append(1)
                if hangs:
                    time.sleep(1000)
                return False, {}
            ''')
        host = self.host()
        for n in range(20):
            self.assertEqual(host.call(n, 'quick'), {'not_yet': n})
        for round in range(3):
            host.start(100 + round, 'quick', hangs=True)
            for n in range(250):  # among them are some that count as quick again
                host.start(n, 'quick')
            host.say({'ping': round})
            host.take('pong', number=round)
            for n in range(250):
                host.answer(n)

    def test_calls_wait_when_all_threads_have_one(self):
        self.module('until', '''
            import os, time
            def until(path):
                while not os.path.exists(path):
                    time.sleep(0.01)
                return True, {}
            ''')
        host, path = self.host(), self.run_dir / 'go'
        for n in range(40):
            host.start(n, 'until', str(path))
        host.say({'ping': 1})
        host.take('pong', number=1)
        path.touch()
        for n in range(40):
            host.answer(n)

    def test_what_is_cancelled_is_not_answered(self):
        self.module('until', '''
            import os, time
            def until(path):
                while not os.path.exists(path):
                    time.sleep(0.01)
                return True, {}
            ''')
        host, path = self.host(), self.run_dir / 'go'
        host.start(1, 'until', str(path))
        host.start(2, 'until', str(path))
        host.say({'cancel': 1})
        host.say({'ping': 1})
        host.take('pong', number=1)
        path.touch()
        host.answer(2)
        host.call(3, 'until', str(path))
        self.assertEqual(host.messages, [])

    def test_a_child_that_a_function_forks_does_not_speak(self):
        self.module('forks', '''
            import os
            def forks():
                pid = os.fork()
                if pid:
                    os.waitpid(pid, 0)
                return True, {'pid': pid}
            ''')
        self.module('pool', '''
            import multiprocessing
            def square(n):
                print('square', n)
                return n * n
            def pool():
                with multiprocessing.get_context('fork').Pool(2) as pool:
                    return True, {'sum': sum(pool.map(square, range(4)))}
            ''')
        host = self.host()
        self.assertNotEqual(host.call(1, 'forks')['results']['pid'], 0)
        self.assertEqual(host.call(2, 'pool')['results'], {'sum': 14})
        self.assertEqual(host.messages, [])

    def test_signals_of_the_terminal_do_not_end_it(self):
        self.module('good', 'def good():\n    return True, {}\n')
        host = self.host()
        host.call(1, 'good')
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            host.process.send_signal(number)
        self.assertEqual(host.call(2, 'good')['satisfied'], 2)

    def test_it_ends_with_the_socket_with_all_it_started(self):
        self.module('hang', '''
            import subprocess, time
            def hang():
                print(subprocess.Popen(['sleep', '1000']).pid)
                while True:
                    time.sleep(1000)
            ''')
        host = self.host()
        host.start(1, 'hang')
        host.wait('a line', lambda: host.logs)
        child = int(host.logs[0][1])
        host.socket.shutdown(socket.SHUT_RDWR)
        host.wait_end(5)
        end = time.monotonic() + 5
        while pathlib.Path(f'/proc/{child}/stat').exists() and time.monotonic() < end:
            with contextlib.suppress(OSError):
                if pathlib.Path(f'/proc/{child}/stat').read_text().rsplit(')', 1)[1].split()[0] == 'Z':
                    return
            time.sleep(0.05)
        self.assertFalse(pathlib.Path(f'/proc/{child}/stat').exists())

    def test_memory(self):
        self.module('leaks', '''
            kept = []
            def leaks():
                kept.append(bytearray(60 << 20))
                return False, {}
            ''')
        self.module('good', 'def good():\n    return True, {}\n')
        host = self.host(memory_max=100 << 20)
        self.assertEqual(host.call(1, 'good')['satisfied'], 1)
        self.assertEqual(host.call(2, 'leaks'), {'not_yet': 2})
        self.failed(host.call(3, 'leaks'), 'MiB of memory', 'it grew most while leaks ran')
        self.assertEqual(host.wait_end(), 4)
        while host.read(1):
            pass
        self.assertIn('it ends when its calls are over', str(host.logs))


class Finding(HostTest):
    def test_there_is_none(self):
        host = self.host()
        self.refused(host.check(1, 'no_such_function', 1), 'there is no module "no_such_function"', 'lib/python')
        self.failed(host.call(2, 'no_such_function', 1), 'there is no module "no_such_function"')

    def test_the_module_has_no_such_function(self):
        self.module('mine', 'def other():\n    pass\n')
        self.refused(self.host().check(1, 'mine'), 'lib/python/mine.py defines no function "mine"')

    def test_cylc_pythonpath(self):
        self.write('more/first.py', 'def first():\n    return True, {"where": "more"}\n')
        self.write('more/second.py', 'def second():\n    return True, {"where": "more"}\n')
        self.module('first', 'def first():\n    return True, {"where": "own"}\n')
        host = self.host(env={'CYLC_PYTHONPATH': f':/nowhere:{self.run_dir}/more'})
        self.assertEqual(host.call(1, 'first')['results'], {'where': 'own'})
        self.assertEqual(host.call(2, 'second')['results'], {'where': 'more'})

    def test_a_package_and_a_function_in_a_module_of_another_name(self):
        self.module('pack/__init__', 'from pack.inside import pack\n')
        self.module('pack/inside', 'def pack():\n    return True, {}\ndef other(n):\n    return True, {"n": n}\n')
        host = self.host()
        self.assertEqual(host.call(1, 'pack')['satisfied'], 1)
        self.assertEqual(host.call(2, 'pack.inside.other', 3)['results'], {'n': 3})
        self.refused(host.check(3, 'nothing.inside.other'), 'there is no module "nothing.inside"')

    def test_a_module_called_as_one_of_pythons_own(self):
        self.module('queue', 'def queue():\n    return True, {"mine": 1}\n')
        host = self.host()
        self.assertEqual(host.call(1, 'queue')['results'], {'mine': 1})
        self.assertEqual(host.call(2, 'queue')['results'], {'mine': 1})

    @unittest.skipIf(sys.version_info < (3, 8), 'importlib.metadata is of Python 3.8')
    def test_entry_points(self):
        self.write('site/far.py', 'def near():\n    return True, {}\ndef direct():\n    return True, {}\n')
        self.write('site/far-1.dist-info/METADATA', 'Metadata-Version: 2.1\nName: far\nVersion: 1\n')
        self.write('site/far-1.dist-info/entry_points.txt', '[cylc.xtriggers]\nnear = far\ndirect = far:direct\n')
        host = self.host(env={'PYTHONPATH': f'{self.run_dir}/site'})
        self.assertEqual(host.call(1, 'near')['satisfied'], 1)
        self.assertEqual(host.call(2, 'direct')['satisfied'], 2)

    def test_an_import_that_fails(self):
        self.module('needs', 'import os\nimport no_such_package\ndef needs():\n    pass\n')
        self.module('wrong', 'def wrong(:\n    pass\n')
        self.module('raises', 'raise RuntimeError("not today")\n')
        host = self.host()
        self.refused(host.check(1, 'needs'), "ModuleNotFoundError: No module named 'no_such_package' (needs.py:2)")
        self.refused(host.check(2, 'wrong'), 'SyntaxError', 'wrong.py, line 1')
        self.refused(host.check(3, 'raises'), 'RuntimeError: not today (raises.py:1)')

    def test_what_modules_import_of_cylc(self):
        self.module('loud', '''
            from cylc.flow import LOG
            from cylc.flow.exceptions import WorkflowConfigError
            def loud():
                LOG.warning('careful')
                return True, {}
            def validate(args):
                raise WorkflowConfigError('never right')
            ''')
        self.module('wants', 'from cylc.flow.pathutil import get_cylc_run_dir\ndef wants():\n    pass\n')
        host = self.host()
        self.assertEqual(host.check(1, 'loud')['error'], 'WorkflowConfigError: never right (loud.py:8)')
        host.call(2, 'loud')
        host.wait_log(2, 'WARNING - careful')
        self.refused(host.check(3, 'wants'), 'cylc.flow.pathutil', 'Cylc is not installed here')

    def test_an_installed_cylc_wins(self):
        self.write('site/cylc/flow/__init__.py', '')
        self.write('site/cylc/flow/pathutil.py', 'here = 1\n')
        self.module('wants', 'from cylc.flow.pathutil import here\ndef wants():\n    return True, {}\n')
        self.assertEqual(self.host(env={'PYTHONPATH': f'{self.run_dir}/site'}).call(1, 'wants')['satisfied'], 1)

    def test_a_changed_module_is_read_anew_by_the_next_process(self):
        for value in (1, 2):  # of the same size, in the same second
            self.module('mine', f'def mine():\n    return True, {{"n": {value}}}\n')
            self.assertEqual(self.host().call(1, 'mine')['results'], {'n': value})


class Checks(HostTest):
    def test_arguments(self):
        self.module('mine', 'def mine(n, *, name="x"):\n    return True, {}\n')
        host = self.host()
        self.assertEqual(host.check(1, 'mine', 1, name='%(point)s'), {'checked': 1})
        self.refused(host.check(2, 'mine'), "missing a required argument: 'n'; it is mine(n, *, name='x')")
        self.refused(host.check(3, 'mine', 1, 2), 'too many positional arguments')
        self.refused(host.check(4, 'mine', 1, nam=2), "unexpected keyword argument 'nam'")

    def test_validate_is_given_all_arguments_by_name(self):
        self.module('mine', '''
            import json
            def mine(a, b=2, *rest, c=3, **more):
                return True, {}
            def validate(args):
                print(json.dumps(args))
                if args['a'] != 1:
                    raise ValueError(f"a is {args['a']}")
            ''')
        host = self.host()
        self.assertEqual(host.check(1, 'mine', 1, d='4'), {'checked': 1})
        self.assertEqual(json.loads(host.logs[0][1]), {'a': 1, 'b': 2, 'rest': [], 'c': 3, 'more': {'d': '4'}})
        self.refused(host.check(2, 'mine', 5), 'ValueError: a is 5 (mine.py:8)')

    def test_sequential(self):
        self.module('mine', 'def mine(n, sequential=True):\n    return True, {"s": sequential}\n')
        self.module('other', 'def other(n, sequential=False):\n    return True, {}\n')
        self.module('wrong', 'def wrong(sequential):\n    return True, {}\n')
        self.module('odd', 'def odd(sequential=7):\n    return True, {}\n')
        host = self.host()
        self.assertEqual(host.check(1, 'mine', 1), {'checked': 1, 'sequential': True})
        self.assertEqual(host.check(2, 'other', 1), {'checked': 2, 'sequential': False})
        self.refused(host.check(3, 'wrong'), '"sequential" is reserved')
        self.refused(host.check(4, 'odd'), '"sequential" is reserved')
        self.assertEqual(host.call(5, 'mine', 1)['results'], {'s': True})


class Output(HostTest):
    def test_lines_belong_to_their_call(self):
        self.module('says', r'''
            import sys
            def says(n):
                print('one', n)
                sys.stderr.write(f'two {n}\nthree {n}')
                sys.stdout.write('fo')
                sys.stdout.write('ur\n')
                return True, {}
            ''')
        host = self.host()
        host.call(1, 'says', 'x')
        host.call(2, 'says', 'y')
        for n, name in ((1, 'x'), (2, 'y')):
            host.wait_log(n, 'four')
            self.assertEqual([line for number, line in host.logs if number == n],
                             [f'one {name}', f'two {name}', 'four', f'three {name}'])

    def test_what_subprocesses_print(self):
        self.module('runs', '''
            import subprocess
            def runs():
                subprocess.run(['echo', 'from echo'])
                import time; time.sleep(0.3)
                return True, {}
            ''')
        host = self.host()
        host.call(1, 'runs')
        host.wait_log(1, 'from echo')

    def test_a_flood_is_cut(self):
        self.module('floods', '''
            def floods():
                for n in range(100000):
                    print('line', n)
                print('x' * 100000)
                return True, {}
            ''')
        host = self.host()
        host.call(1, 'floods')
        self.assertLessEqual(len(host.logs), 210)
        self.assertEqual(host.logs[5], (1, 'line 5'))


class Push(HostTest):
    def test_it_watches_until_it_is_so(self):
        self.module('watch', '''
            import asyncio, os
            async def watch(path):
                print('watching', path)
                while not os.path.exists(path):
                    await asyncio.sleep(0.01)
                return True, {'path': path}
            ''')
        host, path = self.host(), self.run_dir / 'go'
        for n in range(50):
            host.start(n, 'watch', str(path))
        for n in range(50):
            self.assertEqual(host.take('watching', number=n), {'watching': n})
        host.wait_log(3, 'watching')
        path.touch()
        for n in range(50):
            self.assertEqual(host.answer(n)['results'], {'path': str(path)})

    def test_not_yet_and_errors(self):
        self.module('never', 'async def never():\n    return False, {}\n')
        self.module('bad', 'async def bad():\n    raise KeyError("k")\n')
        host = self.host()
        self.assertEqual(host.call(1, 'never'), {'not_yet': 1})
        self.failed(host.call(2, 'bad'), "KeyError: 'k' (bad.py:2)")
        self.refused(host.check(3, 'never', 1), 'too many positional')

    def test_cancel(self):
        self.module('waits', '''
            import asyncio
            async def waits():
                try:
                    print('begun')
                    await asyncio.sleep(1000)
                finally:
                    await asyncio.sleep(0.01)
                    print('cleaned up')
            ''')
        host = self.host()
        host.start(1, 'waits')
        host.take('watching', number=1)
        host.wait_log(1, 'begun')
        host.say({'cancel': 1})
        host.wait_log(1, 'cleaned up')
        self.assertEqual(host.messages, [])

    def test_one_that_blocks_is_told_and_the_others_go_on(self):
        self.module('blocks', 'import time\nasync def blocks():\n    time.sleep(1000)\n')
        self.module('watch', '''
            import asyncio, os
            async def watch(path):
                while not os.path.exists(path):
                    await asyncio.sleep(0.01)
                return True, {}
            ''')
        host, path = self.host(blocked_max=1.0), self.run_dir / 'go'
        host.start(1, 'watch', str(path))
        host.take('watching', number=1)
        host.start(2, 'blocks')
        self.failed(host.answer(2), 'blocks blocks', 'asyncio.sleep')
        path.touch()
        self.assertEqual(host.answer(1)['satisfied'], 1)
        host.start(3, 'blocks')
        host.start(4, 'watch', str(path))
        self.assertEqual(host.answer(4)['satisfied'], 4)
        self.failed(host.answer(3), 'blocks blocks')
        self.failed(host.call(5, 'blocks'), 'still has not come to an `await`')

    def test_kept(self):
        self.module('taken', '''
            def taken(n):
                return True, {'n': n}
            def kept(results):
                print('kept', results['n'])
            ''')
        self.module('late', '''
            async def late(n):
                return True, {'n': n}
            async def kept(results):
                print('kept', results['n'])
                raise ValueError('too late')
            ''')
        host = self.host()
        for n, name in ((1, 'taken'), (2, 'late')):
            host.call(n, name, n)
            self.assertEqual([], [line for number, line in host.logs if number == n])
            host.say({'kept': n})
            host.wait_log(n, f'kept {n}')
        host.wait_log(2, 'kept(): ValueError: too late (late.py:6)')
        host.take('watching', number=2)
        self.assertEqual(host.messages, [])


class ByHand(unittest.TestCase):
    def test_without_a_socket(self):
        done = subprocess.run([sys.executable, str(PROGRAM)], capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn('the scheduler starts this program', done.stderr)


if __name__ == '__main__':
    unittest.main()
