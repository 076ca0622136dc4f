#!/usr/bin/env python3
"""Jobs as users of Cylc 8.4 know them, for real: what a job file does (one case a task), messages that count once
whatever becomes of the scheduler, kill and poll, and the `at` runner."""
import contextlib
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from common import WAIT_FOR_GO, SystemTest, alive, flow, main, outputs

# name: (settings below [[name]], status at the end, {file in share/: its lines}); @ is the share directory.
CASES = {
    'order': ('''
        pre-script = echo pre >>@/order
        script = echo script >>@/order
        post-script = echo post >>@/order
        exit-script = echo exit >>@/order
        err-script = echo err >>@/order''', 'succeeded', {'order': ['pre', 'script', 'post', 'exit']}),
    'errexit': ('''
        script = """
            false
            echo not here >@/errexit
        """
        err-script = echo "err $1" >>@/errexit
        exit-script = echo exit >>@/errexit''', 'failed', {'errexit': ['err ERR']}),
    'wait_started': ('''
        script = cylc__job__wait_cylc_message_started; grep -o CYLC_JOB_INIT_TIME "$CYLC_TASK_LOG_ROOT.status" >@/began
        ''', 'succeeded', {'began': ['CYLC_JOB_INIT_TIME']}),
    'pipefail': ('script = "false | true"', 'failed', {}),
    'nounset': ('script = echo $NOT_SET_AT_ALL', 'failed', {}),
    'errexit_off': ('''
        script = """
            set +e
            false
            set -e
            echo on >@/errexit_off
        """''', 'succeeded', {'errexit_off': ['on']}),
    'subshell_fails': ('script = "(exit 3)"', 'failed', {}),
    'or_saves': ('script = "false || true; echo saved >@/or_saves"', 'succeeded', {'or_saves': ['saved']}),
    'exit_zero_early': ('''
        script = exit 0
        post-script = echo post >@/exit_zero_early
        exit-script = echo exit >>@/exit_zero_early''', 'succeeded', {'exit_zero_early': ['exit']}),
    'exit_seven': ('''
        script = exit 7
        err-script = echo "$1 $CYLC_TASK_NAME" >@/exit_seven''', 'failed', {'exit_seven': ['ERR exit_seven']}),
    'abort': ('''
        script = cylc__job_abort "no licence"
        err-script = echo "err $1" >@/abort''', 'failed', {'abort': ['err ERR']}),
    'trap': ('''
        script = """
            trap 'echo mine >>@/trap' EXIT
            echo run >>@/trap
        """''', 'succeeded', {'trap': ['run', 'mine']}),
    'term': ('''
        script = sleep 20 & until [[ $(< /proc/$!/comm) == sleep ]]; do :; done; kill -s TERM $$; wait
        err-script = echo "err $1" >@/term''', 'failed', {'term': ['err TERM']}),
    'xcpu': ('''
        script = sleep 50
        execution time limit = PT1S
        err-script = echo "err $1" >@/xcpu''', 'failed', {'xcpu': ['err XCPU']}),
    'kill_nine': ('script = kill -9 $$; sleep 5', 'failed', {}),
    'cd_is_local': ('''
        pre-script = cd /
        script = pwd >@/cd_is_local''', 'succeeded', {'cd_is_local': ['/']}),
    'work_dir': ('script = pwd >@/work_dir', 'succeeded', {'work_dir': ['RUN/work/1/work_dir']}),
    'work_sub': ('''
        work sub-directory = deep/$CYLC_TASK_NAME/x
        script = pwd >@/work_sub''', 'succeeded', {'work_sub': ['RUN/work/deep/work_sub/x']}),
    'quotes': ('''
        script = echo "$A|$B|$C|$D|$E" >@/quotes
        [[[environment]]]
            A = it's
            B = two  blanks
            C = "in quotes"
            D = a\\$b
            E = $(echo sub shell)''', 'succeeded', {'quotes': ["it's|two  blanks|in quotes|a$b|sub shell"]}),
    'tilde': ('''
        script = echo "$A|$B|$C" >@/tilde
        [[[environment]]]
            A = ~/x
            B = no~/x
            C = ~''', 'succeeded', {'tilde': ['HOME/x|no~/x|HOME']}),
    'in_order': ('''
        script = echo "$Z $A" >@/in_order
        [[[environment]]]
            Z = 1
            A = ${Z}2''', 'succeeded', {'in_order': ['1 12']}),
    'env_fails': ('''
        script = echo not here >@/env_fails
        [[[environment]]]
            A = $(false)''', 'failed', {'env_fails': None}),
    'filter_exclude': ('''
        inherit = FAMILY
        script = echo "${FA:-no} ${FB:-no}" >@/filter_exclude
        [[[environment filter]]]
            exclude = FA''', 'succeeded', {'filter_exclude': ['no b']}),
    'hierarchy': ('''
        inherit = FAMILY
        script = echo "$CYLC_TASK_NAMESPACE_HIERARCHY" >@/hierarchy''', 'succeeded',
                  {'hierarchy': ['root FAMILY hierarchy']}),
    'bin_dir': ('script = from-bin >@/bin_dir', 'succeeded', {'bin_dir': ['bin of the workflow']}),
    'lib_python': ('script = python3 -c "import of_flow; print(of_flow.WHAT)" >@/lib_python', 'succeeded',
                   {'lib_python': ['lib of the workflow']}),
    'multiline': ("""
        script = '''
            cat >@/multiline <<__END__
            first $((1 + 1))
            __END__
            for i in a b; do
                echo $i >>@/multiline
            done
        '''""", 'succeeded', {'multiline': ['first 2', 'a', 'b']}),
    'function': ('''
        env-script = say() { echo "said $1" >>@/function; }
        script = say it''', 'succeeded', {'function': ['said it']}),
    'init_before': ('''
        init-script = FROM_INIT=early
        script = echo "$FROM_INIT" >@/init_before''', 'succeeded', {'init_before': ['early']}),
    'cycle_share': ('''
        script = """
            mkdir -p "$CYLC_WORKFLOW_SHARE_DIR/cycle/$CYLC_TASK_CYCLE_POINT"
            cylc cycle-point --offset-hours=0 20200101T0000Z >@/cycle_share
        """''', 'succeeded', {'cycle_share': ['20200101T0000Z']}),
    'out_err': ('script = echo out; echo err >&2', 'succeeded', {}),
    'background': ('script = "sleep 30 & echo $! >@/background"', 'succeeded', {}),
    'exec': ('script = exec bash -c "echo exec >@/exec"', 'succeeded', {'exec': ['exec']}),
    'long_line': ('script = echo ' + 'x' * 20000 + ' >@/long_line', 'succeeded', {'long_line': ['x' * 20000]}),
    'percent': ('script = printf "%s%%\\n" 5 >@/percent', 'succeeded', {'percent': ['5%']}),
    'syntax': ('script = if', 'submit-failed', {'syntax': None}),
    'comment': ('script = # only a comment', 'succeeded', {}),
    'stdin': ('script = cat >@/stdin', 'succeeded', {'stdin': []}),
    'readonly': ('script = "readonly X=1; X=2; echo no >@/readonly"', 'failed', {'readonly': None}),
    'flows': ('script = echo "$CYLC_TASK_FLOW_NUMBERS $CYLC_TASK_JOB" >@/flows', 'succeeded',
              {'flows': ['1 1/flows/01']}),
    'retried': ('''
        script = echo "$CYLC_TASK_TRY_NUMBER $CYLC_TASK_SUBMIT_NUMBER" >>@/retried; ((CYLC_TASK_TRY_NUMBER == 2))
        execution retry delays = PT0S''', 'succeeded', {'retried': ['1 1', '2 2']}),
}


class JobFile(SystemTest):

    def test_cases(self):
        home = self.world.home
        run = home / 'cylc-run/cases'
        text = flow('\n'.join(f'{name}?' for name in CASES),
                    '    [[FAMILY]]\n        [[[environment]]]\n            FA = a\n            FB = b\n' +
                    ''.join(f'    [[{name}]]\n        {settings.strip()}\n'
                            for name, (settings, *_) in CASES.items()),
                    scheduling='    [[queues]]\n        [[[default]]]\n            limit = 6\n')
        text = text.replace('@/', '$CYLC_WORKFLOW_SHARE_DIR/')
        self.world.install('cases', text, {'bin/from-bin': '#!/bin/sh\necho bin of the workflow\n',
                                           'lib/python/of_flow.py': 'WHAT = "lib of the workflow"\n'})
        (run / 'bin/from-bin').chmod(0o755)
        self.world.rouse('play', '--no-detach', 'cases', limit=200)
        os.kill(int((run / 'share/background').read_text()), signal.SIGKILL)
        got = dict(self.world.rows('cases', 'SELECT name, status FROM task_states'))
        self.assertEqual({name: status for name, (_, status, _) in CASES.items()}, got)
        for name, (_, _, files) in CASES.items():
            for file, lines in files.items():
                path = run / 'share' / file
                if lines is None:
                    self.assertFalse(path.exists(), name)
                    continue
                expected = [line.replace('RUN', str(run)).replace('HOME', str(home)) for line in lines]
                self.assertEqual(expected, path.read_text().splitlines(), name)
        signals = dict(self.world.rows('cases', 'SELECT name, run_signal FROM task_jobs WHERE run_status=1'))
        for name, reason in (('errexit', 'ERR'), ('term', 'TERM'), ('xcpu', 'XCPU'), ('kill_nine', 'KILL')):
            self.assertEqual(reason, signals[name], name)
        self.assertIn('err\n', (run / 'log/job/1/out_err/01/job.err').read_text())


SPEAKER = '''    [[a]]
        script = """
            cylc message -- one
            touch "$CYLC_WORKFLOW_SHARE_DIR/ready"
            until [[ -e "$CYLC_WORKFLOW_SHARE_DIR/go" ]]; do sleep 0.1; done
            cylc message -- two 'WARNING:three'
            printf 'four\\n\\nCRITICAL: five\\n' | cylc message -- -
            cylc message -- x-done
        """
        [[[outputs]]]
            x = x-done
'''
SAID = [('message info', 'one'), ('message info', 'two'), ('message warning', 'three'), ('warning', 'three'),
        ('message info', 'four'), ('message critical', 'five'), ('critical', 'five'), ('x', 'x-done')]


class ExactlyOnce(SystemTest):
    """What a job says counts once and in order, whatever the scheduler does meanwhile."""

    def begin(self):
        self.world.install('w', flow('a:x => b', SPEAKER))
        self.world.play('w')
        self.world.wait('the job', lambda: (self.world.run_dir('w') / 'share/ready').exists())

    def go_on(self):
        (self.world.run_dir('w') / 'share/go').touch()

    def job_ends(self):
        status = self.world.run_dir('w') / 'log/job/1/a/01/job.status'
        self.world.wait('the end of the job', lambda: 'CYLC_JOB_EXIT_TIME=' in status.read_text(), 60)
        self.assertIn('CYLC_JOB_EXIT=SUCCEEDED', status.read_text())

    def check(self):
        self.world.wait_end('w')
        events = self.world.rows('w', "SELECT event, message FROM task_events WHERE name='a'"
                                      " AND event NOT IN ('submitted', 'started', 'succeeded')")
        self.assertEqual(SAID, events)
        self.all_succeeded('w', 2)
        self.assertEqual({'1/a', '1/b'}, set(outputs(self.world, 'w')))

    def test_undisturbed(self):
        self.begin()
        self.go_on()
        self.check()
        log = self.world.log('w')
        self.assertIn('WARNING - [1/a/01:running] (received)three', log)
        self.assertIn('CRITICAL - [1/a/01:running] (received)five', log)

    def test_stopped(self):
        self.begin()
        self.world.must('stop', '--now', 'w')
        self.world.wait_end('w')
        self.go_on()
        self.job_ends()
        self.world.play('w')
        self.check()

    def test_killed(self):
        self.begin()
        self.world.kill('w')
        self.go_on()
        self.job_ends()
        self.world.play('w')
        self.check()

    def test_killed_while_the_job_speaks(self):
        self.begin()
        self.go_on()
        self.world.kill('w')
        self.job_ends()
        self.world.play('w')
        self.check()

    def test_frozen(self):
        """SIGSTOP for a minute: the clients wait for a while, the messages are in the spool, the job ends."""
        self.begin()
        pid = self.world.pid('w')
        os.kill(pid, signal.SIGSTOP)
        begun = time.monotonic()
        try:
            self.go_on()
            self.refused(self.world.rouse('ping', '--comms-timeout=2', 'w'), 1, 'w')
            self.job_ends()
            time.sleep(max(0, begun + 60 - time.monotonic()))
            self.assertEqual('running', self.world.status('w', '1/a'))
        finally:
            os.kill(pid, signal.SIGCONT)
        self.check()


class Platform(SystemTest):

    def test_settings_of_the_platform(self):
        """A clean environment of the submission, the script that comes first, no login shell."""
        config = self.world.home / '.cylc/flow'
        config.mkdir(parents=True)
        (config / 'global.cylc').write_text(f"""[platforms]
    [[clean]]
        hosts = localhost
        clean job submission environment = True
        job submission environment pass-through = PASSED, NOT_THERE
        job submission executable paths = {self.world.bin}
        use login shell = False
        global init-script = FIRST=first
""")
        script = """
        script = echo "${PASSED:-no} ${KEPT_BACK:-no} ${FIRST:-no} ${HOME}" >"$CYLC_WORKFLOW_SHARE_DIR/$CYLC_TASK_NAME"
"""
        self.world.install('w', flow('a & b', f'    [[a]]\n        platform = clean{script}    [[b]]{script}'))
        self.world.env.update(PASSED='passed', KEPT_BACK='kept')
        self.world.must('play', '--no-detach', 'w')
        home = self.world.home
        said = {name: (self.world.run_dir('w') / 'share' / name).read_text() for name in 'ab'}
        self.assertEqual({'a': f'passed no first {home}\n', 'b': f'passed kept no {home}\n'}, said)
        self.assertEqual([('a', 'clean'), ('b', 'localhost')],
                         self.world.rows('w', 'SELECT name, platform_name FROM task_jobs ORDER BY name'))


class KillAndPoll(SystemTest):

    def test_kill_many(self):
        self.world.install('w', flow('a? & b? & c?', '    [[F]]\n        script = sleep 100\n'
                                                     '    [[a, b]]\n        inherit = F\n'
                                                     '    [[c]]\n        script = sleep 5\n'))
        self.world.play('w')
        for name in 'abc':
            self.world.wait_status('w', f'1/{name}', 'running')
        self.done(self.world.rouse('poll', 'w//*'))
        self.world.wait_log('w', '[1/a/01] polled: running, process ')
        self.done(self.world.rouse('kill', 'w//1/F:running'))
        self.world.wait_end('w')
        self.assertEqual([('a', 'failed'), ('b', 'failed'), ('c', 'succeeded')],
                         sorted(self.world.rows('w', 'SELECT name, status FROM task_states')))

    def test_what_cannot_be_killed(self):
        self.world.install('w', flow('a => b', '    [[a]]\n        script = sleep 100\n'))
        self.world.play('w')
        self.world.wait_status('w', '1/a', 'running')
        self.refused(self.world.rouse('kill', 'w//1/b'), 1, 'no job is under way, so there is nothing to kill: 1/b')
        self.refused(self.world.rouse('poll', 'w//1/zz'), 1, 'zz')
        self.refused(self.world.rouse('kill', 'w'), 1, 'w')
        self.done(self.world.cylc('kill', 'w//1/b'), 'Command queued\n')
        self.world.must('stop', '--kill', 'w')
        self.world.wait_end('w')

    def test_timeouts_are_told(self):
        self.world.install('w', flow('a', '    [[a]]\n        script = sleep 2\n        [[[events]]]\n'
                                          '            execution timeout = PT1S\n'))
        self.world.must('play', '--no-detach', 'w')
        self.assertIn(('execution timeout', 'execution timeout after PT1S'),
                      self.world.rows('w', 'SELECT event, message FROM task_events'))
        self.assertIn('WARNING - [1/a/01:running] execution timeout after PT1S', self.world.log('w'))
        self.all_succeeded('w')


class Recorded(SystemTest):
    """What a restart knows of an active job is what was recorded with it."""

    def events(self, name):
        return self.world.rows('w', f"SELECT message FROM task_events WHERE event='{name}'")

    def test_lateness_is_told_once_by_what_the_database_says(self):
        self.world.install('w', flow('a', '    [[a]]\n        [[[events]]]\n            late offset = PT1S\n',
                                     scheduling='    initial cycle point = 20200101T00Z\n'))
        self.world.play('w', '--pause')
        flags = 'SELECT cycle, name, value FROM task_late_flags'
        self.world.wait('lateness', lambda: self.events('late'))
        self.assertEqual([('20200101T0000Z', 'a', 1)], self.world.rows('w', flags))
        self.again()
        self.assertEqual(1, len(self.events('late')))
        self.again("DELETE FROM task_late_flags")
        self.world.wait('lateness again', lambda: len(self.events('late')) == 2)
        self.world.must('resume', 'w')
        self.end()

    def again(self, sql=None):
        self.world.kill('w')
        if sql:
            with contextlib.closing(sqlite3.connect(self.world.run_dir('w') / 'log/db')) as database:
                database.execute(sql)
                database.commit()
        self.world.play('w')
        self.world.must('ping', 'w')

    def end(self):
        (self.world.run_dir('w') / 'share/go').touch()
        self.world.wait_end('w')
        self.all_succeeded('w')

    def test_a_timeout_comes_when_the_database_says(self):
        self.world.install('w', flow('a', '    [[a]]\n' + WAIT_FOR_GO + '        [[[events]]]\n'
                                          '            execution timeout = PT1H\n'))
        self.world.play('w')
        timers = 'SELECT cycle, name, timeout - strftime("%s", time_run) FROM task_timeout_timers' \
                 ' JOIN task_jobs USING (cycle, name)'
        self.world.wait_status('w', '1/a', 'running')
        self.assertEqual([('1', 'a', 3600.0)], self.world.rows('w', timers))
        self.again('UPDATE task_timeout_timers SET timeout = timeout - 3500')
        self.assertEqual([], self.events('execution timeout'))
        self.again('UPDATE task_timeout_timers SET timeout = timeout - 100')
        self.world.wait('the timeout', lambda: self.events('execution timeout'))
        self.assertEqual([], self.world.rows('w', timers))
        self.again()
        self.assertEqual(1, len(self.events('execution timeout')))
        self.end()

    def test_a_job_keeps_what_was_broadcast_to_it(self):
        script = '        script = if ((CYLC_TASK_TRY_NUMBER == 1)); then until [[ -e ' \
                 '"$CYLC_WORKFLOW_SHARE_DIR/go" ]]; do sleep 0.1; done; false; fi\n'
        self.world.install('w', flow('a', '    [[a]]\n' + script))
        self.world.play('w', '--pause')
        self.world.must('broadcast', '-n', 'a', '-s', 'execution retry delays = PT0S', 'w')
        self.world.must('resume', 'w')
        self.world.wait_status('w', '1/a', 'running')
        self.world.must('broadcast', '--clear', 'w')
        self.again()
        self.again()
        self.end()
        self.assertEqual([(1, 1), (2, 0)], self.world.rows('w', 'SELECT submit_num, run_status FROM task_jobs'))


QUEUE = '[platforms]\n    [[queue]]\n        hosts = localhost\n        job runner = at\n'


def at_daemon():
    """The daemon of `at`, started unless it runs already. (process or None, why not)"""
    for name in ('at', 'atq', 'atrm', 'atd'):
        if not shutil.which(name, path=os.environ['PATH'] + ':/usr/sbin:/sbin'):
            return None, f'{name} is not installed (Debian package at)'
    pid_file = pathlib.Path('/run/atd.pid')
    try:
        if alive(int(pid_file.read_text())):
            return None, ''
    except (OSError, ValueError):
        pass
    if os.geteuid() != 0:
        return None, 'atd does not run, and only root may start it'
    daemon = subprocess.Popen([shutil.which('atd', path=os.environ['PATH'] + ':/usr/sbin:/sbin'), '-f'],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.3)
    return (daemon, '') if daemon.poll() is None else (None, 'atd cannot run here')


class At(SystemTest):
    kills_failed = 0

    @classmethod
    def setUpClass(cls):
        cls.daemon, why = at_daemon()
        if why:
            raise unittest.SkipTest(why)

    @classmethod
    def tearDownClass(cls):
        if cls.daemon:
            cls.daemon.terminate()
            cls.daemon.wait()

    def begin(self, text, template=''):
        config = self.world.home / '.cylc/flow'
        config.mkdir(parents=True)
        (config / 'global.cylc').write_text(QUEUE + template)
        self.world.install('w', text)

    def test_a_run(self):
        self.begin(flow('a => b? & c? & d?', '    [[root]]\n        platform = queue\n'
                                             "    [[a]]\n        script = cylc message -- hello; echo \"it's\"\n"
                                             '    [[b]]\n        script = sleep 100\n'
                                             '        execution time limit = PT1S\n'
                                             '    [[c]]\n        script = if\n'
                                             '    [[d]]\n        platform = $(echo queue)\n'))
        self.world.rouse('play', '--no-detach', 'w')
        rows = self.world.rows('w', 'SELECT name, submit_status, run_status, run_signal, platform_name,'
                                    ' job_runner_name FROM task_jobs ORDER BY name')
        self.assertEqual([('a', 0, 0, None, 'queue', 'at'), ('b', 0, 1, 'XCPU', 'queue', 'at'),
                          ('c', 1, None, None, 'queue', 'at'), ('d', 0, 0, None, 'queue', 'at')], rows)
        self.assertIn("it's\n", (self.world.run_dir('w') / 'log/job/1/a/01/job.out').read_text())
        self.assertIn('syntax error', self.world.log('w'))

    def gone_from_queue(self):
        """Whether 1/b was killed. atrm gives up when somebody else's job leaves the queue while it looks through
        it: then it is asked once more for each time it said so."""
        failures = self.world.log('w').count('[1/b/01] cannot be killed: atrm')
        if failures > self.kills_failed:
            self.kills_failed = failures
            self.done(self.world.rouse('kill', 'w//1/b'))
        return self.world.status('w', '1/b') == 'submit-failed'

    def test_killed_in_the_queue_and_while_it_runs(self):
        late = '        job runner command template = at now + 1 hour\n'
        self.begin(flow('a? & b?', '    [[root]]\n        script = sleep 100\n        platform = queue\n'
                                   '    [[b]]\n        platform = late\n'),
                   '    [[late]]\n        hosts = localhost\n        job runner = at\n' + late)
        self.world.play('w')
        self.world.wait_status('w', '1/a', 'running')
        self.world.wait_status('w', '1/b', 'submitted')
        self.done(self.world.rouse('poll', 'w//1/b'))
        self.world.wait_log('w', '[1/b/01] polled: submitted')
        self.world.kill('w')
        self.world.play('w')
        self.done(self.world.rouse('kill', 'w//1/a', 'w//1/b'))
        self.world.wait('1/b out of the queue', self.gone_from_queue)
        self.world.wait_end('w')
        self.assertEqual([('a', 'failed'), ('b', 'submit-failed')],
                         sorted(self.world.rows('w', 'SELECT name, status FROM task_states')))
        self.assertNotIn('w/log/job', subprocess.run(['atq'], capture_output=True, text=True, check=True).stdout)

    def test_a_submission_that_fails_or_hangs(self):
        self.begin(flow('a? & b?', '    [[a]]\n        platform = broken\n    [[b]]\n        platform = lost\n'
                                   '        submission polling intervals = PT1S\n'),
                   '    [[broken]]\n        hosts = localhost\n        job runner = at\n'
                   '        job runner command template = at never\n'
                   '    [[lost]]\n        hosts = localhost\n        job runner = at\n'
                   '        job runner command template = "cat >/dev/null; echo job 99999 at noon"\n')
        self.world.rouse('play', '--no-detach', 'w', limit=60)
        self.assertIn('/bin/bash ended with status', self.world.log('w'))
        self.assertIn('job 99999 of at is gone and never began', self.world.log('w'))


if __name__ == '__main__':
    main()
