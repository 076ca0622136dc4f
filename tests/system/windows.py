"""Xtriggers in conditions with |, and windows of xtriggers: watched, lost, remembered, set by hand."""
import os
import time

import common
from common import WAIT_FOR_GO, flow

DATA = """
    [[xtriggers]]
        data = file(share/data):PT1H"""
WINDOW = """
    [[xtrigger windows]]
        [[[data]]]
"""


def windowed(graph, window, runtime=''):
    return flow(graph, runtime, scheduling=DATA + WINDOW + window)


class Or(common.SystemTest):
    def test_the_xtrigger_lets_it_go(self):
        world = self.world
        run = world.install('w', flow('@data | foo => a', f'    [[foo]]\n{WAIT_FOR_GO}    [[a]]\n'
                                      '        script = echo size=$data_size\n', scheduling=DATA))
        world.play('w')
        world.wait_status('w', '1/foo', 'running')
        why = world.must('why', 'w//1/a').out
        self.assertIn('waits for: @data | foo:succeeded\n    @data\n    1/foo:succeeded (it is running)\n', why)
        self.assertIn('waits for xtrigger @data: file(share/data)', why)
        show = world.must('show', 'w//1/a').out
        self.assertIn('⨯ 1 | 0\n', show)
        self.assertIn('1/foo succeeded', show)
        self.assertIn('xtrigger/data succeeded', show)
        (run / 'share/part').write_text('1234')
        (run / 'share/part').rename(run / 'share/data')
        world.wait_status('w', '1/a', 'succeeded')
        self.assertEqual('running', world.status('w', '1/foo'))
        (run / 'share/go').touch()
        world.wait_end('w')
        self.assertIn('size=4\n', (run / 'log/job/1/a/01/job.out').read_text())
        self.settled('w')

    def test_the_task_lets_it_go_and_nobody_waits_for_the_rest(self):
        self.world.install('w', flow('@data | foo => a', scheduling=DATA))
        self.world.must('play', '--no-detach', 'w')
        self.all_succeeded('w', 2)
        self.settled('w')

    def test_half_of_it_is_remembered(self):
        world = self.world
        run = world.install('w', flow('(@data & foo:start & foo) | bar:fail? => a\n            bar?',
                                      f'    [[foo]]\n{WAIT_FOR_GO}', scheduling=DATA))
        world.play('w')
        (run / 'share/data').write_text('x')
        world.wait('the xtrigger', lambda: world.rows('w', 'SELECT * FROM xtriggers'))
        world.kill('w')
        (run / 'share/data').unlink()
        world.play('w')
        (run / 'share/go').touch()
        world.wait_end('w')
        self.assertEqual('succeeded', world.status('w', '1/a'))

    def test_set(self):
        world = self.world
        world.install('w', flow('@data | foo:fail? => a\n            foo?', scheduling=DATA))
        world.play('w')
        world.wait_status('w', '1/foo', 'succeeded')
        world.must('set', '--pre=xtrigger/data:succeeded', 'w//1/a')
        world.wait_end('w')
        self.all_succeeded('w', 2)

    def test_a_reload_while_it_waits(self):
        world = self.world
        text = flow('@data | foo => a', f'    [[foo]]\n{WAIT_FOR_GO}', scheduling=DATA)
        run = world.install('w', text)
        world.play('w')
        world.wait_status('w', '1/foo', 'running')
        (run / 'flow.cylc').write_text(text.replace('foo => a', 'foo | foo:fail? => a').replace('foo =', 'foo? ='))
        self.refused(world.rouse('reload', 'w'), 1, 'foo')
        (run / 'flow.cylc').write_text(text.replace('@data | foo => a', '(@data & foo:start) | foo => a'))
        world.must('reload', 'w')
        (run / 'share/data').write_text('x')
        world.wait_status('w', '1/a', 'succeeded')
        self.assertEqual('running', world.status('w', '1/foo'))
        (run / 'share/go').touch()
        world.wait_end('w')
        self.all_succeeded('w', 2)


class Window(common.SystemTest):
    def explained(self, task, text):
        self.world.wait(text, lambda: text in self.world.rouse('why', task).out, 10)

    def test_not_before_the_start(self):
        world = self.world
        run = world.install('w', windowed('@data => a', 'start = PT4S'))
        begun = time.time()
        world.play('w')
        (run / 'share/data').write_text('x')
        self.explained('w//1/a', 'xtrigger @data is not asked before')
        world.wait_end('w', 30)
        self.all_succeeded('w', 1)
        self.assertGreater(time.time() - begun, 4)

    def test_two_xtriggers_with_one_signature_are_told_apart(self):
        world = self.world
        world.install('w', flow('@x & @y => a', scheduling="""
    [[xtriggers]]
        x = file(share/data)
        y = file(share/data)"""))
        world.play('w')
        self.explained('w//1/a', 'waits for xtrigger @y: file(share/data)')
        self.assertIn('waits for xtrigger @x: file(share/data)', world.must('why', 'w//1/a').out)
        world.must('set', '--pre=xtrigger/x', 'w//1/a')
        world.wait('x', lambda: '✓ xtrigger "x = ' in world.must('show', 'w//1/a').out)
        self.assertIn('⨯ xtrigger "y = file(share/data)"', world.must('show', 'w//1/a').out)
        self.assertNotIn('@x', world.must('why', 'w//1/a').out)
        self.assertIn('1/a does not depend on "xtrigger/z"; its xtriggers are x, y',
                      world.rouse('set', '--pre=xtrigger/z', 'w//1/a').err)
        world.must('stop', '--now', 'w')

    def test_the_timeout_is_an_output(self):
        world = self.world
        world.install('w', windowed('@data => model\n            @data:timeout => alert', 'until = PT4S'))
        world.play('w')
        for task in ('model', 'alert'):
            lead = 'waits for the timeout of xtrigger @data: at' if task == 'alert' else 'xtrigger @data times out at'
            self.explained(f'w//1/{task}', lead)
        world.wait_end('w', 30)
        self.assertEqual('succeeded', world.status('w', '1/alert'))
        self.assertEqual('waiting', world.status('w', '1/model'))
        self.assertIn('[1/model] removed: xtrigger @data timed out at', world.log('w'))
        self.settled('w')

    def test_it_came_in_time(self):
        world = self.world
        run = world.install('w', windowed('@data => model\n            @data:timeout => alert', 'until = PT1H'))
        world.play('w')
        (run / 'share/data').write_text('x')
        world.wait_end('w', 30)
        self.assertEqual('succeeded', world.status('w', '1/model'))
        self.assertIn('[1/alert] removed: xtrigger @data was satisfied in time', world.log('w'))

    def test_a_timeout_that_the_graph_does_not_name(self):
        world = self.world
        text = windowed('@data => a', 'until = PT1S').replace('PT0S', 'PT1H')
        world.install('w', text)
        world.play('w')
        world.wait_log('w', 'Workflow stalled: unsatisfied: 1/a (xtrigger @data timed out at')
        self.assertIn('xtrigger @data timed out at', world.must('why', 'w//1/a').out)
        world.kill('w')
        (world.run_dir('w') / 'share/data').write_text('x')
        world.play('w')
        world.wait('the stall', lambda: world.log('w').count('Workflow stalled: unsatisfied: 1/a (xtrigger') == 2)
        self.assertEqual('waiting', world.status('w', '1/a'))
        world.must('set', '--pre=xtrigger/data', 'w//1/a')
        world.wait_end('w')
        self.all_succeeded('w', 1)

    def test_the_time_goes_on_while_it_is_down(self):
        world = self.world
        world.install('w', windowed('@data | @data:timeout => a', 'until = PT5S'))
        world.play('w')
        due = world.wait('the clock', lambda: world.rows(
            'w', "SELECT signature FROM rouse_xtriggers WHERE label='data:timeout'"))
        world.kill('w')
        time.sleep(1)
        world.play('w')
        self.assertEqual(due, world.rows('w', "SELECT signature FROM rouse_xtriggers WHERE label='data:timeout'"))
        world.kill('w')
        time.sleep(5)
        begun = time.monotonic()
        world.play('w')
        world.wait_end('w')
        self.assertLess(time.monotonic() - begun, 4)
        self.all_succeeded('w', 1)

    def test_a_reload_in_between(self):
        world = self.world
        text = windowed('@data => model\n            @data:timeout => alert', 'until = PT6S')
        run = world.install('w', text)
        world.play('w')
        world.wait('the clock', lambda: world.rows('w', "SELECT 1 FROM rouse_xtriggers WHERE label='data:timeout'"))
        (run / 'flow.cylc').write_text(text.replace('alert', 'alert & siren'))
        world.must('reload', 'w')
        world.wait_end('w', 30)
        self.assertEqual('succeeded', world.status('w', '1/alert'))
        self.assertEqual('waiting', world.status('w', '1/model'))

    def test_simulation(self):
        self.world.install('w', windowed('@data => model\n            @data:timeout => alert', 'until = PT1S',
                                         '        [[[simulation]]]\n            default run length = PT0S\n'))
        self.world.must('play', '--mode=simulation', '--no-detach', 'w')
        self.assertEqual('succeeded', self.world.status('w', '1/alert'))

    def test_in_a_process_that_dies(self):
        world = self.world
        world.install('w', windowed('@data | @data:timeout => a', 'start = PT1S\nuntil = PT5S'))
        world.play('w', '--placement', 'xtriggers=process')
        child = world.wait('the process', lambda: [pid for pid, command in world.processes().items()
                                                   if 'tenant' in command or 'xtriggers' in command])
        time.sleep(2)
        os.kill(child[-1], 9)
        world.wait_end('w', 40)
        self.all_succeeded('w', 1)

    def test_what_is_wrong(self):
        world = self.world
        source = world.home / 'bad'
        source.mkdir()
        for window, graph, *texts in (
                ('start = PT2H\nuntil = PT1H', '@data => a', 'flow.cylc:15: [scheduling][xtrigger windows][data]until',
                 'PT1H is not after the start, PT2H'),
                ('until = tomorrow', '@data => a', 'expected an ISO 8601 duration or date and time, not "tomorrow"'),
                ('until = -PT1H', '@data => a', 'expected no negative duration'),
                ('', '@data => a', 'expected `start` or `until`'),
                ('start = PT1H', '@data:timeout => a', "'@data:timeout' never happens: expected `until`"),
                ('until = PT1H\n[[[daat]]]\nuntil = PT1H', '@data => a', 'there is no xtrigger "daat"'),
                ('until = PT1H', '@data:succeeded | b => a', "xtrigger '@data' has no output 'succeeded'")):
            (source / 'flow.cylc').write_text(windowed(graph, window))
            self.refused(world.rouse('validate', source), 1, *texts)


class External(common.SystemTest):
    def test_a_message_for_several_tasks(self):
        world = self.world
        ids = '        script = echo id=$CYLC_EXT_TRIGGER_ID\n'
        run = world.install('w', flow('a\n            go => b\n            @ready | never:fail? => c\n'
                                      '            never?',
                                      f'    [[go]]\n{WAIT_FOR_GO}    [[a, b, c]]\n{ids}    [[never]]\n{WAIT_FOR_GO}',
                                      scheduling="""
    [[special tasks]]
        external-trigger = a("the data"), b("the data")
    [[xtriggers]]
        ready = ext_trigger("the data")"""))
        world.play('w')
        world.wait_status('w', '1/go', 'running')
        self.assertIn('waits for external trigger "the data"', world.must('why', 'w//1/a').out)
        self.assertIn('⨯ external trigger "the data"', world.must('show', 'w//1/a').out)
        self.refused(world.rouse('ext-trigger', 'w', 'other data', 'x'), 1, 'no task waits for the external trigger')
        world.must('ext-trigger', 'w', 'the data', 'id7')
        world.wait_status('w', '1/a', 'succeeded')
        world.wait_status('w', '1/c', 'succeeded')
        world.kill('w')
        world.play('w')
        (run / 'share/go').touch()
        world.wait_end('w')
        for task in 'abc':
            self.assertIn('id=id7\n', (run / f'log/job/1/{task}/01/job.out').read_text())
        self.assertEqual([], world.rows('w', 'SELECT * FROM rouse_external'))
        self.settled('w')


if __name__ == '__main__':
    common.main()
