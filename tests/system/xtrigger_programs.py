"""Xtriggers that programs serve over the network: the examples, the bridge `rouse xtrigger-host`, and programs that
hang, die, flood, fork and talk rubbish while others do not notice."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import common
from bad_input import Zmq
from common import TOP, alive, flow

EXAMPLE = TOP / 'examples/xtrigger-program'

# A program for the bridge. BODY is run for each message; `tell` answers.
PROGRAM = """
import json, os, signal, subprocess, sys, time
share = os.environ['SHARE']
def tell(message):
    print(message if isinstance(message, str) else json.dumps(message), flush=True)
def note(name, text):
    with open(os.path.join(share, name), 'a') as file:
        file.write(text + '\\n')
%s
for line in sys.stdin:
    message = json.loads(line)
    number = message.get('start')
%s
"""


def program(body, before=''):
    return PROGRAM % (before, '\n'.join('    ' + line for line in body.strip('\n').splitlines()))


def served(graph, xtriggers, names='mine', runtime=''):
    return flow(graph, runtime, scheduling=f"""
    xtrigger programs = {names}
    [[xtriggers]]
        {xtriggers}""")


SATISFY = """
if number:
    tell({'satisfied': number, 'results': {'args': message['args'], 'kwargs': message['kwargs']}})
if 'kept' in message:
    note('kept', str(message['kept']))
"""


class Programs(common.SystemTest):
    def install(self, text, name='w'):
        run = self.world.install(name, text)
        self.world.env['SHARE'] = str(run / 'share')
        return run

    def serve(self, body, *options, name='w', names=('mine',), before=''):
        """A program of that body, by the bridge."""
        path = self.world.home / f'program-{len(self.world.children)}.py'
        path.write_text(program(body, before))
        return self.world.popen(self.world.bin / 'rouse', 'xtrigger-host', *options, name, *names, '--', sys.executable,
                                path)

    def output(self, child):
        """What a program in the background, and its bridge, have written."""
        number = self.world.children.index(child)
        return (self.world.home / f'background-{number}.log').read_text(errors='replace')

    def wait_child(self, child, status, limit=20):
        self.assertEqual(child.wait(limit), status, self.output(child))

    def why(self, task, name='w'):
        return self.world.must('why', f'{name}//{task}').out

    def wait_why(self, task, text):
        self.world.wait(f'{text!r} in why {task}', lambda: text in self.why(task), 20)

    def stop(self):
        self.done(self.world.rouse('stop', '--now', '--now', 'w'))
        self.world.wait_end('w', 30)

    def client(self, method, args, status=0, *options):
        result = self.world.rouse('client', *options, 'w', method, stdin=json.dumps(args))
        self.assertEqual(result.status, status, result)
        return result

    # --- the examples

    def run_example(self, *argv, env=None):
        world = self.world
        spool = world.home / 'spool'
        spool.mkdir()
        world.env.update(env or {})
        world.install('w', (EXAMPLE / 'flow.cylc').read_text())
        world.play('w')
        self.assertIn('no program serves "spool": rouse xtrigger-host w spool -- COMMAND', self.why('1/use'))
        child = world.popen(*argv, spool)
        world.wait_log('w', 'a program serves the xtrigger "spool"')
        (spool / '1.ready').touch()
        world.wait_status('w', '1/use', 'succeeded')
        self.assertIn(f'found {spool}/1.ready', (world.run_dir('w') / 'log/job/1/use/01/job.out').read_text())
        world.kill('w')
        world.play('w')
        (spool / '2.ready').touch()
        world.wait_end('w', 40)
        self.wait_child(child, 0)
        self.all_succeeded('w', 2)

    def test_the_example_in_shell(self):
        self.run_example(self.world.bin / 'rouse', 'xtrigger-host', 'w', 'spool', '--', EXAMPLE / 'watch.sh')

    def test_the_example_in_c(self):
        library = self.world.bin.parent / 'lib'
        binary = self.world.home / 'watch'
        self.done(self.world.run(os.environ.get('CC', 'cc'), '-o', binary, EXAMPLE / 'watch.c',
                                 f'-I{TOP / "scheduler/net"}', f'-L{library}', '-lrouse',
                                 *os.environ.get('ROUSE_TEST_CFLAGS', '').split()))
        env = {'LD_LIBRARY_PATH': str(library)}
        self.refused(self.world.run(binary, 'nowhere', '/', env=env, limit=10), 1, 'nowhere')
        self.install(served('@x => a', 'x = mine()'))
        self.world.play('w')
        self.refused(self.world.run(binary, 'w', '/', env=env, limit=10), 1, '"spool" is not among')
        self.stop()
        self.done(self.world.rouse('clean', '-y', 'w'))
        self.run_example(binary, 'w', env=env)

    def test_the_example_in_python(self):
        env = {'PYTHONPATH': str(TOP / 'lib/python')}
        result = self.world.run(sys.executable, EXAMPLE / 'watch.py', 'nowhere', '/', env=env, limit=10)
        self.refused(result, 1, 'nowhere', 'RouseError')
        self.run_example(sys.executable, EXAMPLE / 'watch.py', 'w', env=env)

    # --- declaring them

    def test_validate_knows_what_programs_serve(self):
        world = self.world
        for names, xtrigger, status, texts in (
                ('mine, other', 'other(1)', 0, ()),
                ('mine', 'other(1)', 1, ('"other"', 'flow.cylc:12')),
                ('mine, a-b', 'mine()', 1, ('"a-b" is no name of a function', '[scheduling]xtrigger programs'))):
            path = world.home / 'flow.cylc'
            path.write_text(served('@x => a', f'x = {xtrigger}', names))
            result = world.rouse('validate', path)
            self.assertEqual(result.status, status, result)
            for text in texts:
                self.assertIn(text, result.err)
        path.write_text(served('@x => a', 'x = mine()', 'mine, other'))
        self.assertIn('xtrigger programs = mine, other', world.must('config', path).out)

    # --- serving

    def test_arguments_results_and_kept(self):
        run = self.install(served('@x => a', 'x = mine(1, "two", a=2.5, b=True, c=None, p=%(point)s)',
                                  runtime='    [[a]]\n        script = env | grep ^x_\n'))
        self.world.play('w')
        child = self.serve(SATISFY)
        self.world.wait_end('w')
        self.wait_child(child, 0)
        out = (run / 'log/job/1/a/01/job.out').read_text()
        self.assertIn('x_args=[1, "two"]', out)
        self.assertIn('x_kwargs={"a": 2.5, "b": true, "c": null, "p": "1"}', out)
        self.assertEqual((run / 'share/kept').read_text(), '1\n')

    def test_the_last_words_are_heard(self):
        """A program that takes its time gets all that it was told, also when the workflow is complete."""
        run = self.install(served('@x & @y => a', 'x = mine(1)\n        y = mine(2)'))
        self.world.play('w')
        child = self.serve("""
if number:
    tell({'satisfied': number})
if 'kept' in message:
    time.sleep(1.5)
    note('kept', str(message['kept']))
""")
        self.world.wait_end('w')
        self.wait_child(child, 0)
        self.assertEqual(sorted(self.read(run / 'share/kept').split()), ['1', '2'])

    def test_several_programs_and_names(self):
        self.install(served('@x & @y & @z => a', 'x = one(1)\n        y = two(2)\n        z = three(3)',
                            'one, two, three'))
        for placement in ('', 'xtriggers=thread', 'xtriggers=process,server=thread'):
            self.world.play('w', *(['--placement', placement] if placement else []))
            children = [self.serve(SATISFY, names=('one', 'two')), self.serve(SATISFY, names=('three',))]
            self.world.wait_end('w')
            for child in children:
                self.wait_child(child, 0)
            self.all_succeeded('w', 1)
            self.done(self.world.rouse('clean', '-y', 'w'))
            self.install(served('@x & @y & @z => a', 'x = one(1)\n        y = two(2)\n        z = three(3)',
                                'one, two, three'))

    def test_the_newest_program_of_a_name_serves_it(self):
        self.install(served('@x => a', 'x = mine()'))
        self.world.play('w')
        older = self.serve('note("older", line)')
        self.world.wait_log('w', 'a program serves the xtrigger "mine"')
        newer = self.serve(SATISFY)
        self.wait_child(older, 1)
        self.assertIn('another program serves "mine" now', self.output(older))
        self.world.wait_end('w')
        self.wait_child(newer, 0)
        self.all_succeeded('w', 1)

    def test_not_yet_fail_and_log(self):
        self.install(served('@x => a', 'x = mine():PT0.2S'))
        self.world.play('w')
        self.serve("""
if number == 1:
    tell({'log': number, 'text': 'a word'})
    tell({'fail': number, 'error': 'the moon is full'})
elif number and number < 4:
    tell({'not_yet': number, 'after': 0.1})
elif number == 4:
    tell({'not_yet': number, 'file': share + '/there'})
    note('waits', 'now')
elif number:
    tell({'satisfied': number})
""")
        share = self.world.run_dir('w') / 'share'
        self.world.wait('the fourth call', lambda: (share / 'waits').exists())
        log = self.world.log('w')
        self.assertIn('xtrigger mine(): a word', log)
        self.assertIn('xtrigger mine(): the moon is full', log)
        (share / 'there').touch()
        self.world.wait_end('w')

    def test_arguments_are_checked_when_a_program_comes(self):
        self.install(served('@x & @y => a', 'x = mine(1)\n        y = mine(%(point)s)'))
        self.world.play('w')
        child = self.serve("""
if 'check' in message:
    number = message['check']
    tell({'checked': number, 'error': 'no templates'} if '%' in str(message['args']) else {'checked': number})
elif number:
    tell({'watching': number})
""")
        self.world.wait_log('w', 'no templates')
        self.assertRegex(self.world.log('w'), r'WARNING - \S+:13: \[scheduling\]\[xtriggers\]y: no templates')
        self.assertNotIn('[xtriggers]x', self.world.log('w'))
        child.send_signal(signal.SIGINT)
        self.wait_child(child, 0)
        self.stop()

    def test_a_reload(self):
        """Calls are started anew; names may be declared."""
        text = served('@x => a', 'x = mine(1)')
        run = self.install(text)
        self.world.play('w')
        child = self.serve("""
if number:
    tell({'watching': number})
note('told', line.strip())
""")
        self.world.wait('a start', lambda: '"start":1' in self.read(run / 'share/told'))
        (run / 'flow.cylc').write_text(text.replace('programs = mine', 'programs = mine, other').replace(
            'x = mine(1)', 'x = mine(2)\n        y = other(3)').replace('@x', '@x & @y'))
        self.world.must('reload', 'w')
        self.world.wait('another start', lambda: '"mine(2)"' in self.read(run / 'share/told'))
        self.assertIn('{"cancel":1}', self.read(run / 'share/told'))
        newer = self.serve(SATISFY, names=('mine', 'other'))
        self.world.wait_end('w')
        self.wait_child(child, 1)
        self.wait_child(newer, 0)
        self.all_succeeded('w', 1)

    def test_a_dropped_signature_is_cancelled(self):
        run = self.install(served('@x => a\n            b', 'x = mine()', runtime='    [[b]]\n        script = true\n'))
        self.world.play('w')
        self.serve("""
if number:
    tell({'watching': number})
note('told', line.split(':')[0] + str(number or message.get('cancel')))
""")
        self.world.wait('a start', lambda: '"start"1' in self.read(run / 'share/told'))
        self.done(self.world.rouse('remove', 'w//1/a'))
        self.world.wait('the cancel', lambda: '"cancel"1' in self.read(run / 'share/told'))
        self.world.wait_end('w')

    @staticmethod
    def read(path):
        return path.read_text() if path.exists() else ''

    def test_on_another_host(self):
        """What it needs there: contact file and keys."""
        world = self.world
        run = self.install(served('@x => a', 'x = mine()'))
        world.play('w')
        there = world.home / 'elsewhere/cylc-run/w/.service'
        there.mkdir(parents=True)
        for name in ('contact', 'server.key', 'client.key_secret'):
            shutil.copy(run / '.service' / name, there)
        script = world.home / 'there.py'
        script.write_text(program(SATISFY))
        result = world.rouse('xtrigger-host', 'w', 'mine', '--', sys.executable, script,
                             env={'HOME': str(world.home / 'elsewhere')})
        self.done(result)
        world.wait_end('w')
        self.all_succeeded('w', 1)

    def test_by_the_pipes_of_who_started_it(self):
        world = self.world
        self.install(served('@x => a', 'x = mine()'))
        self.done(world.rouse('xtrigger-host', '--stdio', 'w', 'mine'), '')  # stdin has ended, and nothing runs
        world.play('w')
        result = world.rouse('xtrigger-host', '--stdio', 'w', 'mine', stdin='{"watching": 7}\nnonsense\n')
        self.done(result)
        self.assertIn('stdin: it speaks of a call that was never started: {"watching": 7}', result.err)
        self.assertIn('stdin: no JSON', result.err)
        bridge = subprocess.Popen([world.bin / 'rouse', 'xtrigger-host', '--stdio', 'w', 'mine'], env=world.env,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with bridge:
            for line in bridge.stdout:
                message = json.loads(line)
                if 'start' in message:
                    bridge.stdin.write(json.dumps({'satisfied': message['start']}) + '\n')
                    bridge.stdin.flush()
            self.assertEqual(bridge.wait(20), 0)
        world.wait_end('w')

    def test_stop_and_play_again(self):
        """The bridge waits, and the program notices nothing."""
        run = self.install(served('@x => a', 'x = mine()'))
        self.world.play('w')
        child = self.serve("""
note('told', line)
if number:
    tell({'watching': number})
    while not os.path.exists(share + '/go'): time.sleep(0.1)
    tell({'satisfied': number})
""")
        self.world.wait('a start', lambda: '"start":1' in self.read(run / 'share/told'))
        self.assertNotIn('error', self.why('1/a'))
        self.stop()
        (run / 'share/go').touch()
        self.world.play('w')
        self.world.wait_end('w')
        self.wait_child(child, 0)
        told = self.read(run / 'share/told')
        self.assertEqual(told.count('hello'), 1)
        self.assertEqual(told.count('start"'), 1)
        self.assertIn('{"kept":1}', told)

    def test_told_to_end(self):
        run = self.install(served('@x => a', 'x = mine()'))
        self.world.play('w')
        child = self.serve('note("told", str(os.getpid()))')
        self.world.wait('a start', lambda: len(self.read(run / 'share/told').split()) >= 2)
        pid = int(self.read(run / 'share/told').split()[0])
        child.send_signal(signal.SIGTERM)
        self.wait_child(child, 0)
        self.assertFalse(alive(pid))
        self.wait_why('1/a', 'the program that serves "mine" has left')
        self.stop()

    def test_a_command_that_registers_itself(self):
        run = self.install(served('@x & @y => a', 'x = mine()\n        y = other()', 'mine, other'))
        self.world.play('w')
        child = self.serve(SATISFY, names=(), before="tell({'register': ['mine', 'other']})")
        self.world.wait_end('w')
        self.wait_child(child, 0)
        self.assertEqual(sorted(self.read(run / 'share/kept').split()), ['1', '2'])

    def test_a_plugin_in_c_by_hand(self):
        plugin = self.world.home / 'disk_space.so'
        self.done(self.world.run(os.environ.get('CC', 'cc'), '-shared', '-fPIC', '-I', TOP / 'xtriggers', '-o', plugin,
                                 TOP / 'examples/plugin/disk_space.c'))
        run = self.install(served('@x => a', 'x = disk_space(/tmp, megabytes=1)', 'disk_space',
                                  '    [[a]]\n        script = echo "free $x_free"\n'))
        self.world.play('w')
        child = self.world.popen(self.world.bin / 'rouse', 'xtrigger-host', '--plugin', plugin, 'w')
        self.world.wait_end('w')
        self.wait_child(child, 0)
        self.assertRegex((run / 'log/job/1/a/01/job.out').read_text(), r'free \d+')

    def test_functions_in_python_by_hand(self):
        run = self.install(served('@x => a', 'x = mine(1, b=two)', runtime='    [[a]]\n        script = echo "got $x_got"\n'))
        library = self.world.home / 'library'
        library.mkdir()
        (library / 'mine.py').write_text('def mine(a, b):\n    return True, {"got": f"{a} {b}"}\n')
        self.world.play('w')
        self.world.env['CYLC_PYTHONPATH'] = str(library)
        child = self.world.popen(self.world.bin / 'rouse', 'xtrigger-host', '--python', 'w', 'mine')
        self.world.wait_end('w')
        self.wait_child(child, 0)
        self.assertIn('got 1 two', (run / 'log/job/1/a/01/job.out').read_text())

    # --- kill -9 of the scheduler

    def test_kill_between_satisfied_and_its_acknowledgement(self):
        """Whatever the moment: the task runs once, and each satisfied call is kept once."""
        world = self.world
        run = self.install("""
[scheduler]
    allow implicit tasks = True
[scheduling]
    cycling mode = integer
    initial cycle point = 1
    final cycle point = 8
    xtrigger programs = mine
    [[xtriggers]]
        x = mine(%(point)s)
    [[graph]]
        P1 = @x => a
[runtime]
    [[a]]
        script = echo "$CYLC_TASK_CYCLE_POINT" >>"$CYLC_WORKFLOW_SHARE_DIR/ran"
""")
        world.play('w')
        child = self.serve("""
if number:
    if os.path.exists(share + '/go' + message['args'][0]):
        tell({'satisfied': number})
        note('said', str(number))
    else:
        tell({'not_yet': number, 'after': 0.02})
if 'kept' in message:
    note('kept', str(message['kept']))
""")
        for point in range(1, 9):
            said = len(self.read(run / 'share/said').split())
            (run / f'share/go{point}').touch()
            if point % 2:
                world.wait('it is said', lambda: len(self.read(run / 'share/said').split()) > said or child.poll())
                world.kill('w')
                world.play('w')
        world.wait_end('w', 60)
        self.wait_child(child, 0)
        self.assertEqual(sorted(self.read(run / 'share/ran').split()), [str(point) for point in range(1, 9)])
        self.assertEqual(sorted(self.read(run / 'share/kept').split()), sorted(self.read(run / 'share/said').split()))
        self.assertEqual(len(self.read(run / 'share/kept').split()), 8)

    # --- programs that misbehave

    def other_triggers_work(self):
        self.world.wait_status('w', '1/c', 'succeeded')
        self.done(self.world.rouse('ping', 'w'))

    MISBEHAVING = served('@x => a\n            @y => c', 'x = mine():PT0.5S\n        y = good()', 'mine, good')

    def start_misbehaving(self, body, *options, before=''):
        run = self.install(self.MISBEHAVING)
        self.world.play('w')
        bad = self.serve(body, *options, before=before)
        self.world.wait_log('w', 'serves the xtrigger "mine"')
        good = self.serve(SATISFY, names=('good',))
        self.other_triggers_work()
        return run, bad, good

    def mend(self, *children):
        """A program as it should be: all ends well."""
        child = self.serve(SATISFY)
        self.world.wait_end('w')
        for each in (child, *children):
            self.wait_child(each, 0)
        self.all_succeeded('w', 2)

    def test_a_program_that_hangs(self):
        (self.world.home / '.cylc/flow').mkdir(parents=True)
        (self.world.home / '.cylc/flow/global.cylc').write_text('[scheduler]\n    process pool timeout = PT1S\n')
        _, bad, good = self.start_misbehaving('note("told", line)\nif number: time.sleep(3600)')
        self.wait_why('1/a', 'it did not answer within 1 s')
        bad.send_signal(signal.SIGINT)
        self.wait_child(bad, 0)
        self.mend(good)

    def test_a_program_without_a_sign_of_life(self):
        _, bad, good = self.start_misbehaving('if number: tell({"watching": number})', '--heartbeat', '0.3')
        bad.send_signal(signal.SIGSTOP)
        self.wait_why('1/a', 'the program that serves "mine" was silent for 0.9 s')
        bad.send_signal(signal.SIGCONT)
        self.world.wait('it is back', lambda: self.world.log('w').count('serves the xtrigger "mine"') == 2)
        self.assertIn('trying again', self.output(bad))
        child = self.serve(SATISFY)
        self.wait_child(bad, 1)
        self.world.wait_end('w')
        for each in (child, good):
            self.wait_child(each, 0)

    def test_kill_of_the_program(self):
        _, bad, good = self.start_misbehaving('if number: os.kill(os.getpid(), signal.SIGKILL)')
        self.wait_child(bad, 1)
        self.assertIn('was ended by signal 9', self.output(bad))
        self.wait_why('1/a', 'the program that serves "mine" has left')
        self.mend(good)

    def test_kill_of_the_bridge(self):
        run, bad, good = self.start_misbehaving('note("pid", str(os.getpid()))\nif number: tell({"watching": number})',
                                                '--heartbeat', '0.3')
        bad.send_signal(signal.SIGKILL)
        self.wait_why('1/a', 'was silent for 0.9 s')
        pid = int(self.read(run / 'share/pid').split()[0])
        self.world.wait('the end of its program, whose stdin has ended', lambda: not alive(pid), 10)
        self.mend(good)

    def test_a_program_that_floods(self):
        _, bad, good = self.start_misbehaving("""
if number:
    tell({'watching': number})
    for i in range(30000):
        tell({'log': number, 'text': 'flood %d' % i})
        tell('{"rubbish": %d}' % i)
        tell({'satisfied': number + 1000000})
    note('flooded', 'all')
""")
        share = self.world.run_dir('w') / 'share'
        self.world.wait('the end of the flood', lambda: (share / 'flooded').exists())
        self.done(self.world.rouse('ping', 'w'))
        self.assertLess(self.world.log('w').count('flood '), 201)
        self.assertLess(len(self.output(bad).splitlines()), 201)
        bad.send_signal(signal.SIGTERM)
        self.wait_child(bad, 0)
        self.mend(good)

    def connect(self):
        """A client of our own making, for what ours would not do."""
        keys = {}
        for path, which in (('server.key', 'public'), ('client.key_secret', 'public'), ('client.key_secret', 'secret')):
            text = (self.world.run_dir('w') / '.service' / path).read_text()
            keys[path, which] = re.search(which + r'-key\s*=\s*"([^"]{40})"', text)[1]
        return Zmq(int(self.world.contact('w')['CYLC_WORKFLOW_PORT']), *keys.values())

    def test_a_program_that_floods_and_does_not_read(self):
        """Straight to the scheduler, without the bridge."""
        world = self.world
        self.install(served('@x => a\n            b1 => b2 => b3', 'x = mine()'))
        world.play('w')
        client = self.connect()
        client.send(json.dumps({'command': 'xtrigger-host', 'id': 1, 'stream': True,
                                'args': {'register': ['mine'], 'heartbeat': 1}}).encode())
        world.wait_log('w', 'serves the xtrigger "mine"')
        for i in range(15000):
            for args in ({'log': 1, 'text': f'flood {i}'}, {'satisfied': 'x'}, {'satisfied': 10**9}):
                client.send(json.dumps({'command': 'xtrigger-say', 'id': i, 'args': {'host': 1, **args}}).encode())
            if i % 3000 == 0:
                began = time.monotonic()
                self.done(world.rouse('ping', 'w'))
                self.assertLess(time.monotonic() - began, 2)
        world.wait_status('w', '1/b3', 'succeeded')
        world.wait('the end of the program', lambda: 'was silent for 3 s' in world.log('w'))
        self.assertLess(len(world.log('w').splitlines()), 500)
        client.close()
        child = self.serve(SATISFY)
        world.wait_end('w')
        self.wait_child(child, 0)

    def test_a_program_that_talks_rubbish(self):
        _, bad, good = self.start_misbehaving("""
for text in ('nonsense', '{', '[1]', '{}', '{"satisfied": -1}', '{"satisfied": "x"}', '{"fail": 1}', '{"hello": 1}',
             '{"satisfied": 77}', '{"not_yet": 1, "after": "soon"}', '\\xff\\xfe', '{"satisfied": 1, "results": [1]}'):
    tell(text)
""")
        self.world.wait('all of it', lambda: 'results' in self.output(bad))
        out = self.output(bad)
        for text in ('no JSON', '"satisfied" must be a number', '"fail" without error', 'not for a program to say',
                     'a call that was never started', '"after" of "not_yet" must be', '"results" of "satisfied" must be'):
            self.assertIn(text, out)
        bad.send_signal(signal.SIGTERM)
        self.wait_child(bad, 0)
        self.mend(good)

    def test_a_line_without_end(self):
        _, bad, good = self.start_misbehaving('if number:\n    sys.stdout.write("x" * 3000000)\n    sys.stdout.flush()')
        self.wait_child(bad, 1)
        self.assertIn('a line of more than', self.output(bad))
        self.mend(good)

    def test_a_program_that_forks(self):
        """What it left behind ends with it."""
        run, bad, good = self.start_misbehaving("""
if number:
    for _ in range(3):
        child = subprocess.Popen(['sleep', '3600'])
        note('pids', str(child.pid))
    sys.exit(3)
""")
        self.wait_child(bad, 1)
        self.assertIn('ended with status 3', self.output(bad))
        for pid in self.read(run / 'share/pids').split():
            self.world.wait(f'the end of {pid}', lambda pid=pid: not alive(pid), 10)
        self.mend(good)

    def test_requests_that_cannot_be(self):
        self.install(served('@x => a', 'x = mine()'))
        self.world.play('w')
        for args, text in (({}, 'no message that is known'), ({'register': []}, '"register" must be a list of names'),
                           ({'register': 'mine'}, '"register" must be a list of names'),
                           ({'register': ['other']}, '"other" is not among [scheduling]xtrigger programs'),
                           ({'register': ['mine'], 'heartbeat': 0}, '"heartbeat" must be 0.1 to 3600 seconds'),
                           ({'register': ['mine'], 'heartbeat': 'x'}, '"heartbeat" of "register" must be'),
                           ({'register': ['mine'] * 101}, 'more than 100 names')):
            self.assertIn(text, self.client('xtrigger-host', args, 1, '--stream').err)
        self.assertIn('ask for a stream', self.client('xtrigger-host', {'register': ['mine']}, 1).err)
        self.assertIn('begin with xtrigger-host', self.client('xtrigger-say', {'host': 1, 'heartbeat': True}, 1).err)
        for argv, status, text in ((('w', 'other', '--', 'cat'), 1, '"other" is not among'),
                                   (('nowhere', 'mine', '--', 'cat'), 1, 'nowhere'),
                                   (('w', 'mine', '--', '/no/such/program'), 1, 'cannot start /no/such/program'),
                                   (('w', 'mine'), 2, 'no program is given'), (('--', 'cat'), 2, 'no workflow is named'),
                                   (('--python', 'w'), 2, 'name the functions'),
                                   (('--python', 'w', 'mine', '--', 'cat'), 2, 'exclude each other'),
                                   (('--plugin=none.so', 'w'), 1, '--plugin: none.so: No such file'),
                                   (('--plugin=/bin/sh', 'w'), 1, 'cannot load the plugin'),
                                   (('--heartbeat=0', 'w', 'mine', '--', 'cat'), 2, '--heartbeat')):
            self.refused(self.world.rouse('xtrigger-host', *argv), status, text)
        self.stop()

    def test_a_crash_of_the_xtriggers_process(self):
        """Its programs come back to the new one."""
        run = self.install(served('@x => a', 'x = mine()'))
        self.world.play('w', '--placement', 'xtriggers=process')
        child = self.serve("""
if number:
    tell({'watching': number})
    note('told', 'start')
    while not os.path.exists(share + '/go'): time.sleep(0.1)
    tell({'satisfied': number})
""", '--heartbeat', '0.5')
        self.world.wait('a start', lambda: self.read(run / 'share/told'))
        [pid] = [pid for pid, command in self.world.processes().items() if ' cast ' in command]
        os.kill(pid, signal.SIGKILL)
        self.world.wait('a new one', lambda: self.world.log('w').count('serves the xtrigger "mine"') == 2)
        (run / 'share/go').touch()
        self.world.wait_end('w')
        self.wait_child(child, 0)


assert pathlib.Path(EXAMPLE).is_dir()

if __name__ == '__main__':
    common.main()
