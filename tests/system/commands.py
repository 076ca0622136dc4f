"""Each command against a running workflow, a stopped one and none: what it does, says and returns, under the name
`rouse` and under the name `cylc`, whose answers are those recorded from Cylc 8.4.4."""
import datetime
import json

import common
from common import WAIT_FOR_GO, flow

STAY = flow("""
            a => b
            c
""", f'    [[a]]\n{WAIT_FOR_GO}        [[[outputs]]]\n            x = x-said\n')


class Commands(common.SystemTest):
    def start(self, name='w', text=STAY, *options):
        self.world.install(name, text)
        self.world.play(name, *options)
        return name

    def go(self, name='w'):
        """Let 1/a end."""
        (self.world.run_dir(name) / 'share/go').touch()

    def start_waiting(self):
        """1/a runs until told to go, 1/c has succeeded."""
        self.start()
        self.world.wait_status('w', '1/a', 'running')
        self.world.wait_status('w', '1/c', 'succeeded')

    def finish(self, name='w'):
        self.go(name)
        self.world.wait_end(name)
        self.all_succeeded(name)
        self.settled(name)

    # --- errors alike for all

    def test_a_workflow_that_is_not_there(self):
        for command in ('ping', 'stop', 'pause', 'resume', 'why', 'play'):
            self.refused(self.world.rouse(command, 'nowhere'), 1, 'nowhere')
        for command in ('hold', 'release', 'trigger'):
            self.refused(self.world.rouse(command, 'nowhere//1/a'), 1, 'nowhere')

    def test_a_workflow_that_is_not_running(self):
        world = self.world
        world.install('w', flow('a'))
        stopped = 'WorkflowStopped: w is not running\n'
        for command in ('ping', 'pause', 'resume', 'why'):
            self.refused(world.rouse(command, 'w'), 1, 'w is not running')
        for argv in (['ping', 'w'], ['pause', 'w'], ['trigger', 'w//1/a'], ['hold', 'w//1/a'], ['release', 'w//1/a']):
            result = world.cylc(*argv)
            self.assertEqual((result.status, result.out, result.err), (1, '', stopped), str(result))
        self.done(world.rouse('stop', 'w'), 'w is not running\n')
        self.done(world.cylc('stop', 'w'), stopped)
        self.done(world.cylc('message', '--', 'w', '1/a/01', 'hello'))

    def test_bad_options(self):
        for command in ('ping', 'stop', 'pause', 'resume', 'hold', 'release', 'trigger', 'message', 'scan', 'why', 'play'):
            self.refused(self.world.rouse(command, '--no-such-option', 'w'), 2, 'no such option: --no-such-option', 'Usage:')
        for command in ('ping', 'hold', 'trigger', 'message', 'why', 'play'):
            self.refused(self.world.rouse(command), 2, 'Usage:')
        self.refused(self.world.rouse('stop', '--kill', '--now', 'w'), 2, 'exclude each other')
        self.refused(self.world.rouse('trigger', '--flow=some', 'w//1/a'), 1, '--flow')
        self.refused(self.world.rouse('message', '--severity=LOUD', 'text'), 2, 'LOUD')
        self.refused(self.world.rouse('scan', '--format=xml'), 2, 'xml')
        self.refused(self.world.rouse('scan', '--states=odd'), 2, 'odd')
        self.refused(self.world.rouse('ping', '--comms-timeout=soon', 'w'), 2, 'soon')
        self.refused(self.world.rouse('play', '--mode=nonsense', 'w'), 2, 'nonsense')

    def test_help_does_not_mix_up_options(self):
        text = self.world.must('clean', '--help').out
        self.assertRegex(text, r'--rm=PATH\[:PATH...\] +remove only this')
        self.assertRegex(text, r'--comms-timeout=SEC +how long')
        self.assertRegex(self.world.must('play', '--help').out, r'--icp=POINT, --initial-cycle-point=POINT\n +initial')

    def test_what_would_be_without_effect_is_said(self):
        self.world.install('doubtful', flow('a', '    [[a]]\n        platform = hpc\n        [[[workflow state polling]]]\n'
                                                    '            host = elsewhere\n'))
        said = self.world.must('validate', 'doubtful').err
        self.assertIn('no platform matches "hpc"', said)
        self.assertIn('[runtime][a][workflow state polling]host: this item has no effect', said)

    def test_a_command_that_does_not_exist(self):
        self.refused(self.world.rouse('trigge', 'w'), 2, 'trigge', 'trigger')

    # --- ping, why, scan

    def test_ping(self):
        self.start_waiting()
        self.done(self.world.rouse('ping', 'w'), '')
        self.done(self.world.cylc('ping', 'w'), '')
        self.done(self.world.rouse('ping', 'w//1/a'), '')
        self.refused(self.world.rouse('ping', 'w//1/nope'), 1, 'nope')
        for task in ('1/a', '1/c'):
            result = self.world.cylc('ping', f'w//{task}')
            self.assertEqual((result.status, result.out, result.err), (1, '', f'task not found: {task}\n'))
        self.finish()

    def test_why(self):
        self.start_waiting()
        result = self.world.rouse('why', 'w//1/b')
        self.done(result)
        self.assertIn('1/a:succeeded (it is running)', result.out)
        result = self.world.rouse('why', 'w//1/a')
        self.done(result)
        self.assertIn('its job is running', result.out)
        result = self.world.rouse('why', 'w')
        self.done(result)
        self.assertIn('the workflow is running', result.out)
        self.refused(self.world.rouse('why', 'w//1/nope'), 1, 'nope')
        self.refused(self.world.rouse('why', 'w//x/a'), 1, 'x')
        self.finish()

    def test_scan(self):
        world = self.world
        self.done(world.rouse('scan'), '')
        world.install('idle', flow('a'))
        self.start_waiting()
        for run in (world.rouse, world.cylc):
            self.done(run('scan', '-t', 'name'), 'w\n')
            self.done(run('scan', '--states=stopped', '-t', 'name'), 'idle\n')
            self.done(run('scan', '--states=all', '-t', 'name'), 'idle\nw\n')
            self.done(run('scan', '-t', 'name', 'nothing*'), '')
        contact = world.contact('w')
        where = f"{contact['CYLC_WORKFLOW_HOST']}:{contact['CYLC_WORKFLOW_PORT']} {contact['CYLC_WORKFLOW_PID']}"
        self.done(world.rouse('scan'), f'w {where}\n')
        [found] = json.loads(world.rouse('scan', '-t', 'json').out)
        self.assertEqual(found['name'], 'w')
        self.assertEqual(found['CYLC_WORKFLOW_PID'], contact['CYLC_WORKFLOW_PID'])
        self.finish()
        self.done(world.rouse('scan'), '')

    def test_play_of_one_that_runs(self):
        self.start_waiting()
        pid = self.world.pid('w')
        self.done(self.world.rouse('play', 'w'))
        self.assertEqual(pid, self.world.pid('w'))
        self.finish()

    # --- stop

    def test_stop_waits_for_active_jobs(self):
        world = self.world
        self.start_waiting()
        self.done(world.rouse('stop', 'w'), '')
        self.assertIn('the workflow is stopping', world.rouse('why', 'w').out)
        self.assertEqual('running', world.status('w', '1/a'))
        self.assertTrue(world.contact('w'))
        self.go()
        world.wait_end('w')
        self.assertEqual('succeeded', world.status('w', '1/a'))
        self.assertEqual('waiting', world.status('w', '1/b'))
        self.assertIn('Workflow shutting down - REQUEST(CLEAN)', world.log('w'))
        world.play('w')
        world.wait_end('w')
        self.all_succeeded('w', 3)

    def test_stop_now_leaves_jobs_that_a_restart_finds_running(self):
        world = self.world
        self.start_waiting()
        self.done(world.cylc('stop', '--now', 'w'), 'Command queued\n')
        world.wait_end('w', 20)
        self.assertIn('REQUEST(NOW)', world.log('w'))
        self.assertEqual('running', world.status('w', '1/a'))
        self.assertTrue(world.processes(), 'the job is to live')
        world.play('w')
        self.assertEqual('running', world.status('w', '1/a'))
        self.finish()
        self.assertEqual([(1,)], world.rows('w', "SELECT submit_num FROM task_jobs WHERE name='a'"))

    def test_stop_now_and_a_restart_after_the_job_ended(self):
        world = self.world
        self.start_waiting()
        self.done(world.rouse('stop', '--now', '--now', 'w'), '')
        world.wait_end('w', 20)
        self.go()
        self.assertEqual({}, world.quiet(30))
        world.play('w')
        world.wait_end('w')
        self.all_succeeded('w', 3)
        self.assertEqual([(1, 0)], world.rows('w', "SELECT submit_num, run_status FROM task_jobs WHERE name='a'"))

    def test_stop_kill(self):
        world = self.world
        self.start_waiting()
        self.done(world.rouse('stop', '--kill', 'w'), '')
        world.wait_end('w', 30)
        self.assertEqual('failed', world.status('w', '1/a'))
        self.assertEqual({}, world.quiet())

    def test_stop_at_a_time(self):
        """Active jobs then end by themselves; the time is known after a restart."""
        world = self.world
        self.start_waiting()
        self.refused(world.rouse('stop', '--wall-clock=soon', 'w'), 2, '--wall-clock: "soon" is no time')
        self.refused(world.rouse('stop', '--wall-clock=20010101T0000Z', 'w'), 2, 'has gone by')
        self.refused(world.rouse('stop', '--wall-clock=21010101T0000Z', '--now', 'w'), 2, '--wall-clock excludes')
        time = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=8)
        self.done(world.rouse('stop', time.strftime('--wall-clock=%Y%m%dT%H%M%SZ'), 'w'))
        world.kill('w')
        world.play('w')
        self.assertNotIn('stop time reached', world.log('w'))
        world.wait_log('w', 'Wall clock stop time reached')
        self.assertGreaterEqual(datetime.datetime.now(datetime.timezone.utc), time.replace(microsecond=0))
        self.assertTrue(world.contact('w'), 'it waits for the job')
        self.go()
        world.wait_end('w')
        self.assertEqual(('succeeded', 'waiting'), (world.status('w', '1/a'), world.status('w', '1/b')))
        world.play('w')
        world.wait_end('w')
        self.all_succeeded('w', 3)

    def test_stop_and_wait_for_the_end(self):
        world = self.world
        self.start_waiting()
        self.refused(world.rouse('stop', '--max-polls=0.5', 'w'), 2, 'no whole number')
        for option in ('--kill', '--now', '--flow=1', '--wall-clock=20990101T00Z'):
            self.refused(world.rouse('stop', option, 'w//1'), 2, 'not after a point or task')
        self.refused(world.rouse('stop', '--max-polls=often', 'w'), 2, '--max-polls and --interval must be numbers')
        self.refused(world.rouse('stop', '--max-polls=2', '--interval=0.1', 'w'), 1, 'w has not stopped yet')
        waiting = world.popen(world.bin / 'rouse', 'stop', '--max-polls=600', '--interval=0.1', 'w')
        # Asked for the second time: from now on it only looks whether the end has come.
        world.wait('its request', lambda: world.log('w').count('Command "stop" received') == 2)
        self.assertIsNone(waiting.poll())
        self.go()
        self.assertEqual(0, waiting.wait(60))
        self.assertEqual({}, world.contact('w'))

    # --- pause, hold, trigger

    def test_pause_and_resume(self):
        world = self.world
        self.start_waiting()
        self.done(world.rouse('pause', 'w'), '')
        self.go()
        world.wait_status('w', '1/a', 'succeeded')
        self.assertIn('the workflow is paused', world.rouse('why', 'w').out)
        self.assertIn('resume it', world.rouse('why', 'w//1/b').out)
        self.assertEqual([('1',)], world.rows('w', "SELECT value FROM workflow_params WHERE key='is_paused'"))
        self.assertFalse((world.run_dir('w') / 'log/job/1/b').exists())
        self.done(world.cylc('resume', 'w'), 'Command queued\n')
        world.wait_end('w')
        self.all_succeeded('w', 3)

    def test_a_pause_outlives_the_scheduler(self):
        world = self.world
        self.start('w', flow('a'), '--pause')
        world.kill('w')
        world.play('w')
        self.assertIn('paused', world.rouse('why', 'w').out)
        self.done(world.rouse('play', 'w'))
        world.wait_end('w')
        self.all_succeeded('w', 1)

    def test_hold_and_release(self):
        world = self.world
        self.start_waiting()
        self.done(world.rouse('hold', 'w//1/b'), '')
        self.go()
        world.wait_status('w', '1/a', 'succeeded')
        self.assertIn('is held', world.rouse('why', 'w//1/b').out)
        self.assertEqual([('b', '1')], world.rows('w', 'SELECT name, cycle FROM tasks_to_hold'))
        self.assertFalse((world.run_dir('w') / 'log/job/1/b').exists())
        self.done(world.cylc('release', 'w//1/b'), 'Command queued\n')
        world.wait_end('w')
        self.all_succeeded('w', 3)
        self.assertEqual([], world.rows('w', 'SELECT * FROM tasks_to_hold'))

    def test_hold_of_two_and_release_of_all(self):
        world = self.world
        self.start('w', flow('a & b & c'), '--pause')
        self.done(world.rouse('hold', 'w', '//1/a', '//1/b'), '')
        self.done(world.rouse('resume', 'w'), '')
        world.wait_status('w', '1/c', 'succeeded')
        self.assertEqual('waiting', world.status('w', '1/a'))
        self.done(world.rouse('release', '--all', 'w'), '')
        world.wait_end('w')
        self.all_succeeded('w', 3)

    def test_trigger_of_a_waiting_task(self):
        world = self.world
        self.start_waiting()
        self.done(world.rouse('trigger', 'w//1/b'), '')
        world.wait_status('w', '1/b', 'succeeded')
        self.assertEqual('running', world.status('w', '1/a'))
        self.finish()

    def test_trigger_of_one_that_has_run(self):
        world = self.world
        self.start_waiting()
        self.done(world.cylc('trigger', 'w//1/c'), 'Command queued\n')
        rerun = "SELECT 1 FROM task_jobs WHERE name='c' AND submit_num=2 AND run_status=0"
        world.wait('the second job of 1/c', lambda: world.rows('w', rerun))
        self.finish()

    def test_unknown_tasks(self):
        world = self.world
        self.start_waiting()
        for command in ('trigger', 'hold'):
            self.refused(world.rouse(command, 'w//1/nope'), 1, 'nope')
            result = world.cylc(command, 'w//1/nope')
            self.assertEqual((result.status, result.out), (0, 'Command queued\n'), str(result))
        self.refused(world.rouse('trigger', 'w//9/a'), 1, '9/a')
        self.refused(world.rouse('trigger', 'w//x/a'), 1, 'x')
        self.finish()

    # --- set, remove, rehearsals

    def test_what_would_happen_is_told_and_does_not(self):
        world = self.world
        self.start_waiting()
        for argv, line in ((['set', 'w//1/a'], '1/b: job 01 is submitted\n'),
                           (['trigger', 'w//1/b'], '1/b: job 01 is submitted\n'),
                           (['remove', 'w//1/a'], '1/a: job 01 is killed\n'),
                           (['stop', '--flow=1', 'w'], '1/a: running, flows none\n'),
                           (['stop', '--now', 'w'], 'workflow: shuts down - REQUEST(NOW)\n')):
            result = world.rouse(*argv, '--dry-run')
            self.assertEqual(0, result.status, str(result))
            self.assertIn(line, result.out)
        self.refused(world.rouse('trigger', '--dry-run', 'w//1/a'), 1, 'already active: 1/a')
        self.assertEqual('running', world.status('w', '1/a'))
        self.assertIsNone(world.status('w', '1/b'))
        self.finish()

    def test_set_and_remove(self):
        world = self.world
        self.start_waiting()
        self.done(world.rouse('set', '--pre=1/a', 'w//1/b'))
        world.wait_status('w', '1/b', 'succeeded')
        self.refused(world.rouse('set', '--out=nope', 'w//1/a'), 1, '1/a has no output "nope"')
        self.refused(world.rouse('set', '--out=x', '--pre=all', 'w//1/a'), 1, 'exclude each other')
        self.refused(world.rouse('set', '--pre=nope', 'w//1/a'), 1, 'CYCLE/TASK[:OUTPUT]')
        self.refused(world.rouse('set', '--flow=new', '--wait', 'w//1/a'), 1, '--wait does not go with')
        self.refused(world.rouse('remove', '--flow=new', 'w//1/a'), 1, 'neither a flow number nor all')
        self.refused(world.rouse('remove', 'w//1/zz'), 1, 'no task matches: 1/zz')
        self.refused(world.rouse('stop', '--flow=7', 'w'), 1, 'no task in flow 7')
        self.assertEqual(0, world.cylc('set', '--out=nope', 'w//1/a').status)
        self.done(world.cylc('set', '--out=x', 'w//1/a'), 'Command queued\n')
        self.done(world.rouse('remove', 'w//1/b'))
        self.done(world.rouse('trigger', 'w//1/b'))
        world.wait('1/b to run again', lambda: world.rows(
            'w', "SELECT 1 FROM task_jobs WHERE name='b' AND submit_num=2 AND run_status=0"))
        self.done(world.rouse('remove', 'w//1/a')) # its job is killed, and nothing is left to do
        world.wait_end('w')

    def test_one_member_of_a_family_is_set_for_one_task(self):
        """It is shown, recorded as in Cylc, known after kill -9, and counts for nobody else."""
        world = self.world
        self.start('w', flow("""
            FAM:succeed-all => b
            FAM:succeed-all => c
        """, f'    [[FAM]]\n{WAIT_FOR_GO}    [[m1, m2]]\n        inherit = FAM\n'
             '    [[m3]]\n        inherit = FAM\n        script = true\n'))
        world.wait_status('w', '1/m3', 'succeeded')
        rehearsal = world.rouse('set', '--pre=1/m1', '--dry-run', 'w//1/b')
        self.assertEqual('1/b: 1/m1 of 1/FAM:succeed-all satisfied\n', rehearsal.out, str(rehearsal))
        self.refused(world.rouse('set', '--pre=1/m1:failed', 'w//1/b'), 1, '1/b does not depend on "1/m1:failed"')
        self.done(world.rouse('set', '--pre=1/m1', 'w//1/b'))
        self.members('b', {'1/m1': 'force satisfied', '1/m2': '0', '1/m3': 'satisfied naturally'})
        self.members('c', {'1/m1': '0', '1/m2': '0', '1/m3': 'satisfied naturally'})
        world.kill('w')
        world.play('w')
        self.members('b', {'1/m1': 'force satisfied', '1/m2': '0', '1/m3': 'satisfied naturally'})
        self.assertIn('1 of 3 members have not, among them: 1/m2\n', world.rouse('why', 'w//1/b').out)
        self.done(world.rouse('set', '--pre=1/m2:succeeded', 'w//1/b'))
        world.wait_status('w', '1/b', 'succeeded')
        self.assertEqual('waiting', world.status('w', '1/c'))
        self.finish()

    def members(self, task, expected):
        """What `show` and the database say of the members that 1/TASK waits for."""
        rows = dict(self.world.rows('w', "SELECT prereq_cycle || '/' || prereq_name, satisfied FROM"
                                         f" task_prerequisites WHERE name='{task}'"))
        self.assertEqual(expected, rows)
        shown = json.loads(self.world.must('show', '--json', f'w//1/{task}').out)
        conditions = shown[f'1/{task}']['prerequisites'][0]['conditions']
        messages = {each['taskId']: each['message'].replace('unsatisfied', '0') for each in conditions}
        self.assertEqual(expected, messages)

    # --- message

    def test_messages(self):
        world = self.world
        self.start('w', flow('a:x => b', f'    [[a]]\n{WAIT_FOR_GO}        [[[outputs]]]\n            x = x-said\n'))
        world.wait_status('w', '1/a', 'running')
        for job in ('1/zz/01', '1/a/07'):
            self.done(world.cylc('message', '--', 'w', job, 'x-said'))
        for job in ('1/zz/01', 'nonsense'):
            self.assertEqual(1, world.rouse('message', '--', 'w', job, 'x-said').status)
        self.assertIsNone(world.status('w', '1/b'))
        result = world.rouse('message', '--', 'w', '1/a/01', 'WARNING:nearly full')
        self.done(result, '')
        self.assertRegex(result.err, r'^\S+Z WARNING - nearly full\n$')
        result = world.rouse('message', '--', 'w', '1/a/01', 'x-said')
        self.done(result)
        self.assertRegex(result.out, r'^\S+Z INFO - x-said\n$')
        world.wait_status('w', '1/b', 'succeeded')
        self.assertIn('CYLC_MESSAGE=', (world.run_dir('w') / 'log/job/1/a/01/job.status').read_text())
        self.finish()

    def test_a_message_that_nobody_takes_is_said_to_be(self):
        self.world.install('w', STAY)
        self.refused(self.world.rouse('message', '--', 'w', '1/a/01', 'x-said'), 1, 'not running')
        result = self.world.cylc('message', '--', 'w', '1/a/01', 'x-said')
        self.done(result)
        self.assertEqual('', result.err)

    def test_a_message_to_a_stopped_scheduler_is_heard_when_it_is_back(self):
        world = self.world
        self.start('w', flow('a:x => b', f'    [[a]]\n{WAIT_FOR_GO}        [[[outputs]]]\n            x = x-said\n'))
        world.wait_status('w', '1/a', 'running')
        world.kill('w')
        self.done(world.cylc('message', '--', 'w', '1/a/01', 'x-said'))
        world.play('w')
        world.wait_status('w', '1/b', 'succeeded')
        self.finish()


if __name__ == '__main__':
    common.main()
