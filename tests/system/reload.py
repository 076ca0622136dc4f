"""A running workflow takes up a changed definition: what becomes of its tasks, in several placements; a definition
that is refused; a scheduler that is killed in the middle."""
import random
import time

import common
from common import WAIT_FOR_GO, flow

PLACEMENTS = {
    'one_loop': '',
    'threads': 'recorder=thread,viewer=thread,triggers=thread,jobs=thread,xtriggers=thread',
    'processes': 'task_pool=process,triggers=process,recorder=process,viewer=process,jobs=process,handlers=process,'
                 'xtriggers=process,commands=process',
}

# a runs all the time; b waits for it and for gone, which is active and leaves; idle waits and is dropped.
BEFORE = flow("""
            a & gone => b
            quick => c & idle
            a => c & idle
            @soon => timed
            quick => FAM
""", WAIT_FOR_GO.replace('        script', '    [[a, gone]]\n        script') + """
    [[b]]
        script = echo "old $X"
        [[[environment]]]
            X = 1
    [[FAM]]
    [[m1, m2]]
        inherit = FAM
""", scheduling="""
    [[xtriggers]]
        soon = wall_clock(PT0S)
""".replace('soon = wall_clock(PT0S)', 'soon = xrandom(percent=0, secs=1)'))

# c waits for more, which has succeeded already; the xtrigger is another; FAM triggers something only now.
AFTER = flow("""
            a => b
            quick => c
            a & m1 => c
            FAM:succeed-all => c
            @soon => timed
            quick => FAM
            b => new => newer
""", WAIT_FOR_GO.replace('        script', '    [[a]]\n        script') + """
    [[b]]
        script = echo "new $X"
        [[[environment]]]
            X = 2
    [[FAM]]
    [[m1, m2]]
        inherit = FAM
""", scheduling="""
    [[xtriggers]]
        soon = xrandom(percent=100)
""")


class Reload(common.SystemTest):
    def begin(self, placement='', text=BEFORE):
        run_dir = self.world.install('flow', text)
        self.world.play('flow', *(['--placement', placement] if placement else []))
        for task in ('1/a', '1/gone'):
            self.world.wait_status('flow', task, 'running')
        for task in ('1/quick', '1/m1', '1/m2'):
            self.world.wait_status('flow', task, 'succeeded')
        return run_dir

    def check(self, placement):
        world = self.world
        run_dir = self.begin(placement)
        (run_dir / 'flow.cylc').write_text(AFTER)
        result = world.must('reload', 'flow')
        self.assertEqual(['flow: reloaded', '    added   new', '    added   newer', '    changed b',
                          '    removed gone', '    removed idle'], sorted(result.out.splitlines(), key=lambda line: (
                              line[0] == ' ', line)))
        world.wait_status('flow', '1/timed', 'succeeded')
        waits = world.rows('flow', "SELECT DISTINCT prereq_name, prereq_output, satisfied FROM task_prerequisites"
                                   " WHERE name='c' ORDER BY prereq_name")
        self.assertEqual(('a', 'succeeded', '0'), waits[0])
        self.assertEqual({'m1', 'm2', 'quick'}, {name for name, _, how in waits if how.startswith('satisfied')}, waits)
        self.assertEqual('running', world.status('flow', '1/gone'))
        self.assertIn('c', world.must('why', 'flow//1/c').out)
        (run_dir / 'share/go').touch()
        world.wait_end('flow')
        states = dict(world.rows('flow', "SELECT name, status FROM task_states"))
        self.assertEqual('waiting', states.pop('idle', 'waiting'))
        self.assertEqual({name: 'succeeded' for name in ('a', 'b', 'c', 'gone', 'quick', 'timed', 'new', 'newer', 'm1',
                                                         'm2')}, states)
        self.assertEqual('new 2\n', '\n'.join(line for line in (run_dir / 'log/job/1/b/01/job.out').read_text()
                                              .splitlines(True) if 'new' in line))
        self.assertEqual(['01-start-01.cylc', '02-reload-01.cylc', 'flow-processed.cylc'],
                         sorted(path.name for path in (run_dir / 'log/config').iterdir()))
        self.settled('flow')

    def test_a_definition_that_is_refused_changes_nothing(self):
        world = self.world
        run_dir = self.begin()
        good = (run_dir / 'flow.cylc').read_text()
        (run_dir / 'flow.cylc').write_text(good + '[nonsense]\n')
        self.refused(world.rouse('reload', 'flow'), 1, 'flow.cylc:', 'nonsense')
        self.assertIn('nonsense', world.log('flow'))
        (run_dir / 'flow.cylc').write_text('#!jinja2\n{{ raise("no such thing") }}\n' + good)
        self.refused(world.rouse('reload', 'flow'), 1, 'no such thing')
        (run_dir / 'flow.cylc').write_text(good.replace('xrandom(percent=0, secs=1)', 'nowhere(1)'))
        self.refused(world.rouse('reload', 'flow'), 1, 'nowhere')
        self.assertEqual(0, world.cylc('reload', 'flow').status)  # Cylc: it has been queued
        (run_dir / 'flow.cylc').unlink()
        self.refused(world.rouse('reload', 'flow'), 1, 'flow.cylc')
        (run_dir / 'flow.cylc').write_text(AFTER)
        self.done(world.rouse('reload', 'flow'))
        (run_dir / 'share/go').touch()
        world.wait_end('flow')
        self.assertEqual('succeeded', world.status('flow', '1/newer'))

    def test_many_reloads_one_after_the_other(self):
        world = self.world
        run_dir = self.begin()
        for i in range(12):
            (run_dir / 'flow.cylc').write_text(BEFORE if i % 2 else AFTER)
            self.done(world.rouse('reload', 'flow'))
        (run_dir / 'share/go').touch()
        world.wait_end('flow')
        self.assertEqual('succeeded', world.status('flow', '1/b'))

    def test_template_variables_and_the_stop_point_are_kept(self):
        world = self.world
        text = '#!jinja2\n' + flow('a => {{ NEXT }}', WAIT_FOR_GO.replace('        script', '    [[a]]\n        script'))
        run_dir = world.install('flow', text)
        world.play('flow', '--set=NEXT="b"', '--hold-after=1')
        world.wait_status('flow', '1/a', 'running')
        (run_dir / 'flow.cylc').write_text(text.replace('NEXT }}', 'NEXT }} => c'))
        self.assertIn('added   c', world.must('reload', 'flow').out)
        (run_dir / 'share/go').touch()
        world.wait_end('flow')
        self.all_succeeded('flow', 3)

    def test_a_longer_run(self):
        """The final point moves; sequences go on where they were."""
        world = self.world
        cycling = '    cycling mode = integer\n    initial cycle point = 1\n    final cycle point = %d\n'
        text = flow('x').replace('R1', 'P1')
        waits = WAIT_FOR_GO.replace('        script', '    [[x]]\n        script')
        run_dir = world.install('flow', text.replace('[scheduling]\n', '[scheduling]\n' + cycling % 2) + waits)
        world.play('flow')
        world.wait_status('flow', '2/x', 'running')
        (run_dir / 'flow.cylc').write_text(text.replace('[scheduling]\n', '[scheduling]\n' + cycling % 4) + waits)
        world.must('reload', 'flow')
        (run_dir / 'share/go').touch()
        world.wait_end('flow')
        self.all_succeeded('flow', 4)

    def test_killed_in_the_middle(self):
        world = self.world
        run_dir = self.begin()
        chance = random.Random(1)
        for i in range(8):
            (run_dir / 'flow.cylc').write_text(BEFORE if i % 2 else AFTER)
            world.popen(world.bin / 'rouse', 'reload', 'flow')
            time.sleep(chance.uniform(0, 0.25))
            world.kill('flow')
            world.play('flow')
        (run_dir / 'flow.cylc').write_text(AFTER)
        self.done(world.rouse('reload', 'flow'))
        (run_dir / 'share/go').touch()
        world.wait_end('flow')
        for task in ('a', 'b', 'c', 'new', 'newer'):
            self.assertEqual('succeeded', world.status('flow', f'1/{task}'), task)
        self.assertEqual([], world.rows('flow', "SELECT name FROM task_jobs GROUP BY cycle, name, submit_num"
                                                " HAVING count(*) > 1"))


def add(name, placement):
    setattr(Reload, f'test_in_{name}', lambda self: self.check(placement))


for each, where in PLACEMENTS.items():
    add(each, where)

if __name__ == '__main__':
    common.main()
