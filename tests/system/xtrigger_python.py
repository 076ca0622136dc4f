"""Xtriggers written in Python, as the workflows of Cylc have them: lib/python, CYLC_PYTHONPATH, validate(), results,
sequential; `async def`; functions that raise, hang, crash, flood and leak while others do not notice."""
import os
import signal
import socket
import time

import common
from common import TOP, WAIT_FOR_GO, flow


def module(name, text):
    return {f'lib/python/{name}.py': text}


def waiting(graph, xtriggers, runtime=''):
    return flow(graph, runtime, scheduling='    [[xtriggers]]\n        ' + '\n        '.join(xtriggers))


CYCLING = """
[scheduler]
    allow implicit tasks = True
    [[events]]
        stall timeout = PT0S
        abort on stall timeout = True
[scheduling]
    cycling mode = integer
    initial cycle point = 1
    final cycle point = 3
    {top}
    [[xtriggers]]
        x = {call}
    [[graph]]
        P1 = @x => a
[runtime]
    [[root]]
        script = true
"""

EXISTS = """
import os
def {name}(path, **others):
    with open(path + '.asked', 'a') as log:
        log.write('{name}\\n')
    return os.path.exists(path), {{'path': path}}
"""


class Python(common.SystemTest):
    def env_of(self, name, task, *variables):
        out = (self.world.run_dir(name) / f'log/job/{task}/01/job.out').read_text()
        found = dict(line.split('=', 1) for line in out.splitlines() if '=' in line)
        return [found.get(variable) for variable in variables]

    def hosts(self):
        """pids of the Python hosts."""
        return [pid for pid, command in self.world.processes().items() if 'xtrigger_host.py' in command]

    def wait_why(self, task, *texts, limit=30):
        def said():
            out = self.world.rouse('why', task).out
            return all(text in out for text in texts)
        self.world.wait(f'{texts} of why {task}', said, limit)

    def stop(self, name='w'):
        self.done(self.world.rouse('stop', '--now', '--now', name))
        self.world.wait_end(name, 20)

    # --- what they are given and give

    def test_results_are_in_the_environment(self):
        self.world.install('w', waiting('@x => a', ['x = mine(7, name=%(name)s, flag=True, point="%(point)s"):PT1S'],
                                        '    [[a]]\n        script = env\n'), module('mine', """
def mine(n, name, flag, point, half=None):
    return True, {'n': n + 1, 'name': name, 'flag': flag, 'point': point, 'half': n / 2, 'none': half, 'big': 1 << 40}
"""))
        self.world.must('play', '--no-detach', 'w')
        self.assertEqual(self.env_of('w', '1/a', 'x_n', 'x_name', 'x_flag', 'x_point', 'x_half', 'x_none', 'x_big'),
                         ['8', 'a', 'True', '1', '3.5', 'None', str(1 << 40)])
        self.settled('w')

    def test_cylc_pythonpath(self):
        elsewhere = self.world.home / 'elsewhere'
        elsewhere.mkdir()
        (elsewhere / 'far.py').write_text('def far():\n    return True, {"is": "far"}\n')
        self.world.env['CYLC_PYTHONPATH'] = str(elsewhere)
        self.world.install('w', waiting('@x => a', ['x = far()'], '    [[a]]\n        script = env\n'))
        self.done(self.world.rouse('validate', 'w'))
        self.world.must('play', '--no-detach', 'w')
        self.assertEqual(self.env_of('w', '1/a', 'x_is'), ['far'])

    def test_a_function_of_the_workflow_goes_before_one_that_is_built_in(self):
        scheduling = ['x = echo(1):PT1S', 'y = file("a", "b"):PT1S']
        self.world.install('w', waiting('@x & @y => a', scheduling, '    [[a]]\n        script = env\n'), {
            **module('echo', 'def echo(n):\n    return True, {"own": n}\n'),
            **module('file', 'def file(a, b):\n    return True, {"own": a + b}\n')})
        self.world.must('validate', 'w')
        self.world.must('play', '--no-detach', 'w')
        self.assertEqual(self.env_of('w', '1/a', 'x_own', 'y_own'), ['1', 'ab'])

    def test_one_call_for_one_signature_and_the_interval(self):
        world = self.world
        go = world.home / 'go'
        run = world.install('w', waiting('@x & @y => a & b & c', [
            f'x = there("{go}"):PT0.2S', f'y = there("{go}", n=2):PT100S']), module('there', EXISTS.format(name='there')))
        world.play('w')
        asked = world.home / 'go.asked'
        world.wait('calls', lambda: asked.exists() and len(asked.read_text().split()) >= 4)
        go.touch()
        world.wait('x is satisfied', lambda: world.rows('w', 'SELECT * FROM xtriggers'))
        before = len(asked.read_text().split())
        self.assertEqual(world.status('w', '1/a'), 'waiting', 'y is asked once in 100 s')
        self.done(world.rouse('set', '--pre=xtrigger/y', 'w//1/a', 'w//1/b', 'w//1/c'))
        world.wait_end('w')
        self.assertEqual(len(asked.read_text().split()), before, 'what is satisfied is not asked')
        self.all_succeeded('w', 3)
        self.assertEqual([], list(run.glob('lib/python/__pycache__')))

    def test_the_example(self):
        world = self.world
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        example = TOP / 'examples/xtrigger-python'
        files = {f'lib/python/{path.name}': path.read_bytes() for path in example.glob('lib/python/*.py')}
        run = world.install('w', (example / 'flow.cylc').read_text().replace('47110', str(port)), files)
        world.play('w')
        self.wait_why('w//1/use', 'xtrigger @arrived')
        (run / 'share/1.dat').write_text('0123456789')
        end = time.monotonic() + 30
        while True:
            try:
                with socket.create_connection(('127.0.0.1', port), 1) as speaker:
                    speaker.sendall(b'all is ready\n')
                break
            except OSError:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)
        world.wait_end('w')
        self.assertIn('somebody said: all is ready', (run / 'log/job/1/greet/01/job.out').read_text())
        self.assertIn('with 10 bytes', (run / 'log/job/1/use/01/job.out').read_text())

    # --- what goes wrong

    def test_play_and_reload_refuse_wrong_arguments(self):
        world = self.world
        files = module('mine', 'def mine(n):\n    return False, {}\n')
        text = waiting('@x => a', ['x = mine()'])
        run = world.install('w', text, files)
        self.refused(world.rouse('play', '--no-detach', 'w'), 3, 'flow.cylc:', "missing a required argument: 'n'")
        self.assertFalse((run / 'log/db').exists())
        (run / 'flow.cylc').write_text(text.replace('mine()', 'mine(1)'))
        world.play('w')
        (run / 'flow.cylc').write_text(text.replace('mine()', 'mine(1, 2)'))
        self.refused(world.rouse('reload', 'w'), 1, 'flow.cylc:', 'too many positional arguments')
        self.wait_why('w//1/a', 'xtrigger @x')
        self.stop()

    def test_an_exception_is_shown_and_the_function_called_again(self):
        world = self.world
        go = world.home / 'go'
        world.install('w', waiting('@x => a', [f'x = bad("{go}"):PT0.3S']), module('bad', """
import os
def bad(path):
    if not os.path.exists(path):
        raise LookupError(f'nothing at {path}')
    return True, {}
"""))
        world.play('w')
        self.wait_why('w//1/a', f'LookupError: nothing at {go} (bad.py:5)')
        world.wait_log('w', 'raise LookupError')  # the traceback
        go.touch()
        world.wait_end('w')
        self.all_succeeded('w', 1)

    def test_one_that_crashes_spoils_its_own_trigger_only(self):
        world = self.world
        world.install('w', waiting('@x => a\n            @y => b', ['x = crash():PT0.3S', 'y = slow():PT0.2S']), {
            **module('crash', 'import ctypes\ndef crash():\n    ctypes.string_at(0)\n'),
            **module('slow', """
import os
def slow(log=os.path.expanduser('~/slow')):
    with open(log, 'a') as file:
        file.write('x')
    return os.path.getsize(log) > 10, {}
""")})
        world.play('w')
        world.wait_status('w', '1/b', 'succeeded')
        self.wait_why('w//1/a', 'SIGSEGV')
        self.assertNotIn('crash', world.rouse('why', 'w//1/b').out)
        self.stop()

    def test_one_that_hangs_holds_up_nobody_and_is_ended(self):
        world = self.world
        (world.home / '.cylc/flow').mkdir(parents=True)
        (world.home / '.cylc/flow/global.cylc').write_text('[scheduler]\n    process pool timeout = PT2S\n')
        world.install('w', waiting('@x => a\n            @y => b => c', ['x = hang():PT1S', 'y = good():PT1S'],
                                   '    [[b]]\n' + WAIT_FOR_GO), {
            **module('hang', 'import time\ndef hang():\n    time.sleep(1000)\n'),
            **module('good', 'def good():\n    return True, {}\n')})
        world.play('w')
        self.wait_why('w//1/a', 'did not answer within 2')
        (world.run_dir('w') / 'share/go').touch()
        world.wait_status('w', '1/c', 'succeeded')
        self.stop()

    def test_one_that_floods_and_one_that_writes_where_it_should_not(self):
        world = self.world
        world.install('w', waiting('@x & @y => a', ['x = floods():PT1S', 'y = forks():PT1S']), {
            **module('floods', """
def floods():
    for n in range(50000):
        print('flood', n)
    return True, {}
"""),
            **module('forks', """
import os
def forks():
    pid = os.fork()
    if not pid:
        return True, {}
    os.waitpid(pid, 0)
    return True, {}
""")})
        world.must('play', '--no-detach', 'w')
        self.all_succeeded('w', 1)
        log = world.log('w')
        self.assertIn('flood 1', log)
        self.assertLess(log.count('flood'), 300)

    def test_one_that_leaks_is_told_and_the_host_started_again(self):
        world = self.world
        world.install('w', waiting('@x => a\n            @y => b', ['x = leaks():PT0.1S', 'y = there():PT0.1S']), {
            **module('leaks', """
kept = []
def leaks():
    kept.append(bytearray(150 << 20))
    return False, {}
"""),
            **module('there', """
import os
def there():
    return os.path.exists(os.path.expanduser('~/go')), {}
""")})
        world.play('w')
        self.wait_why('w//1/a', 'of memory')
        (world.home / 'go').touch()
        world.wait_status('w', '1/b', 'succeeded')
        self.stop()

    def test_a_host_that_is_killed_is_started_again(self):
        world = self.world
        go = world.home / 'go'
        world.install('w', waiting('@x => a', [f'x = there("{go}"):PT0.3S']), module('there', EXISTS.format(name='there')))
        world.play('w')
        [first] = world.wait('the host', self.hosts)
        os.kill(first, signal.SIGKILL)
        [second] = world.wait('another host', lambda: [pid for pid in self.hosts() if pid != first])
        self.assertNotEqual(first, second)
        go.touch()
        world.wait_end('w')
        self.all_succeeded('w', 1)

    def test_a_scheduler_that_is_killed_leaves_no_host(self):
        world = self.world
        world.install('w', waiting('@x => a', ['x = hang()']),
                      module('hang', 'import subprocess\ndef hang():\n    subprocess.run(["sleep", "1000"])\n'))
        world.play('w')
        world.wait('the host', self.hosts)
        world.wait('its child', lambda: any(command.startswith('sleep') for command in world.processes().values()))
        world.kill('w')
        self.assertEqual({}, world.quiet())

    # --- while the workflow runs

    def test_the_function_is_replaced_with_a_reload(self):
        world = self.world
        run = world.install('w', waiting('@x => a => b', ['x = mine():PT0.2S'],
                                         '    [[a]]\n        script = env\n    [[b]]\n' + WAIT_FOR_GO),
                            module('mine', 'def mine():\n    return False, {"v": 1}\n'))
        world.play('w')
        world.wait('the host', self.hosts)
        (run / 'lib/python/mine.py').write_text('def mine():\n    return True,  {"v": 2}\n')
        self.done(world.rouse('reload', 'w'))
        (run / 'share/go').touch()
        world.wait_end('w')
        self.assertEqual(self.env_of('w', '1/a', 'x_v'), ['2'])

    def test_a_restart_remembers_what_was_satisfied(self):
        world = self.world
        go, later = world.home / 'go', world.home / 'later'
        world.install('w', waiting('@x & @y => a', [f'x = there("{go}"):PT0.2S', f'y = there("{later}"):PT0.2S'],
                                   '    [[a]]\n        script = env\n'), module('there', EXISTS.format(name='there')))
        go.touch()
        world.play('w')
        world.wait('x is satisfied', lambda: world.rows('w', 'SELECT * FROM xtriggers'))
        world.kill('w')
        asked = (world.home / 'go.asked').read_text()
        later.touch()
        world.play('w')
        world.wait_end('w')
        self.all_succeeded('w', 1)
        self.assertEqual(self.env_of('w', '1/a', 'x_path', 'y_path'), [str(go), str(later)])
        self.assertEqual((world.home / 'go.asked').read_text(), asked)

    def test_sequential_is_what_the_function_says_unless_the_workflow_does(self):
        world = self.world
        files = module('mine', """
def mine(point, sequential=True):
    return False, {}
""")
        cases = {'one': ('mine("%(point)s")', '', ['1']), 'two': ('mine("%(point)s", sequential=False)', '', ['1', '2', '3']),
                 'three': ('other("%(point)s")', 'sequential xtriggers = True', ['1', '2', '3'])}
        files.update(module('other', 'def other(point, sequential=False):\n    return False, {}\n'))
        for name, (call, top, points) in cases.items():
            world.install(name, CYCLING.format(call=call, top=top), files)
            for _ in ('first', 'restart'):
                world.play(name)
                world.wait('the pool', lambda: len(world.rows(name, 'SELECT cycle FROM task_pool')) >= len(points))
                self.assertEqual(sorted(row[0] for row in world.rows(name, 'SELECT cycle FROM task_pool')), points, name)
                self.stop(name)

    # --- push

    def test_an_async_function_says_it_by_itself(self):
        world = self.world
        go = world.home / 'go'
        run = world.install('w', waiting('@x => a', [f'x = watch("{go}"):PT100S'], '    [[a]]\n        script = env\n'),
                            module('watch', """
import asyncio, os
async def watch(path):
    print('begun')
    while not os.path.exists(path):
        await asyncio.sleep(0.02)
    return True, {'path': path}
def kept(results):
    print('acknowledged', results['path'])
"""))
        world.play('w')
        world.wait_log('w', 'begun')
        go.touch()
        world.wait_end('w')
        self.all_succeeded('w', 1)
        self.assertEqual(self.env_of('w', '1/a', 'x_path'), [str(go)])
        self.assertIn(f'acknowledged {go}', world.log('w'))
        self.assertEqual(world.log('w').count('begun'), 1)
        self.assertTrue(run.exists())

    def test_in_other_placements(self):
        world = self.world
        for placement in 'xtriggers=thread', 'xtriggers=process':
            name = placement.replace('=', '-')
            world.install(name, waiting('@x => a', ['x = mine(3)'], '    [[a]]\n        script = env\n'),
                          module('mine', 'def mine(n):\n    return True, {"n": n}\n'))
            world.must('play', '--no-detach', '--placement', placement, name)
            self.assertEqual(self.env_of(name, '1/a', 'x_n'), ['3'])


if __name__ == '__main__':
    common.main()
