"""What changes how jobs run while a workflow does: broadcast, external triggers, verbosity; and the run modes."""
import json
import time

import common
from common import WAIT_FOR_GO, flow

TWO = flow('a => b', f'    [[F]]\n    [[a]]\n        inherit = F\n{WAIT_FOR_GO}'
                     '    [[b]]\n        inherit = F\n'
                     '        script = echo "X=$X Y=$Y" > "$CYLC_WORKFLOW_SHARE_DIR/said"\n'
                     '        [[[environment]]]\n            X = x0\n            Y = y0\n')

YEAR = """
[scheduler]
    UTC mode = True
[scheduling]
    initial cycle point = 20300101T00Z
    final cycle point = 20301231T18Z
    [[special tasks]]
        clock-trigger = get(PT1H)
    [[graph]]
        PT6H = get & model[-PT6H] => model
[runtime]
    [[get, model]]
        [[[simulation]]]
            default run length = PT1H
"""


class Broadcast(common.SystemTest):
    def start(self, text=TWO):
        self.world.install('w', text)
        self.world.play('w')

    def go(self):
        (self.world.run_dir('w') / 'share/go').touch()
        self.world.wait_end('w')

    def said(self):
        return (self.world.run_dir('w') / 'share/said').read_text()

    def test_settings_from_files_and_the_command_line(self):
        self.start()
        world = self.world
        (world.home / 'settings').write_text(
            'script = """\n    echo "file $X"\n    echo $Y > "$CYLC_WORKFLOW_SHARE_DIR/said"\n"""\n'
            '[environment]\n    X = "from # file"\n')
        self.done(world.rouse('broadcast', '-n', 'b', '-F', 'settings', '-s', '[environment]Y = 1 = 1', 'w'))
        self.done(world.rouse('broadcast', '-n', 'F', '-F', '-', 'w', stdin='[environment]\nX = family\n'),
                  'Broadcast set:\n+ [*/F] [environment]X=family\n')
        shown = json.loads(world.must('broadcast', '-d', '--format=json', 'w').out)
        self.assertEqual(shown['*']['b']['environment'], {'X': 'from # file', 'Y': '1 = 1'})
        self.assertEqual(world.must('broadcast', '-k', '1/a', '--format=raw', 'w').out,
                         "{'environment': {'X': 'family'}}\n")
        self.assertEqual(world.must('broadcast', '-k', '1/a', 'w').out.rstrip(),
                         'environment   \n `-X          family')
        self.go()
        self.assertEqual(self.said(), '1 = 1\n')
        self.assertEqual((world.run_dir('w') / 'log/job/1/b/01/job.out').read_text().splitlines()[-2], 'file from # file')

    def test_settings_survive_a_kill_and_each_change_is_in_the_log(self):
        self.start()
        world = self.world
        world.wait_status('w', '1/a', 'running')
        world.must('broadcast', '-p', '1', '-s', '[environment]X=1', '-s', '[environment]Y=2', 'w')
        self.done(world.rouse('broadcast', '--cancel', '[environment]Y', '-p', '1', 'w'),
                  'Broadcast cancelled:\n- [1/root] [environment]Y=2\n')
        world.kill('w')
        world.play('w')
        self.go()
        self.assertEqual(self.said(), 'X=1 Y=y0\n')
        self.assertIn('INFO - Broadcast cancelled:', world.log('w'))
        self.assertEqual([('+', 'X'), ('+', 'Y'), ('-', 'Y')],
                         world.rows('w', "SELECT change, substr(key, 14) FROM broadcast_events"))

    def test_what_cannot_be_is_told(self):
        self.start()
        rouse = self.world.rouse
        self.refused(rouse('broadcast', '-n', 'nope', '-n', 'b', '-s', '[environment]X=1', 'w'), 1, '--namespace=nope')
        self.refused(rouse('broadcast', '-p', 'soon', '-s', '[environment]X=1', 'w'), 1, '--point=soon')
        self.refused(rouse('broadcast', '-s', '[nonsense]X=1', 'w'), 1, 'nonsense')
        self.refused(rouse('broadcast', '-s', 'execution time limit=soon', 'w'), 1, 'execution time limit')
        self.refused(rouse('broadcast', '-s', '[environment]X', 'w'), 1, 'requires a value')
        self.refused(rouse('broadcast', '-c', '[environment]X=1', 'w'), 1, 'does not take a value')
        self.refused(rouse('broadcast', '-F', 'nowhere', 'w'), 1, 'nowhere')
        self.refused(rouse('broadcast', '-C', '-n', 'a', 'w'), 1, 'No broadcast to cancel/clear', '--namespace=a')
        self.refused(rouse('broadcast', '--expire=1', 'w'), 1, '--expire=1')
        self.refused(rouse('broadcast', 'w'), 2, '--set')
        self.refused(rouse('broadcast', '-d', '--format=xml', 'w'), 2, 'xml')
        self.refused(self.world.cylc('broadcast', '-d', 'nowhere'), 1, 'nowhere')
        self.go()
        self.assertEqual(self.said(), 'X=1 Y=y0\n')

    def test_a_reload_keeps_what_was_set(self):
        self.start()
        world = self.world
        world.wait_status('w', '1/a', 'running')
        world.must('broadcast', '-n', 'F', '-s', '[environment]X=1', '-s', 'execution retry delays=PT0S', 'w')
        for text in ('Y = changed', 'Y = again'):
            path = world.run_dir('w') / 'flow.cylc'
            path.write_text(TWO.replace('Y = y0', text))
            world.must('reload', 'w')
        self.go()
        self.assertEqual(self.said(), 'X=1 Y=again\n')

    def test_limits_and_retries_can_be_set(self):
        self.world.install('w', flow('a => b', '    [[b]]\n        script = sleep 60\n'
                                               f'    [[a]]\n{WAIT_FOR_GO}'))
        self.world.play('w')
        self.world.must('broadcast', '-n', 'b', '-s', 'execution time limit=PT1S', '-s',
                        'execution retry delays=PT0S', '-s', "post-script=touch $CYLC_WORKFLOW_SHARE_DIR/no", 'w')
        self.go()
        self.assertEqual([(1, 1), (2, 1)], self.world.rows(
            'w', "SELECT submit_num, run_status FROM task_jobs WHERE name='b' ORDER BY submit_num"))

    def test_verbosity_changes_at_once(self):
        self.start()
        self.done(self.world.rouse('verbosity', 'warning', 'w'), '')
        self.refused(self.world.rouse('verbosity', 'loud', 'w'), 1, 'loud')
        before = self.world.log('w').count('Command "broadcast"')
        self.world.rouse('broadcast', '-d', 'w')
        self.assertEqual(before, self.world.log('w').count('Command "broadcast"'))
        self.done(self.world.cylc('verbosity', 'DEBUG', 'w'), 'Command queued\n')
        self.world.rouse('broadcast', '-d', 'w')
        self.assertEqual(before + 1, self.world.log('w').count('Command "broadcast"'))
        self.go()


class ExternalTriggers(common.SystemTest):
    FLOW = flow('a => b', '    [[a]]\n        script = echo "$CYLC_EXT_TRIGGER_ID" > "$CYLC_WORKFLOW_SHARE_DIR/said"\n',
                scheduling='    [[special tasks]]\n        external-trigger = a("go on"), b(then)\n')

    def test_a_message_is_kept_over_a_kill(self):
        world = self.world
        world.install('w', self.FLOW)
        world.play('w')
        self.refused(world.rouse('ext-trigger', 'w', 'nonsense', '1'), 1, 'nonsense')
        self.refused(world.rouse('ext-trigger', 'w', 'then'), 2, 'WORKFLOW, MESSAGE and ID')
        self.done(world.rouse('ext-trigger', 'w', 'then', '1'), '')
        self.assertIn('external trigger "go on"', world.must('why', 'w//1/a').out)
        world.kill('w')
        world.play('w')
        self.done(world.cylc('ext-trigger', 'w', 'go on', 'id 7'), 'Command queued\n')
        world.wait_end('w')
        self.all_succeeded('w', 2)
        self.settled('w')
        self.assertEqual((world.run_dir('w') / 'share/said').read_text(), 'id 7\n')

    def test_it_is_tried_again_while_nobody_listens(self):
        self.world.install('w', self.FLOW)
        begun = time.monotonic()
        self.refused(self.world.rouse('ext-trigger', '--max-tries=2', '--retry-interval=0.5', 'w', 'then', '1'), 1,
                     'try 2 of 2')
        self.assertGreater(time.monotonic() - begun, 0.4)


class RunModes(common.SystemTest):
    def test_a_year_passes_in_seconds(self):
        self.world.install('w', YEAR)
        begun = time.monotonic()
        self.done(self.world.rouse('play', '--no-detach', '--mode=simulation', '--speed=max', 'w', limit=120))
        self.assertLess(time.monotonic() - begun, 100)
        self.all_succeeded('w', 2 * 1460)
        last = self.world.rows('w', "SELECT max(time_run_exit) FROM task_jobs")[0][0]
        self.assertGreater(last, '2030-12-31T20')  # the clock trigger, and an hour each

    def test_speed_goes_with_simulation_only(self):
        self.world.install('w', YEAR)
        self.refused(self.world.rouse('play', '--speed=max', 'w'), 2, '--mode=simulation')
        self.refused(self.world.rouse('play', '--speed=fast', '--mode=simulation', 'w'), 2, 'fast')

    def test_dummy_jobs_fail_where_they_are_told_to(self):
        self.world.install('w', flow('a? => b\na:fail? => c', """
    [[root]]
        init-script = exit 7
        [[[simulation]]]
            default run length = PT0S
    [[a]]
        [[[simulation]]]
            fail cycle points = 1
"""))
        self.done(self.world.rouse('play', '--no-detach', '--mode=dummy', 'w'))
        self.assertEqual([('a', 'failed'), ('c', 'succeeded')],
                         self.world.rows('w', 'SELECT name, status FROM task_states ORDER BY name'))

    def test_a_whole_workflow_can_be_skipped_but_for_a_task(self):
        self.world.install('w', flow('a => b => c', '    [[b]]\n        run mode = live\n'))
        self.done(self.world.rouse('play', '--no-detach', '--mode=skip', 'w'))
        self.assertEqual([('a', 'skip'), ('b', 'localhost'), ('c', 'skip')],
                         self.world.rows('w', 'SELECT name, platform_name FROM task_jobs ORDER BY name'))


if __name__ == '__main__':
    common.main()
