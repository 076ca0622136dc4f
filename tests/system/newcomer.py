"""A newcomer: a clone of what is committed, an empty HOME, ./quickstart, and what the documentation says to do next."""
import os
import re
import subprocess
import sys
import time

import common
from common import TOP

LIMIT = 1200  # seconds, on a machine that is busy with other tests


class Newcomer(common.SystemTest):
    def setUp(self):
        world = self.world
        if not (TOP / '.git').exists():
            self.skipTest('this tree is no clone')
        world.env['PATH'] = os.environ['PATH']  # no rouse on it
        (world.home / '.bash_profile').unlink()
        self.clone = world.home / 'rouse'
        trust = {'GIT_CONFIG_COUNT': '1', 'GIT_CONFIG_KEY_0': 'safe.directory', 'GIT_CONFIG_VALUE_0': '*'}
        self.done(world.run('git', 'clone', '-q', '--depth', '1', f'file://{TOP}', self.clone, env=trust))

    def check_paths(self, text):
        """What a message points to is there."""
        for path in re.findall(r'(?<!\S)/\S+', text.replace('NN/', '01/')):
            path = re.sub(r':.*', '', path)
            self.assertTrue(os.path.exists(path), path)
        for path in re.findall(r'\bdocs/\S*', text):
            self.assertTrue((self.clone / path).exists(), path)

    def follow(self, path):
        """The commands at the top of a file, after "#     "."""
        commands = [line[6:] for line in (self.clone / path).read_text().splitlines() if line.startswith('#     ')]
        self.assertTrue(commands)
        for command in commands:
            self.done(self.world.run('bash', '-c', command, cwd=self.clone, limit=LIMIT))

    def test_quickstart(self):
        world, begun = self.world, time.monotonic()
        result = world.run('./quickstart', cwd=self.clone, limit=LIMIT)
        print(f'{time.monotonic() - begun:.0f} s', end=' ', file=sys.stderr)
        self.done(result)
        self.assertIn('Workflow shutting down - AUTOMATIC', result.err)
        self.assertIn('== done', result.out)
        self.check_paths(result.out.split('== done')[1])
        self.assertEqual([('succeeded',)], world.rows('hello/run1', "SELECT status FROM task_states WHERE name='report'"))
        self.follow('examples/plugin/flow.cylc')
        status = subprocess.run(['git', 'status', '--porcelain'], cwd=self.clone, capture_output=True, text=True, check=True)
        self.assertEqual('', status.stdout, 'files that git does not know')


if __name__ == '__main__':
    common.main()
