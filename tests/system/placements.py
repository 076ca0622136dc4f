"""The same workflows with the same results wherever the members of the cast live."""
import common
from common import TOP, flow

MOVABLE = ['commands', 'task_pool', 'triggers', 'xtriggers', 'jobs', 'recorder', 'viewer', 'handlers']
PLACEMENTS = {
    'one_loop': '',
    'recorder_and_viewer_in_threads': 'recorder=thread,viewer=thread',
    'xtriggers_in_a_process': 'xtriggers=process',
    'all_in_threads': ','.join(f'{member}=thread' for member in ['server', *MOVABLE]),
    'jobs_and_recorder_in_processes': 'jobs=process,recorder=process',
    'pool_in_a_process': 'task_pool=process,triggers=process',
    'all_in_processes': ','.join(f'{member}=process' for member in MOVABLE),
    'mixed': 'recorder=thread,jobs=process,viewer=process,triggers=thread',
}

HELLO = {f'{cycle}/{task}': 'succeeded' for cycle in (1, 2, 3)
         for task in ('prepare', 'model', 'maps', 'charts', 'tables', 'archive')}
HELLO.update({'1/install': 'succeeded', '2/model': 'failed', '2/mend': 'succeeded', '3/report': 'succeeded'})

MANY = flow("""
            @now => start => FAN:succeed-all => end
            start => r1 => r2 => r3 => r4 => r5 => end
            start => p
            p:x => q1 => end
            p:y => q2 => end
""", """
    [[FAN]]
    [[f<i>]]
        inherit = FAN
    [[r3]]
        script = test "$CYLC_TASK_TRY_NUMBER" -eq 2
        execution retry delays = PT0.1S
    [[p]]
        script = cylc message x-said y-said
        [[[outputs]]]
            x = x-said
            y = y-said
""".replace('<i>', ', f'.join(str(i) for i in range(1, 41))), scheduling="""
    [[xtriggers]]
        now = xrandom(percent=100)
""")


class Placements(common.SystemTest):
    def test_what_a_process_logs_is_on_the_terminal(self):
        self.world.install('w', flow('a?', '    [[a]]\n        script = sleep 60\n        execution time limit = PT1S\n'))
        result = self.world.must('play', '--no-detach', '--placement=jobs=process', 'w')
        line = 'WARNING - [1/a/01] execution time limit reached: killed\n'
        self.assertIn(line, self.world.log('w'))
        self.assertIn('\n' + line, result.err)

    def check(self, placement):
        world = self.world
        options = ['--no-detach'] + (['--placement', placement] if placement else [])
        world.must('install', '--no-run-name', '--workflow-name', 'hello', TOP / 'examples/hello')
        world.must('play', *options, 'hello', limit=120)
        states = world.rows('hello', "SELECT cycle || '/' || name, status FROM task_states")
        self.assertEqual(HELLO, dict(states))
        self.settled('hello')
        world.install('many', MANY)
        world.must('play', *options, 'many', limit=120)
        self.all_succeeded('many', 50)
        self.settled('many')
        self.assertEqual([('r3', 2)], world.rows('many', 'SELECT name, submit_num FROM task_jobs WHERE submit_num > 1'))
        self.stop_and_restart(placement)

    def stop_and_restart(self, placement):
        """Commands are answered, and the end is clean while a job runs."""
        world = self.world
        options = ['--placement', placement] if placement else []
        world.install('w', flow('a => b', f'    [[a]]\n{common.WAIT_FOR_GO}'))
        world.play('w', *options)
        world.wait_status('w', '1/a', 'running')
        self.done(world.rouse('ping', 'w//1/a'))
        self.done(world.rouse('hold', 'w//1/b'))
        self.done(world.rouse('stop', '--now', 'w'))
        world.wait_end('w', 30)
        (world.run_dir('w') / 'share/go').touch()
        world.play('w', *options)
        world.wait_status('w', '1/a', 'succeeded')
        self.assertIn('is held', world.rouse('why', 'w//1/b').out)
        self.done(world.rouse('release', 'w//1/b'))
        world.wait_end('w')
        self.all_succeeded('w', 2)
        self.assertEqual([], [line for line in world.log('w').splitlines() if ' ERROR ' in line or ' CRITICAL ' in line])


for name, placement in PLACEMENTS.items():
    setattr(Placements, f'test_{name}', lambda self, placement=placement: self.check(placement))


class Refused(common.SystemTest):
    def test_a_member_without_its_scheduler_ends(self):
        """As one whose scheduler was killed before it could ask to be told."""
        result = self.world.rouse('cast', '{}', limit=20)
        self.assertEqual((3, ''), (result.status, result.err), 'not even what it is given is looked at')

    def test_placements_that_cannot_be(self):
        self.world.install('w', flow('a'))
        for placement, text in [('server=process', 'server'), ('health=thread', 'health'), ('nobody=loop', 'nobody'),
                                ('jobs=cloud', 'cloud'), ('jobs', 'jobs')]:
            self.refused(self.world.rouse('play', '--no-detach', '--placement', placement, 'w'), 2, text)
            self.assertFalse(self.world.contact('w'))


if __name__ == '__main__':
    common.main()
