"""What a client learns of a workflow, in every way it can ask: show, dump, why, subscribe, client, librouse, the
Python module; and the files that are looked into without a scheduler: workflow-state, cat-log."""
import contextlib
import html.parser
import json
import os
import sqlite3
import sys
import xml.etree.ElementTree

import common
from common import WAIT_FOR_GO, flow

STAY = flow("""
            a => b
            (b | c:fail?) & a:x? => d
            c?
""", f'    [[a]]\n{WAIT_FOR_GO}        [[[outputs]]]\n            x = x-said\n')
MANY = """
[task parameters]
    n = 1..300
[scheduler]
    allow implicit tasks = True
[scheduling]
    cycling mode = integer
    initial cycle point = 1
    runahead limit = P9
    [[graph]]
        P1 = t<n>
[runtime]
    [[t<n>]]
        [[[meta]]]
            description = %s
""" % ('x' * 2000)


class Queries(common.SystemTest):
    def start(self, text=STAY, *options):
        self.world.install('w', text)
        self.world.play('w', *options)

    def start_waiting(self):
        """1/a runs until told to go, 1/c has succeeded."""
        self.start()
        self.world.wait_status('w', '1/a', 'running')
        self.world.wait_status('w', '1/c', 'succeeded')

    def start_paused(self, text):
        """Until what the pool begins with is recorded, and so to be seen."""
        self.start(text, '--pause')
        self.world.wait('the pool', lambda: self.client('ping')['status'] == 'paused')

    def finish(self):
        (self.world.run_dir('w') / 'share/go').touch()
        self.world.wait_end('w')

    def client(self, method, args=None, status=0):
        result = self.world.rouse('client', 'w', method, stdin=json.dumps(args or {}))
        self.assertEqual(result.status, status, result)
        return json.loads(result.out) if status == 0 else result.err

    def test_show(self):
        self.start_waiting()
        shown = json.loads(self.world.must('show', '--json', 'w//1/d', 'w//1/a').out)
        self.assertEqual(sorted(shown), ['1/a', '1/d'])  # d is a child of a
        self.assertEqual(shown['1/d']['state'], 'waiting')
        self.assertEqual(json.loads(self.world.must('show', '--json', 'w').out)['URL'], '')
        self.finish()

    def test_show_text_of_conditions(self):
        self.start_waiting()
        out = self.world.must('show', 'w//1/d').out
        self.assertIn('  ⨯ (1 | 2) & 0\n  ⨯ \t0 = 1/a x-said\n', out)
        self.assertEqual(self.world.must('show', '--list-prereqs', 'w//1/b').out, '1/a succeeded\n')
        self.refused(self.world.rouse('show', 'w//9/a'), 1, 'No matching active tasks found: 9/a')
        self.refused(self.world.rouse('show', 'w//x/a'), 1, "'x' is not an integer")
        self.refused(self.world.rouse('show', '--task-def=zz', 'w'), 1, 'zz')
        self.refused(self.world.rouse('show', 'w//1/a:nonsense'), 1, 'nonsense')
        self.finish()

    def test_ids_in_full(self):
        self.start_waiting()
        for ids in ('*', '1/*', '*/a', '1/a', '^/a', '1', '*:running', '1/root', '1/[ab]', '1/a:running'):
            self.assertEqual(list(self.client('show', {'ids': [ids]})['tasks']), ['1/a'], ids)
        for ids in ('1/b*', '2', '*:failed', '1/zz'):
            self.assertEqual(self.client('show', {'ids': [ids]}), {'tasks': {}, 'unmatched': ids}, ids)
        self.finish()

    def test_why_tells_of_tasks_that_have_run(self):
        self.start_waiting()
        out = self.world.must('why', 'w//1/c', 'w//1/b').out
        self.assertIn('1/c is not in the pool any more: it succeeded, submit number 01, flows [1]\n'
                      '  completed: submitted started succeeded\n', out)
        self.assertIn('1/b is not in the pool and has not run', out)
        self.finish()

    def test_dump(self):
        self.start_waiting()
        self.assertEqual(self.world.must('dump', '-t', '-f', 'w').out, '1/a:running flows=[1]\n')
        out = self.world.must('dump', 'w').out
        self.assertIn('\nstatus=running\n', out)
        self.assertTrue(out.endswith('\n1/a:running\n'), out)
        raw = [json.loads(line) for line in self.world.must('dump', '--raw', 'w').out.splitlines()]
        self.assertEqual(raw[0]['name'], 'a')
        self.assertEqual(raw[1]['stateTotals']['running'], 1)
        self.refused(self.world.rouse('dump', '-g', '-t', 'w'), 2, 'exclude each other')
        self.finish()

    def test_a_subscriber_hears_everything_until_the_end(self):
        self.start_waiting()
        child = self.world.popen(self.world.bin / 'rouse', 'subscribe', 'w')
        log = self.world.home / 'background-0.log'
        self.world.wait('the sentinel', lambda: 'sentinel' in log.read_text())
        self.finish()
        self.assertEqual(child.wait(20), 0)
        told = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual([task['name'] for task in told[0]['snapshot']], ['a'])
        changes = [change for each in told for change in each.get('deltas', [])]
        self.assertIn({'removed': '1/a'}, changes)
        states = [change['task']['state'] for change in changes if change.get('task', {}).get('name') == 'b']
        self.assertEqual([state for state in states if state in ('running', 'succeeded')][-1], 'succeeded')
        self.assertEqual(told[-1], {'end': 'the workflow has shut down'})

    def test_a_subscriber_sees_a_reload(self):
        self.start_waiting()
        self.world.popen(self.world.bin / 'rouse', 'subscribe', 'w')
        log = self.world.home / 'background-0.log'
        self.world.wait('the sentinel', lambda: 'sentinel' in log.read_text())
        path = self.world.run_dir('w') / 'flow.cylc'
        path.write_text(path.read_text().replace('a => b', 'a => b => e'))
        self.world.must('reload', 'w')
        self.world.wait('a new snapshot', lambda: '"anew":true' in log.read_text())
        self.finish()
        told = [json.loads(line) for line in log.read_text().splitlines()]
        anew = [each for each in told if each.get('anew')]
        self.assertEqual([task['name'] for task in anew[0]['snapshot']], ['a'])
        self.assertIn({'removed': '1/e'}, [change for each in told for change in each.get('deltas', [])])

    def test_client(self):
        self.start_waiting()
        self.assertEqual(self.client('ping'), {'workflow': 'w', 'status': 'running'})
        self.assertEqual(self.client('hold', {'ids': ['1/b']}), {})
        self.assertIn('unknown argument', self.client('hold', {'idz': ['1/b']}, 1))
        self.assertIn('ask for a stream', self.client('subscribe', {}, 1))
        self.refused(self.world.rouse('client', 'w', 'ping', stdin='[1]'), 1, 'not a JSON object')
        self.refused(self.world.rouse('client', 'w', 'ping', stdin='{"a"'), 1, 'not a JSON object')
        self.refused(self.world.rouse('client', 'w'), 2, 'a method must be named')
        self.refused(self.world.rouse('client', '-n', 'nowhere', 'ping'), 1, 'nowhere')
        self.assertEqual(self.client('release', {'ids': ['1/b']}), {})
        self.finish()
        self.refused(self.world.rouse('client', '-n', 'w', 'ping'), 1, 'w is not running')

    def test_librouse_from_a_program_of_ones_own(self):
        library = self.world.bin.parent / 'lib'
        program = self.world.home / 'at_once'
        built = self.world.run(os.environ.get('CC', 'cc'), '-o', program, common.TOP / 'examples/client/at_once.c',
                               f'-I{common.TOP / "scheduler/net"}', f'-L{library}', '-lrouse',
                               *os.environ.get('ROUSE_TEST_CFLAGS', '').split())
        self.assertEqual(built.status, 0, built)
        environment = {'LD_LIBRARY_PATH': str(library)}
        self.start_waiting()
        result = self.world.run(program, 'w', '1/a', '1/zz', '1/b', env=environment)
        self.assertEqual(result.status, 0, result)
        self.assertIn('1/a is running', result.out)
        self.assertIn('2: no such task in this workflow: "zz"', result.out)
        self.finish()
        self.refused(self.world.run(program, 'w', '1/a', env=environment), 1, 'at_once: w is not running')

    def test_the_python_module(self):
        script = self.world.home / 'ask.py'
        script.write_text(PYTHON)
        environment = {'PYTHONPATH': f'{common.TOP / "lib/python"}:{os.environ.get("PYTHONPATH", "")}'}
        self.start_waiting()
        result = self.world.run(sys.executable, script, env=environment)
        self.finish()
        if result.status == 3:  # no pyzmq here: that is what it must say
            self.assertIn('the module rouse needs pyzmq, which is not installed here', result.out)
        else:
            self.assertEqual(result.out, 'running\n1/a\nno task matches: 9/zz\n1\nsnapshot\nsentinel\nrunning\n', result)

    def test_pings_are_answered_while_a_long_answer_is_read(self):
        self.start_paused(MANY)
        bench = self.world.bin / 'bench_stream'
        if not bench.exists():
            self.skipTest('bench_stream is not built')
        out = self.world.run(bench, self.world.run_dir('w'), limit=300).out.split()
        figures = dict(zip(out[::2], map(float, out[1::2])))
        self.assertGreater(figures['bytes'], 3000 * 2000)
        self.assertGreater(figures['pings'], 3)
        # A time of its own would fail on a busy machine; what must not be is that a ping waits for the answer's end.
        self.assertLess(figures['median_us'], figures['seconds'] * 1e6 / 20, out)
        self.world.must('stop', '--now', 'w')
        self.world.wait_end('w')

    def test_a_long_answer_without_a_stream_is_refused(self):
        self.start_paused(MANY.replace('1..300', '1..1000'))
        self.assertIn('the answer is too large: ask for a stream', self.client('dump', {'full': True}, 1))
        self.assertEqual(self.client('ping')['status'], 'paused')
        self.world.must('stop', '--now', 'w')
        self.world.wait_end('w')

    def test_workflow_state(self):
        world = self.world
        self.start_waiting()
        look = ('workflow-state', '--max-polls=1')
        self.assertEqual(world.must(*look, 'w//1/c:succeeded').out, '1/c:succeeded\n')
        self.assertEqual(world.must(*look, '--flow=1', 'w//*/a').out, '1/a:running\n')
        self.refused(world.rouse(*look, '--flow=2', 'w//*/a'), 1, 'nothing found')
        self.refused(world.rouse(*look, 'w//1/a:succeeded'), 1, 'nothing found in 1 poll')
        self.refused(world.rouse(*look, 'nowhere//1/a'), 1, 'no run database')
        self.refused(world.rouse(*look, 'w//x/a'), 1, "'x' is not an integer")
        self.refused(world.rouse('workflow-state', '--max-polls=0', 'w'), 1, '--max-polls')
        self.refused(world.rouse('workflow-state', '--interval=x', 'w'), 1, '--interval')
        self.refused(world.rouse('workflow-state', '--triggers', '--messages', 'w'), 1, 'exclude each other')
        waiting = world.popen(world.bin / 'rouse', 'workflow-state', '--interval=0.2', '--max-polls=100', 'w//1/b:succeeded')
        self.finish()
        self.assertEqual(waiting.wait(30), 0)
        self.assertEqual(world.must(*look, '--triggers', 'w//1/b').out,
                         "1/b:{'submitted': 'submitted', 'started': 'started', 'succeeded': 'succeeded'}\n")

    def test_cat_log(self):
        world = self.world
        self.start_waiting()
        self.finish()
        log = world.run_dir('w') / 'log'
        self.assertEqual(world.must('cat-log', '-m', 'p', 'w//1/a').out, f'{log}/job/1/a/NN/job.out\n')
        self.assertEqual(world.must('cat-log', '-m', 'd', 'w').out, f'{log}\n')
        self.assertIn('scheduler/01-start-01.log\n', world.must('cat-log', '-m', 'l', 'w').out)
        self.assertIn('INFO - DONE', world.must('cat-log', 'w').out)
        self.assertIn('[scheduling]', world.must('cat-log', '-f', 'p', 'w').out)
        for argv, text in ((['w//1/zz'], 'file not found'), (['-f', 'nofile', 'w//1/a'], 'file not found'),
                           (['-r', '9', 'w'], 'file not found'), (['-f', '../../db', 'w//1/a'], 'not below'),
                           (['-s', 'x', 'w//1/a'], '--submit-number'), (['w//1'], 'names no task')):
            self.refused(world.rouse('cat-log', *argv), 1, text)
        self.refused(world.rouse('cat-log', '-m', 'q', 'w'), 2, '--mode')
        self.refused(world.rouse('cat-log', '-r', 'x', 'w'), 2, '--rotation')

    def test_scan(self):
        world = self.world
        self.start_waiting()
        world.install('other/one', flow('a'))
        self.assertEqual(world.must('scan', '-t', 'name').out, 'w\n')
        self.assertEqual(world.must('scan', '-t', 'tree', '--states=all').out, 'other\n└── one\nw\n')
        self.assertEqual(world.must('scan', '-t', 'name', '--states=paused').out, '')
        world.must('pause', 'w')
        self.assertEqual(world.must('scan', '-t', 'name', '--states=paused').out, 'w\n')
        self.assertEqual(world.must('scan', '-t', 'name', '--states=running').out, '')
        self.assertEqual(world.must('scan', '-t', 'name', '--states=all', '--name=o').out, 'other/one\n')
        self.assertIn('w - paused\n', world.must('scan', '-t', 'rich').out)
        self.assertIn('tasks: running:1\n', world.must('scan', '-t', 'rich').out)
        for option, text in (('--name=(', 'no regular expression'), ('--states=x', '--states'), ('--format=x', '--format')):
            self.refused(world.rouse('scan', option), 2, text)
        world.must('resume', 'w')
        world.kill('w')
        self.assertEqual(world.must('scan', '--ping').out, '')
        self.assertEqual(world.contact('w'), {})
        (world.run_dir('w') / 'share/go').touch()
        world.play('w')
        world.wait_end('w')

    def test_reinstall_and_vr(self):
        world = self.world
        world.install('w', flow('a', f'    [[a]]\n{WAIT_FOR_GO}'), {'bin/tool': 'one'})
        source = world.home / 'source/w'
        self.assertEqual(world.must('reinstall', 'w').out, f'w up to date with {source}\n')
        (source / 'bin/tool').write_text('two')
        self.assertEqual(world.must('reinstall', 'w').out, f'send bin/tool\nREINSTALLED w from {source}\n')
        self.assertEqual((world.run_dir('w') / 'bin/tool').read_text(), 'two')
        (source / 'flow.cylc').write_text('[scheduling\n')
        self.refused(world.rouse('vr', 'w'), 1, 'bracket')
        self.assertIn('[scheduling]\n', (world.run_dir('w') / 'flow.cylc').read_text())
        (source / 'flow.cylc').write_text(flow('a => b'))
        self.assertIn('REINSTALLED w', world.must('vr', 'w').out)  # and it is played
        world.wait_end('w')
        self.assertEqual(world.status('w', '1/b'), 'succeeded')
        self.refused(world.rouse('reinstall', 'nowhere'), 1, 'nowhere')

    def test_report_timings(self):
        self.start_waiting()
        self.finish()
        out = self.world.must('report-timings', '--raw', 'w').out.splitlines()
        self.assertEqual(out[0].split(), ['name', 'cycle_point', 'host', 'job_runner', 'submit_time', 'start_time',
                                          'succeed_time'])
        self.assertEqual([line.split()[0] for line in out[1:]], ['a', 'b', 'c'])
        self.assertIn('a (1 job)\n', self.world.must('report-timings', 'w').out)
        page = self.world.home / 'timings.html'
        self.done(self.world.rouse('report-timings', '--web-summary', '-O', page, 'w'), '')
        text = page.read_text()
        self.assertEqual(9, text.count('<svg '))  # three figures of three tasks
        self.assertIn('<td>a</td><td>1</td>', text)
        self.assertNotIn('http', text)  # it needs nothing else
        html.parser.HTMLParser().feed(text)
        xml.etree.ElementTree.fromstring(text.split('\n', 1)[1].replace('<meta charset="utf-8">', ''))
        self.refused(self.world.rouse('report-timings', '--raw', '-w', 'w'), 2, 'exclude each other')

    def test_nothing_is_left_on_other_hosts(self):
        world = self.world
        world.install('w', flow('a'))
        self.refused(world.rouse('clean', '--remote-only', '--local-only', 'w'), 2, 'exclude each other')
        self.assertIn('w has left nothing on other hosts', world.must('clean', '--remote-only', 'w').err)
        world.play('w')
        world.wait_end('w')
        self.assertIn('w has left nothing on other hosts', world.must('clean', '--remote-only', 'w').err)
        with contextlib.closing(sqlite3.connect(world.run_dir('w') / 'log/db')) as elsewhere:
            elsewhere.execute("UPDATE task_jobs SET platform_name='far'")
            elsewhere.commit()
        self.refused(world.rouse('clean', '-r', 'w'), 2, "'clean of other hosts (platform far)' is not implemented")
        self.assertTrue(world.run_dir('w').exists())
        self.done(world.rouse('clean', '--local-only', 'w'))
        self.assertFalse(world.run_dir('w').exists())


PYTHON = """
import sys
import rouse
try:
    flow = rouse.Client('w')
except rouse.RouseError as problem:
    print(problem)
    sys.exit(3)
with flow:
    first, second = flow.send('ping'), flow.send('show', ids=['1/a'])
    shown = second.result()
    print(first.result()['status'])
    print(*shown['tasks'])
    try:
        flow.ask('trigger', ids=['9/zz'])
    except rouse.RemoteError as problem:
        print(problem)
    print(sum(len(chunk) for chunk in flow.stream('dump') if isinstance(chunk, list)))
    told = flow.subscribe()
    print(*next(told))
    print(*next(told))
    told.close()
    print(flow.ask('ping')['status'])
"""

if __name__ == '__main__':
    common.main()
