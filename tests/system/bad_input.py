"""What must not bring rouse down: damaged definitions, places that cannot be written, a full disk, a locked
database, wrong keys, garbage from the network, a run directory that vanishes. Each is told clearly, nothing that
was acknowledged is lost, and once the fault is gone the workflow goes on."""
import contextlib
import ctypes
import ctypes.util
import errno
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import unittest

import common
from common import TOP, WAIT_FOR_GO, flow

NOBODY = 65534
MINE = """from cylc.flow.exceptions import WorkflowConfigError
def mine(n):
    return True, {}
def validate(args):
    if args['n'] == 7:
        raise WorkflowConfigError(f"n is {args['n']}")
"""

GRAPH_ERRORS = {  # graph: what the message names
    'a => => b': 'a => => b',
    'a => b &': 'b &',
    'a | b) => c': ')',
    '=> b': '=>',
    'a:nope => b': 'nope',
    'a => b; c': ';',
    'a[-P1Q] => b': '[-P1Q]',
    'a? => b\n            a => c': 'a:succeeded',
}


class Definitions(common.SystemTest):
    def write(self, text):
        source = self.world.home / 'source'
        source.mkdir(exist_ok=True)
        (source / 'flow.cylc').write_bytes(text if isinstance(text, bytes) else text.encode())
        return source

    def test_a_definition_cut_off_anywhere(self):
        text = (TOP / 'examples/hello/flow.cylc').read_bytes()
        for n in range(0, len(text), 37):
            result = self.world.rouse('validate', self.write(text[:n]))
            self.assertIn(result.status, (0, 1), f'{n} bytes: {result}')
            self.assertNotRegex(result.err, common.REPORTS)
            if result.status:
                self.assertIn('flow.cylc', result.err, f'{n} bytes')

    def test_a_definition_with_bytes_changed(self):
        rng = random.Random(1)
        text = (TOP / 'examples/hello/flow.cylc').read_bytes()
        for n in range(60):
            changed = bytearray(text)
            for _ in range(rng.randint(1, 5)):
                changed[rng.randrange(len(text))] = rng.randrange(256)
            result = self.world.rouse('validate', self.write(bytes(changed)))
            self.assertIn(result.status, (0, 1), f'number {n}: {result}')
            self.assertNotRegex(result.err, common.REPORTS)

    def test_errors_name_file_line_and_item(self):
        for text, line, *items in [
            ('[scheduling]\n    nonsense = 1\n', 2, 'nonsense'),
            ('[scheduling]\n    [[graph]]\n        R1 = a\n[runtime]\n    [[a]]\n        scrpt = true\n', 6, '[a]scrpt'),
            ('[scheduling]\n    [[graph\n', 2, '[[graph'),
            ('[scheduling]\n    [[[graph]]]\n', 2, 'graph'),
            ('[scheduling]\n    cycling mode = integer\n    initial cycle point = x\n    [[graph]]\n        P1 = a\n'
             '[runtime]\n    [[a]]\n', 3, 'initial cycle point'),
        ]:
            result = self.world.rouse('validate', self.write(text))
            self.refused(result, 1, f'flow.cylc:{line}', *items)

    def test_graph_errors_name_file_line_and_text(self):
        for graph, item in GRAPH_ERRORS.items():
            text = flow(graph)
            result = self.world.rouse('validate', self.write(text))
            self.refused(result, 1, 'flow.cylc:', '[graph]R1', item)
            line = int(result.err.split('flow.cylc:')[1].split(':')[0])
            begin = text.split('\n').index('    [[graph]]') + 1
            self.assertIn(line - begin, range(1, 5), str(result))

    def test_validate_looks_for_the_functions_of_xtriggers(self):
        def x(call, graph='@x => a'):
            return self.write(flow(graph, scheduling=f'    [[xtriggers]]\n        x = {call}'))
        for call, *items in [
            ('nowhere(1)', '[xtriggers]x', 'no module "nowhere"', 'lib/python'),
            ('mine()', '[xtriggers]x', "missing a required argument: 'n'; it is mine(n)"),
            ('mine(1, 2)', '[xtriggers]x', 'mine(1, 2): too many positional arguments'),
            ('mine(7)', '[xtriggers]x', 'WorkflowConfigError: n is 7 (mine.py:6)'),
            ('needs()', '[xtriggers]x', "No module named 'nothing_of_the_kind' (needs.py:1)"),
            ('ends()', '[xtriggers]x', 'the Python host ended with status 5'),
            ('echo(1, 2)', '[xtriggers]x', 'succeed'),
            ('xrandom(200)', '[xtriggers]x', 'percent'),
            ('empty(1)', '[xtriggers]x', 'defines no function "empty"'),
            ('echo(%(nothing)s, succeed=True)', '[xtriggers]x', '%(nothing)s'),
        ]:
            path = x(call)
            python = pathlib.Path(path) / 'lib/python'
            python.mkdir(parents=True, exist_ok=True)
            (python / 'empty.py').write_text('pass\n')
            (python / 'mine.py').write_text(MINE)
            (python / 'needs.py').write_text('import nothing_of_the_kind\n')
            (python / 'ends.py').write_text('import os\nos._exit(5)\n')
            self.refused(self.world.rouse('validate', path), 1, 'flow.cylc:', *items)
        for call in 'mine(1)', 'echo(%(point)s, succeed=True)', 'workflow_state("up//1/b")':
            self.world.must('validate', x(call))
        self.world.must('validate', x('nowhere(1)', 'a'))  # nothing waits for it

    def test_play_of_a_bad_definition_leaves_nothing_to_restart(self):
        run = self.world.install('w', '[scheduling]\n    nonsense = 1\n')
        self.refused(self.world.rouse('play', 'w'), 3, 'flow.cylc:2', 'nonsense')
        self.refused(self.world.rouse('play', '--no-detach', 'w'), 3, 'flow.cylc:2', 'nonsense')
        self.assertFalse((run / 'log/db').exists())
        self.assertFalse(self.world.contact('w'))
        self.assertIn('WorkflowConfigError', self.world.log('w'))
        (run / 'flow.cylc').write_text(flow('a'))
        self.world.must('play', '--no-detach', 'w')
        self.all_succeeded('w', 1)

    def test_an_xtrigger_that_does_not_exist(self):
        text = flow('@x => a', scheduling='    [[xtriggers]]\n        x = nowhere(1)')
        for options in ((), ('--placement', 'xtriggers=process')):
            name = f'w{len(options)}'
            self.world.install(name, text)
            self.refused(self.world.rouse('play', '--no-detach', *options, name), 3, 'flow.cylc:', 'nowhere')
            self.assertFalse(self.world.contact(name))

    def test_a_python_function_that_hangs_while_it_is_imported(self):
        path = self.write(flow('@x => a', scheduling='    [[xtriggers]]\n        x = hangs()'))
        python = pathlib.Path(path) / 'lib/python'
        python.mkdir(parents=True)
        (python / 'hangs.py').write_text('import time\ntime.sleep(1000)\n')
        (self.world.home / '.cylc/flow').mkdir(parents=True)
        (self.world.home / '.cylc/flow/global.cylc').write_text('[scheduler]\n    process pool timeout = PT1S\n')
        self.refused(self.world.rouse('validate', path), 1, 'flow.cylc:', 'within 1 s: it hangs')


class Places(common.SystemTest):
    def test_a_run_directory_that_cannot_be_written(self):
        world = self.world
        run = world.install('w', flow('a'))
        os.chmod(run, 0o555)
        options, program = {}, world.bin / 'rouse'
        if os.geteuid() == 0:  # whom modes do not hold up
            program = pathlib.Path(shutil.copy(program, world.home / 'rouse'))
            os.chmod(world.home, 0o755)
            options = {'user': NOBODY, 'group': NOBODY, 'extra_groups': []}
        result = world.run(program, 'play', '--no-detach', 'w', **options)
        self.refused(result, 3, str(run), 'Permission denied')
        result = world.run(program, 'play', 'w', **options)
        self.refused(result, 3, str(run), 'Permission denied')
        os.chmod(run, 0o755)

    def test_all_ports_taken(self):
        world = self.world
        run = world.install('w', flow('a'))
        with socket.socket() as one:
            one.bind(('0.0.0.0', 0))
            one.listen()
            port = one.getsockname()[1]
            for options in (('--no-detach',), ()):
                result = world.rouse('play', *options, f'--ports={port}-{port}', 'w')
                self.refused(result, 3, f'{port} to {port}')
        self.assertFalse((run / 'log/db').exists())
        world.must('play', '--no-detach', f'--ports={port}-{port}', 'w')
        self.assertIn(f':{port} ', world.log('w'))
        self.refused(world.rouse('play', '--ports=9-5', 'w'), 2, '--ports')

    def test_schedulers_that_start_together(self):
        world = self.world
        world.install('w', flow('a', f'    [[a]]\n{WAIT_FOR_GO}'))
        children = [world.popen(world.bin / 'rouse', 'play', '--no-detach', 'w') for _ in range(5)]
        world.wait_status('w', '1/a', 'running')
        time.sleep(1)
        living = [child for child in children if child.poll() is None]
        self.assertEqual([world.pid('w')], [child.pid for child in living])
        for child in children:
            if child not in living:
                self.assertIn(child.returncode, (0, 3))  # 0: it found the other one running
        (world.run_dir('w') / 'share/go').touch()
        self.assertEqual(0, living[0].wait(30))
        self.assertEqual([('a', 1)], world.rows('w', 'SELECT name, submit_num FROM task_jobs'))

    def test_a_contact_file_that_is_stale(self):
        world = self.world
        world.install('w', flow('a => b', f'    [[a]]\n{WAIT_FOR_GO}'))
        world.play('w')
        world.wait_status('w', '1/a', 'running')
        world.kill('w')
        self.refused(world.rouse('ping', 'w'), 1, 'w is not running', 'contact file')
        self.done(world.rouse('scan', '-t', 'name'), '')
        world.play('w')
        self.done(world.rouse('ping', 'w'))
        (world.run_dir('w') / 'share/go').touch()
        world.wait_end('w')
        self.all_succeeded('w', 2)

    def test_a_contact_file_that_is_damaged(self):
        world = self.world
        run = world.install('w', flow('a'))
        (run / '.service').mkdir(exist_ok=True)
        for content in (b'', b'\0\xff' * 1000, b'CYLC_WORKFLOW_HOST=\nCYLC_WORKFLOW_PORT=x\n'):
            (run / '.service/contact').write_bytes(content)
            self.refused(world.rouse('ping', 'w'), 1, 'contact')
            self.done(world.rouse('scan', '-t', 'name'), '')
        world.must('play', '--no-detach', 'w')
        self.all_succeeded('w', 1)

    def test_a_run_directory_that_is_removed(self):
        world = self.world
        run = world.install('w', flow('a', '    [[a]]\n        script = sleep 2; echo >$HOME/lives\n'))
        child = world.popen(world.bin / 'rouse', 'play', '--no-detach', 'w')
        world.wait_status('w', '1/a', 'running')
        shutil.rmtree(run)
        self.assertEqual(1, child.wait(20))
        self.assertIn('removed', (world.home / 'background-0.log').read_text())
        world.wait('the job, left alone', lambda: (world.home / 'lives').exists())

    def test_a_contact_file_that_is_removed(self):
        world = self.world
        run = world.install('w', flow('a => b', f'    [[a]]\n{WAIT_FOR_GO}'))
        child = world.popen(world.bin / 'rouse', 'play', '--no-detach', 'w')
        world.wait_status('w', '1/a', 'running')
        (run / '.service/contact').unlink()
        self.assertEqual(1, child.wait(20))
        self.assertIn('removed', world.log('w'))
        world.play('w')
        (run / 'share/go').touch()
        world.wait_end('w')
        self.all_succeeded('w', 2)


class Databases(common.SystemTest):
    """A chain of jobs, each of which appends a line to share/count."""
    N = 30

    def install(self, wait='1/t2'):
        chain = ' => '.join(f't{i}' for i in range(1, self.N + 1))
        waits = wait.split('/')[1]
        text = flow(chain, '        pre-script = echo "$CYLC_TASK_JOB" >> "$CYLC_WORKFLOW_SHARE_DIR/count"\n'
                    f'    [[{waits}]]\n{WAIT_FOR_GO}')
        return self.world.install('w', text)

    def check(self):
        self.all_succeeded('w', self.N)
        self.settled('w')
        lines = (self.world.run_dir('w') / 'share/count').read_text().split()
        self.assertEqual([f'1/t{i}/01' for i in range(1, self.N + 1)], lines)

    def check_stopped(self, child):
        self.assertNotIn(child.wait(60), (0, None))
        log = self.world.log('w')
        self.assertIn('CRITICAL - the run database cannot be written', log)
        self.assertFalse(self.world.contact('w'))

    def test_a_disk_that_is_full(self):
        world = self.world
        if os.geteuid() != 0:
            self.skipTest('only root can mount a small disk')
        run = self.install()
        disk = world.home / 'disk'
        disk.mkdir()
        mounted = world.run('mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk)
        if mounted.status:
            self.skipTest(f'cannot mount a small disk: {mounted.err}')
        try:
            (run / 'log').mkdir(exist_ok=True)
            (run / 'log/db').symlink_to(disk / 'db')
            child = world.popen(world.bin / 'rouse', 'play', '--no-detach', 'w')
            world.wait_status('w', '1/t2', 'running')
            with open(disk / 'filler', 'wb', 0) as filler, contextlib.suppress(OSError):
                for size in (4096, 1):
                    with contextlib.suppress(OSError):
                        while True:
                            filler.write(b'x' * size)
            (run / 'share/go').touch()
            self.check_stopped(child)
            self.assertIn('full', world.log('w'))
            (disk / 'filler').unlink()
            world.must('play', '--no-detach', 'w')
            self.check()
        finally:
            world.kill_all()
            world.run('umount', disk)

    def test_a_database_that_may_not_grow(self):
        run = self.install()
        world = self.world
        limit = 400 * 1024  # of any file; only the database's log gets there

        def limited():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        child = world.popen(world.bin / 'rouse', 'play', '--no-detach', 'w', preexec_fn=limited)
        world.wait_status('w', '1/t2', 'running')
        (run / 'share/go').touch()
        self.check_stopped(child)
        world.must('play', '--no-detach', 'w')
        self.check()

    def test_a_database_that_is_locked_for_a_while(self):
        run = self.install()
        world = self.world
        world.play('w')
        world.wait_status('w', '1/t2', 'running')
        with contextlib.closing(sqlite3.connect(run / 'log/db', isolation_level=None, timeout=20)) as other:
            other.execute('BEGIN IMMEDIATE')
            (run / 'share/go').touch()
            world.wait_log('w', 'trying again')
            self.done(world.rouse('ping', 'w'))
            other.execute('ROLLBACK')
        world.wait_end('w')
        self.check()

    def test_a_database_that_is_locked_at_the_start(self):
        run = self.install()
        world = self.world
        (run / 'share').mkdir(exist_ok=True)
        (run / 'share/go').touch()
        child = world.popen(world.bin / 'rouse', 'play', '--no-detach', 'w')
        world.wait_status('w', '1/t2', 'succeeded')
        child.kill()
        child.wait()
        with contextlib.closing(sqlite3.connect(run / 'log/db', isolation_level=None, timeout=20)) as other:
            other.execute('BEGIN EXCLUSIVE')
            result = world.rouse('play', '--no-detach', 'w', limit=120)
            other.execute('ROLLBACK')
        self.assertIn(result.status, (1, 3), str(result))
        self.assertIn('locked', result.err)
        world.must('play', '--no-detach', 'w')
        self.check()

    def test_a_database_that_is_none(self):
        run = self.install()
        world = self.world
        (run / 'log').mkdir(exist_ok=True)
        for content in (b'this is no database' * 1000, b'SQLite format 3\0' + b'\xff' * 8192):
            (run / 'log/db').write_bytes(content)
            result = world.rouse('play', '--no-detach', 'w')
            self.refused(result, 3, 'log/db')
            self.assertEqual(content, (run / 'log/db').read_bytes(), 'it is not ours to remove')


class Zmq:
    """A client that says what it likes, over libzmq."""
    DEALER, LINGER, RCVTIMEO = 5, 17, 27
    PUBLIC, SECRET, SERVER = 48, 49, 50

    def __init__(self, port, server=None, public=None, secret=None):
        self.lib = ctypes.CDLL(ctypes.util.find_library('zmq') or 'libzmq.so.5')
        self.lib.zmq_ctx_new.restype = self.lib.zmq_socket.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.lib.zmq_ctx_new())
        self.socket = ctypes.c_void_p(self.lib.zmq_socket(self.context, self.DEALER))
        for option, value in ((self.LINGER, 0), (self.RCVTIMEO, 5000)):
            self.lib.zmq_setsockopt(self.socket, option, ctypes.byref(ctypes.c_int(value)), 4)
        for option, value in ((self.SERVER, server), (self.PUBLIC, public), (self.SECRET, secret)):
            if value:
                assert not self.lib.zmq_setsockopt(self.socket, option, value.encode(), len(value) + 1)
        self.lib.zmq_connect(self.socket, f'tcp://127.0.0.1:{port}'.encode())

    def send(self, *frames):
        for i, frame in enumerate(frames):
            self.lib.zmq_send(self.socket, frame, len(frame), 2 if i + 1 < len(frames) else 0)

    def receive(self):
        buffer = ctypes.create_string_buffer(1 << 20)
        n = self.lib.zmq_recv(self.socket, buffer, len(buffer), 0)
        return buffer.raw[:n] if n >= 0 else None

    def close(self):
        self.lib.zmq_close(self.socket)
        self.lib.zmq_ctx_term(self.context)


class Network(common.SystemTest):
    GARBAGE = [b'', b'\0', b'\xff' * 100, b'{', b'[]', b'null', b'{"command"', b'{"command": 1}', b'{"command": "\xff"}',
               b'{"command": "' + b'x' * 1000 + b'"}', b'{"command": "nope"}', b'{"command": "hold", "args": []}',
               b'{"command": "hold", "args": {"ids": "1/a"}}', b'{"command": "hold", "args": {"ids": [1, null]}}',
               b'{"command": "stop", "args": {"mode": 7}}', b'{"command": "trigger", "args": {"ids": ["//"]}}',
               b'{"command": "message"}', b'{"command": "message", "args": {"job": 1, "messages": []}}',
               b'{"command": "message", "args": {"job": "1/zz/01", "messages": [{"severity": "INFO", "text": "x"}]}}',
               b'{"command": "why", "args": {"ids": ["1/a\\n2/b"]}}', b'[' * 100000, b'{"a":' * 100000,
               b'{"command": "ping", "args": {"x": "' + b'y' * (5 << 20) + b'"}}']

    def start(self):
        self.world.install('w', flow('a => b', f'    [[a]]\n{WAIT_FOR_GO}'))
        self.world.play('w')
        self.world.wait_status('w', '1/a', 'running')
        return int(self.world.contact('w')['CYLC_WORKFLOW_PORT'])

    def finish(self):
        self.done(self.world.rouse('ping', 'w'))
        (self.world.run_dir('w') / 'share/go').touch()
        self.world.wait_end('w')
        self.all_succeeded('w', 2)

    def key(self, path, which):
        for line in (self.world.run_dir('w') / '.service' / path).read_text().splitlines():
            if line.strip().startswith(which):
                return line.split('"')[1]
        raise AssertionError(f'no {which} in {path}')

    def client(self, port):
        return Zmq(port, self.key('server.key', 'public-key'), self.key('client.key_secret', 'public-key'),
                   self.key('client.key_secret', 'secret-key'))

    def test_a_client_whose_key_is_not_known(self):
        world = self.world
        self.start()
        world.install('other', flow('a'))
        world.must('play', '--no-detach', 'other')
        keys = world.run_dir('w') / '.service'
        shutil.copy(keys / 'client.key_secret', keys / 'kept')
        shutil.copy(world.run_dir('other') / '.service/client.key_secret', keys / 'client.key_secret')
        self.refused(world.rouse('ping', 'w', limit=30), 1, 'key')
        self.refused(world.rouse('stop', '--now', 'w', limit=30), 1, 'key')
        os.replace(keys / 'kept', keys / 'client.key_secret')
        self.assertIn('its key is not known', world.log('w'))
        self.finish()

    def test_keys_that_are_damaged_or_gone(self):
        world = self.world
        self.start()
        keys = world.run_dir('w') / '.service'
        for content in (None, b'', b'\0\xff' * 500, b'curve\n    public-key = "short"\n'):
            shutil.copy(keys / 'client.key_secret', keys / 'kept')
            (keys / 'client.key_secret').unlink()
            if content is not None:
                (keys / 'client.key_secret').write_bytes(content)
            self.refused(world.rouse('ping', 'w'), 1, 'client.key_secret')
            os.replace(keys / 'kept', keys / 'client.key_secret')
        self.finish()

    def test_a_client_without_keys(self):
        port = self.start()
        client = Zmq(port)
        client.send(b'{"command": "stop", "args": {"mode": "now"}}')
        self.assertIsNone(client.receive())
        client.close()
        self.finish()

    def test_garbage_on_the_wire(self):
        port, rng = self.start(), random.Random(1)
        for n in range(40):
            with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port), 5) as line:
                greeting = b'\xff' + bytes(8) + b'\x7f\x03\x00CURVE' if n % 3 == 0 else b'GET / HTTP/1.0\r\n\r\n' * (n % 3 - 1)
                line.sendall(greeting + rng.randbytes(rng.randrange(1, 5000)))
        self.finish()

    def test_connections_that_say_nothing(self):
        port = self.start()
        lines = [socket.create_connection(('127.0.0.1', port), 5) for _ in range(100)]
        self.done(self.world.rouse('ping', 'w'))
        for line in lines:
            line.close()
        self.finish()

    def test_garbage_from_a_client_with_a_key(self):
        client = self.client(self.start())
        for body in self.GARBAGE:
            client.send(body)
            answer = client.receive()
            self.assertIsNotNone(answer, body[:60])
            self.assertIn(b'"error"', answer, body[:60])
        client.send(b'one', b'two', b'three')
        self.assertIn(b'"error"', client.receive() or b'')
        client.send(b'{"command": "ping"}')
        self.assertIn(b'"data"', client.receive())
        client.close()
        self.finish()

    def test_clients_that_do_not_wait_for_the_answer(self):
        port = self.start()
        for _ in range(30):
            client = self.client(port)
            client.send(b'{"command": "why", "args": {"ids": ["1/b"]}}')
            client.close()
        self.finish()


if __name__ == '__main__':
    common.main()
