"""A run that Cylc 8.4.4 began and stopped goes on with rouse: pool, prerequisites, flows, holds, retries, outputs,
broadcasts, xtriggers, jobs. Its database is made here, with the tables Cylc makes and the rows it leaves; none of
rouse's own. Databases of other versions, too: of Cylc, and older ones of rouse."""
import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
import time

import common

# table: columns, primary key
TABLES = {
    'absolute_outputs': ('cycle TEXT, name TEXT, output TEXT', ''),
    'broadcast_events': ('time TEXT, change TEXT, point TEXT, namespace TEXT, key TEXT, value TEXT', ''),
    'broadcast_states': ('point TEXT, namespace TEXT, key TEXT, value TEXT', 'point, namespace, key'),
    'inheritance': ('namespace TEXT, inheritance TEXT', 'namespace'),
    'workflow_params': ('key TEXT, value TEXT', 'key'),
    'workflow_flows': ('flow_num INTEGER, start_time TEXT, description TEXT', 'flow_num'),
    'workflow_template_vars': ('key TEXT, value TEXT', 'key'),
    'task_action_timers': ('cycle TEXT, name TEXT, ctx_key TEXT, ctx TEXT, delays TEXT, num INTEGER, delay TEXT, '
                           'timeout TEXT', 'cycle, name, ctx_key'),
    'task_events': ('name TEXT, cycle TEXT, time TEXT, submit_num INTEGER, event TEXT, message TEXT', ''),
    'task_jobs': ('cycle TEXT, name TEXT, submit_num INTEGER, flow_nums TEXT, is_manual_submit INTEGER, '
                  'try_num INTEGER, time_submit TEXT, time_submit_exit TEXT, submit_status INTEGER, time_run TEXT, '
                  'time_run_exit TEXT, run_signal TEXT, run_status INTEGER, platform_name TEXT, '
                  'job_runner_name TEXT, job_id TEXT', 'cycle, name, submit_num'),
    'task_late_flags': ('cycle TEXT, name TEXT, value INTEGER', 'cycle, name'),
    'task_outputs': ('cycle TEXT, name TEXT, flow_nums TEXT, outputs TEXT', 'cycle, name, flow_nums'),
    'task_pool': ('cycle TEXT, name TEXT, flow_nums TEXT, status TEXT, is_held INTEGER', 'cycle, name, flow_nums'),
    'task_prerequisites': ('cycle TEXT, name TEXT, flow_nums TEXT, prereq_name TEXT, prereq_cycle TEXT, '
                           'prereq_output TEXT, satisfied TEXT',
                           'cycle, name, flow_nums, prereq_name, prereq_cycle, prereq_output'),
    'task_states': ('name TEXT, cycle TEXT, flow_nums TEXT, time_created TEXT, time_updated TEXT, '
                    'submit_num INTEGER, status TEXT, flow_wait INTEGER, is_manual_submit INTEGER',
                    'name, cycle, flow_nums'),
    'task_timeout_timers': ('cycle TEXT, name TEXT, timeout REAL', 'cycle, name'),
    'tasks_to_hold': ('name TEXT, cycle TEXT', ''),
    'xtriggers': ('signature TEXT, results TEXT', 'signature'),
}
WHEN = '2026-01-01T00:00:00Z'
NATURAL, FORCE, NOT = 'satisfied naturally', 'force satisfied', '0'
RAN = ('submitted', 'started')

FLOW = """#!Jinja2
[scheduler]
    [[events]]
        stall timeout = PT0S
        abort on stall timeout = True
[scheduling]
    cycling mode = integer
    initial cycle point = 1
    final cycle point = {{ LAST }}
    runahead limit = P1
    [[xtriggers]]
        said = echo(hi, succeed=True)
    [[graph]]
        R1 = \"\"\"
            start
            FAM:succeed-all => gather
            lone? => never
            two & never2 => both
            odd => joined
        \"\"\"
        P1 = \"\"\"
            a => b
            b[-P1] => b
            start[^] => c
            a:x? => onx?
            @said & c => d
        \"\"\"
[runtime]
    [[root]]
        pre-script = echo "$CYLC_TASK_JOB $GREETING" >> "$CYLC_WORKFLOW_SHARE_DIR/count"
    [[start, b, c, d, gather, lone, never, never2, two, both, odd, joined, onx]]
    [[a]]
        [[[outputs]]]
            x = x-said
    [[FAM]]
    [[m1, m2, m3]]
        inherit = FAM
"""


class Database:
    """Rows as Cylc leaves them when a run is stopped."""

    def __init__(self, **params):
        self.rows = {table: [] for table in TABLES}
        self.params = {'uuid_str': '7fa7a3c8-0000-4000-8000-000000000001', 'cylc_version': '8.4.4', 'UTC_mode': 0,
                       'n_restart': 0, 'cycle_point_format': None, 'icp': '1', 'fcp': None, 'startcp': None,
                       'stopcp': None, 'run_mode': 'live', 'stop_clock_time': None, 'stop_task': None,
                       'is_paused': 0, 'cycle_point_tz': 'Z', **params}
        self.add('workflow_flows', 1, WHEN, 'original flow from 1')

    def add(self, table, *values):
        self.rows[table].append(values)

    def state(self, task, status, submit=0, flows='[1]', outputs=(), by_force=()):
        """A row of history: task_states and task_outputs."""
        cycle, name = task.split('/')
        self.add('task_states', name, cycle, flows, WHEN, WHEN, submit, status, 0, 0)
        done = {output: 'x-said' if output == 'x' else output for output in outputs}
        done.update({output: '(manually completed)' for output in by_force})
        self.add('task_outputs', cycle, name, flows, json.dumps(done))

    def ran(self, task, submit=1, flows='[1]', outputs=(), status='succeeded'):
        """An instance that ran and left the pool."""
        self.state(task, status, submit, flows, (*RAN, status, *outputs))
        for number in range(1, submit + 1):
            self.job(task, number, flows, 0 if status == 'succeeded' else 1)

    def job(self, task, submit=1, flows='[1]', run_status=None, job_id='1', try_=1):
        cycle, name = task.split('/')
        self.add('task_jobs', cycle, name, submit, flows, 0, try_, WHEN, WHEN, 0, WHEN,
                 None if run_status is None else WHEN, 'ERR' if run_status else None, run_status, 'localhost',
                 'background', job_id)

    def pool(self, task, status='waiting', flows='[1]', held=0, prerequisites=(), submit=0, outputs=()):
        cycle, name = task.split('/')
        self.add('task_pool', cycle, name, flows, status, held)
        self.state(task, status, submit, flows, outputs)
        for parent, output, satisfied in prerequisites:
            parent_cycle, parent_name = parent.split('/')
            self.add('task_prerequisites', cycle, name, flows, parent_name, parent_cycle, output, satisfied)

    def timers(self, task, delays, num, timeout):
        cycle, name = task.split('/')
        self.add('task_action_timers', cycle, name, '["try_timers", "execution-retry"]', None, json.dumps(delays),
                 num, str(delays[num - 1]), str(timeout))
        self.add('task_action_timers', cycle, name, '["try_timers", "submission-retry"]', None, '[]', 0, None, None)
        self.add('task_action_timers', cycle, name, '"poll_timer"', None, '[900.0]', 1, '900.0', str(timeout))

    def write(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            for table, (columns, key) in TABLES.items():
                key = f', PRIMARY KEY({key})' if key else ''
                connection.execute(f'CREATE TABLE {table}({columns}{key})')
                for row in self.rows[table]:
                    connection.execute(f'INSERT INTO {table} VALUES({",".join("?" * len(row))})', row)
            connection.executemany('INSERT INTO workflow_params VALUES(?, ?)', self.params.items())
            connection.commit()


class ForeignDatabase(common.SystemTest):
    def stopped(self, database, text=FLOW, name='w'):
        """The run directory of a workflow that Cylc stopped: the database that counts, and its copy."""
        run_dir = self.world.install(name, text)
        database.write(run_dir / '.service/db')
        shutil.copy(run_dir / '.service/db', run_dir / 'log/db')
        return run_dir

    def jobs(self, name='w'):
        """Jobs that rouse ran, sorted."""
        path = self.world.run_dir(name) / 'share/count'
        return sorted(line.split()[0] for line in path.read_text().splitlines()) if path.exists() else []

    def test_a_run_goes_on_where_it_stopped(self):
        """Cycles 1 and 2 have begun, 3 waits beyond the runahead limit."""
        world = self.world
        db = Database(is_paused=1)
        db.add('workflow_template_vars', 'LAST', '4')
        db.add('workflow_flows', 2, WHEN, 'second go')
        db.ran('1/start')
        db.add('absolute_outputs', '1', 'start', 'succeeded')
        for cycle in '12':
            db.ran(f'{cycle}/a', outputs=['x'] if cycle == '1' else [])
            db.ran(f'{cycle}/c')
        db.ran('1/onx')
        db.ran('1/m1')
        # one of two members by force, the other is running: its job ended while nobody looked
        db.pool('1/gather', prerequisites=[('1/m1', 'succeeded', NATURAL), ('1/m2', 'succeeded', FORCE),
                                           ('1/m3', 'succeeded', NOT)])
        db.ran('1/m2', status='failed')
        db.rows['task_pool'].append(('1', 'm2', '[1]', 'failed', 0))  # incomplete
        db.pool('1/m3', 'running', submit=1, outputs=RAN)
        db.job('1/m3', job_id='999999999')
        # waits for its second retry
        due = time.time() + 4
        db.pool('1/b', submit=2, outputs=RAN, prerequisites=[('1/a', 'succeeded', NATURAL)])
        db.timers('1/b', [0.0, 5.0], 2, due)
        db.job('1/b', 1, run_status=1)
        db.job('1/b', 2, run_status=1, try_=2)
        db.pool('2/b', held=1, prerequisites=[('2/a', 'succeeded', NATURAL), ('1/b', 'succeeded', NOT)])
        db.add('tasks_to_hold', 'b', '2')
        db.add('tasks_to_hold', 'c', '4')
        # an xtrigger is satisfied and recorded; another prerequisite was forced
        db.pool('1/d', prerequisites=[('1/c', 'succeeded', NATURAL)])
        db.pool('2/d', prerequisites=[('2/c', 'succeeded', NATURAL)])
        db.add('xtriggers', 'echo(hi, succeed=True)', '{"succeed": true}')
        db.ran('1/two')
        db.pool('1/both', prerequisites=[('1/two', 'succeeded', NATURAL), ('1/never2', 'succeeded', FORCE)])
        # a merged flow
        db.ran('1/odd', flows='[1, 2]')
        db.pool('1/joined', flows='[1, 2]', prerequisites=[('1/odd', 'succeeded', NATURAL)])
        db.pool('3/a')
        db.pool('3/c', prerequisites=[('1/start', 'succeeded', NATURAL)])
        db.add('broadcast_states', '*', 'root', '[environment]GREETING', 'hello')
        text = FLOW.replace('    [[start, b,', '    [[b]]\n        execution retry delays = PT0S, PT5S\n    [[start,')
        run_dir = self.stopped(db, text)
        job_dir = run_dir / 'log/job/1/m3/01'
        job_dir.mkdir(parents=True)
        (job_dir / 'job.status').write_text('CYLC_JOB_RUNNER_NAME=background\nCYLC_JOB_ID=999999999\n'
                                            f'CYLC_JOB_PID=999999999\nCYLC_JOB_INIT_TIME={WHEN}\n'
                                            f'CYLC_JOB_EXIT=SUCCEEDED\nCYLC_JOB_EXIT_TIME={WHEN}\n')
        world.play('w')
        self.assertFalse((run_dir / '.service/db').exists())
        world.wait_status('w', '1/m3', 'succeeded')
        self.assertIn('the workflow is paused', world.must('why', 'w').out)
        self.assertEqual([], self.jobs())
        dump = world.must('dump', '--tasks', 'w').out
        for line in ('2/b:waiting (held)', '3/a:waiting (runahead)', '1/m2:failed', '1/gather:waiting (queued)'):
            self.assertIn(line, dump)
        shown = json.loads(world.must('show', '--json', 'w//1/gather').out)['1/gather']['prerequisites'][0]
        self.assertEqual([NATURAL, FORCE, NATURAL], [each['message'] for each in shown['conditions']])
        world.must('resume', 'w')
        world.wait('what was ready', lambda: {'1/d/01', '1/both/01', '1/joined/01', '1/gather/01', '2/d/01'} <=
                   set(self.jobs()), 20)
        self.assertNotIn('1/b/03', self.jobs() if time.time() < due else [])
        world.wait_status('w', '1/b', 'succeeded', 30)
        self.assertLess(due - 1, time.time())
        self.assertEqual([(3,)], world.rows('w', "SELECT try_num FROM task_jobs WHERE name='b' AND submit_num=3"))
        self.assertEqual([('[1, 2]',)], world.rows('w', "SELECT flow_nums FROM task_states WHERE name='joined'"))
        world.must('set', 'w//1/m2')
        world.must('release', 'w//2/b')
        world.wait('4/c to be held', lambda: '4/c:waiting (held)' in world.rouse('dump', '-t', 'w').out, 20)
        world.must('release', 'w//4/c')
        world.wait_end('w')
        expected = ['1/b/03', '1/both/01', '1/d/01', '1/gather/01', '1/joined/01', '2/b/01', '2/d/01',
                    *(f'{cycle}/{task}/01' for cycle in '34' for task in 'abcd')]
        self.assertEqual(sorted(expected), self.jobs())
        self.assertIn('1/b/03 hello', (run_dir / 'share/count').read_text())
        self.settled('w')

    def test_a_run_that_is_complete_has_nothing_left_to_do(self):
        """No sequence begins anew, and an own restart afterwards finds the same."""
        db = Database()
        db.ran('1/a')
        db.ran('2/a')
        self.stopped(db, '[scheduler]\n    [[events]]\n        restart timeout = PT1S\n[scheduling]\n    '
                         'cycling mode = integer\n    initial cycle point = 1\n    final cycle point = 2\n'
                         '    [[graph]]\n        P1 = a\n[runtime]\n    [[a]]\n')
        for restarts in (1, 2):
            self.world.play('w')
            self.world.wait_end('w')
            self.assertEqual([(str(restarts),)],
                             self.world.rows('w', "SELECT value FROM workflow_params WHERE key='n_restart'"))
        self.assertEqual([(1,), (1,)], self.world.rows('w', 'SELECT submit_num FROM task_jobs'))

    SIMPLE = ('[scheduling]\n    cycling mode = integer\n    initial cycle point = 1\n    final cycle point = 3\n'
              '    [[graph]]\n        P1 = a => b\n[runtime]\n    [[a, b]]\n'
              '        pre-script = echo "$CYLC_TASK_JOB" >> "$CYLC_WORKFLOW_SHARE_DIR/count"\n')

    def simple(self, **params):
        db = Database(**params)
        db.ran('1/a')
        db.ran('2/a')
        db.ran('1/b')
        db.pool('2/b', prerequisites=[('2/a', 'succeeded', NATURAL)])
        db.pool('3/a')
        return db

    REST = ['2/b/01', '3/a/01', '3/b/01']

    def test_the_private_database_counts_and_the_copy_may_be_missing(self):
        run_dir = self.stopped(self.simple(), self.SIMPLE)
        with contextlib.closing(sqlite3.connect(run_dir / 'log/db')) as stale:
            stale.execute('DELETE FROM task_pool')
            stale.commit()
        self.world.play('w')
        self.world.wait_end('w')
        self.assertEqual(self.REST, self.jobs())
        self.assertIn('The database of Cylc 8.4.4 is taken over', self.world.log('w'))
        run_dir = self.stopped(self.simple(), self.SIMPLE, 'v')
        (run_dir / 'log/db').unlink()
        self.world.play('v')
        self.world.wait_end('v')
        self.assertEqual(self.REST, self.jobs('v'))

    def test_half_a_transaction_of_a_killed_scheduler_is_undone(self):
        run_dir = self.stopped(self.simple(), self.SIMPLE)
        crash = ("import os, sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\nc.execute('PRAGMA cache_size=1')\n"
                 "c.execute('BEGIN')\nc.execute('DELETE FROM task_pool')\n"
                 "c.executemany('INSERT INTO task_events VALUES(?,?,?,?,?,?)', [('x' * 500,) * 6] * 500)\n"
                 "os._exit(0)\n")
        subprocess.run([sys.executable, '-c', crash, run_dir / '.service/db'], check=True)
        self.assertTrue((run_dir / '.service/db-journal').exists())
        self.world.play('w')
        self.world.wait_end('w')
        self.assertEqual(self.REST, self.jobs())

    def test_other_versions_of_cylc(self):
        world = self.world
        run_dir = self.stopped(self.simple(cylc_version='8.3.6'), self.SIMPLE)
        self.refused(world.rouse('play', 'w'), 3, 'last run with Cylc 8.3.6', '--upgrade')
        self.assertFalse((run_dir / '.service/contact').exists())
        world.play('w', '--upgrade')
        world.wait_end('w')
        self.assertEqual(self.REST, self.jobs())
        for version, option in (('8.5.0', '--downgrade'), ('8.4.9', None)):
            name = f'v{version}'
            self.stopped(self.simple(cylc_version=version), self.SIMPLE, name)
            if option:
                self.refused(world.rouse('play', name), 3, f'last run with Cylc {version}', option)
            world.play(name, *([option] if option else []))
            world.wait_end(name)
            self.assertEqual(self.REST, self.jobs(name))
        self.stopped(self.simple(cylc_version='7.9.1'), self.SIMPLE, 'seven')
        self.refused(world.rouse('play', '--upgrade', 'seven'), 3, 'cannot be restarted')

    def test_older_and_newer_databases_of_rouse(self):
        """A column that came later is added when the database is opened."""
        world = self.world
        run_dir = world.install('w', self.SIMPLE)
        world.play('w', '--pause')
        world.must('stop', '--now', 'w')
        world.wait_end('w')
        with contextlib.closing(sqlite3.connect(run_dir / 'log/db')) as older:
            older.execute('ALTER TABLE rouse_events DROP COLUMN settings')
            older.execute('ALTER TABLE rouse_tasks DROP COLUMN settings')
            older.execute('DROP TABLE rouse_external')
            older.execute('PRAGMA user_version=0')
            older.execute("INSERT INTO rouse_events(id, name, cycle, submit_num, try_num, event, message)"
                          " VALUES(7, 'a', '1', 1, 1, 'succeeded', '')")
            older.commit()
        world.play('w', '--pause')
        self.assertEqual([('settings',)], world.rows(
            'w', "SELECT name FROM pragma_table_info('rouse_events') WHERE name='settings'"))
        world.must('stop', '--now', 'w')
        world.wait_end('w')
        with contextlib.closing(sqlite3.connect(run_dir / 'log/db')) as newer:
            newer.execute('PRAGMA user_version=99')
        self.refused(world.rouse('play', 'w'), 3, 'newer version of rouse')


if __name__ == '__main__':
    common.main()
