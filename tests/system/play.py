"""Options of `play` beyond points and modes: what they do, print and return."""
import json
import socket

import common
from common import WAIT_FOR_GO, flow

CHAIN = flow('a => b => c')


class Play(common.SystemTest):
    def install(self, text, name='w'):
        return self.world.install(name, text)

    def foreground(self, *options, name='w'):
        return self.world.rouse('play', '--no-detach', *options, name)

    # --- --abort-if-any-task-fails

    FAILS = ('        execution retry delays = PT0S\n        script = exit 1\n')

    def test_a_failure_ends_it_at_once(self):
        """After the retry; what runs then runs on, and a restart follows it."""
        world = self.world
        self.install(flow('a? & b', f'    [[a]]\n{self.FAILS}    [[b]]\n{WAIT_FOR_GO}'))
        result = self.foreground('--abort-if-any-task-fails')
        self.assertEqual(1, result.status, str(result))
        self.assertIn('ERROR - Workflow shutting down - AUTOMATIC(ON-TASK-FAILURE)', result.err + result.out)
        self.assertEqual([(1, 1), (2, 1)],
                         world.rows('w', "SELECT submit_num, run_status FROM task_jobs WHERE name='a'"))
        (world.run_dir('w') / 'share/go').touch()
        self.done(self.foreground())
        self.assertEqual('succeeded', world.status('w', '1/b'))

    def test_a_failure_that_is_expected_does_not(self):
        text = flow('a? => b\na:fail? => c', '    [[a]]\n        script = false\n').replace(
            '    [[events]]\n', '    [[events]]\n        expected task failures = 1/a, 2/a\n', 1)
        self.install(text)
        self.done(self.foreground('--abort-if-any-task-fails'))
        self.install(flow('a? => b\na:fail? => c', '    [[a]]\n        script = false\n'), 'v')
        self.assertEqual(1, self.foreground('--abort-if-any-task-fails', name='v').status)

    def test_a_failure_that_a_user_sets_ends_it_too(self):
        world = self.world
        self.install(flow('a?', f'    [[a]]\n{WAIT_FOR_GO}'))
        world.play('w', '--abort-if-any-task-fails')
        world.wait_status('w', '1/a', 'running')
        self.assertIn('shuts down', world.must('set', '--out=failed', '--dry-run', 'w//1/a').out)
        world.must('set', '--out=failed', 'w//1/a')
        world.wait_end('w')
        self.assertIn('AUTOMATIC(ON-TASK-FAILURE)', world.log('w'))
        (world.run_dir('w') / 'share/go').touch()

    # --- --reference-test

    def test_a_run_like_the_reference_passes(self):
        world = self.world
        run_dir = self.install(CHAIN)
        self.refused(self.foreground('--reference-log', '--reference-test'), 2, 'exclude each other')
        self.done(self.foreground('--reference-log'))
        reference = (run_dir / 'reference.log').read_text()
        for name, text, status in (('same', CHAIN, 0), ('other', flow('a => b & c'), 1)):
            directory = self.install(text, name)
            (directory / 'reference.log').write_text(reference)
            result = self.foreground('--reference-test', name=name)
            self.assertEqual(status, result.status, str(result))
            self.assertEqual(reference, (directory / 'reference.log').read_text())
        self.assertIn('Reference test passed', world.log('same'))
        self.assertIn("ERROR - Reference test: - 1/c -triggered off ['1/b'] in flow 1\n", world.log('other'))
        self.assertIn("ERROR - Reference test: + 1/c -triggered off ['1/a'] in flow 1\n", world.log('other'))

    def test_a_reference_test_without_a_reference_fails(self):
        self.install(CHAIN)
        self.assertEqual(1, self.foreground('--reference-test').status)
        self.assertIn('reference.log', self.world.log('w'))

    # --- the others

    def test_what_only_a_restart_may_ignore(self):
        self.install(CHAIN)
        self.refused(self.foreground('--stopcp=ignore'), 3, 'option --stopcp=ignore is only valid for restart')
        self.done(self.foreground())
        self.refused(self.foreground('--icp=1'), 3, 'option --icp: a restart goes on where the run was')
        result = self.world.rouse('why', 'w')
        self.refused(result, 1, 'w is not running: `rouse play w` starts it', 'workflow-state')

    def test_a_profile_tells_what_the_time_went_to(self):
        self.install(CHAIN)
        self.done(self.foreground('--profile'))
        log = self.world.log('w')
        for text in ('Profile: task_pool ran ', 'Profile: recorder ran ', 'Profile: CPU time ', 'Profile: memory at most '):
            self.assertIn(text, log)
        self.install(CHAIN, 'v')
        self.done(self.foreground(name='v'))
        self.assertNotIn('Profile', self.world.log('v'))

    def test_where_it_runs_as_json(self):
        self.install(CHAIN)
        shown = json.loads(self.world.play('w', '--format=json', '--pause').out)
        contact = self.world.contact('w')
        self.assertEqual('w', shown['workflow'])
        self.assertEqual(int(contact['CYLC_WORKFLOW_PID']), shown['pid'])
        self.assertEqual(f'tcp://{contact["CYLC_WORKFLOW_HOST"]}:{contact["CYLC_WORKFLOW_PORT"]}', shown['url'])
        self.world.must('stop', '--now', 'w')
        self.world.wait_end('w')
        self.refused(self.world.rouse('play', '--format=xml', 'w'), 2, "invalid choice: 'xml'")

    def test_hosts_and_plugins(self):
        self.install(CHAIN)
        self.refused(self.world.rouse('play', '--host=elsewhere.example', 'w'), 2,
                     "'play --host=elsewhere.example' is not implemented")
        self.refused(self.world.rouse('play', '--main-loop=log memory', 'w'), 2, 'is not implemented')
        self.refused(self.world.rouse('play', '--main-loop=dance', 'w'), 2, 'no such plugin: "dance"')
        self.done(self.foreground('--host=localhost', '--main-loop=health check'))
        self.install(CHAIN, 'v')
        self.done(self.foreground(f'--host={socket.gethostname()}', name='v'))


if __name__ == '__main__':
    common.main()
