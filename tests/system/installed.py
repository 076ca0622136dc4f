"""What `cmake --install` puts in place: it works from there, and nothing is put anywhere else."""
import os
import sys

import common
from common import WAIT_FOR_GO, flow

BUILD = common.program().parents[1]


class Installed(common.SystemTest):
    def setUp(self):
        """A prefix of its own, that is moved after the install: what is installed does not know where it is."""
        first = self.world.home / 'first'
        self.prefix = self.world.home / 'prefix'
        self.installed = self.world.run(os.environ.get('CMAKE', 'cmake'), '--install', BUILD, '--prefix', first)
        self.assertEqual(self.installed.status, 0, self.installed)
        self.first = first
        first.rename(self.prefix)
        self.world.bin = self.prefix / 'bin'
        (self.world.home / '.bash_profile').write_text(f'PATH={self.world.bin}:$PATH\n')
        self.world.env['PATH'] = f'{self.world.bin}:{self.world.env["PATH"]}'

    def library(self):
        return next(self.prefix.glob('lib*/**/librouse.so')).parent

    def test_everything_is_below_the_prefix(self):
        for line in self.installed.out.splitlines():
            if line.startswith(('-- Installing: ', '-- Up-to-date: ')):
                self.assertTrue(line.split(': ', 1)[1].startswith(f'{self.first}/'), line)
        for path in ('bin/rouse', 'bin/cylc', 'include/rouse.h', 'include/rouse_xtrigger.h', 'share/doc/rouse/README.md',
                     'share/doc/rouse/docs/guide.md', 'share/doc/rouse/examples/hello/flow.cylc',
                     'share/rouse/python/rouse/__init__.py'):
            self.assertTrue((self.prefix / path).exists(), path)
        self.assertEqual('rouse', os.readlink(self.prefix / 'bin/cylc'))
        self.assertEqual([], list(self.prefix.rglob('__pycache__')))

    def test_the_program_and_librouse(self):
        world = self.world
        environment = {'PKG_CONFIG_PATH': str(self.library() / 'pkgconfig'), 'LD_LIBRARY_PATH': str(self.library())}
        flags = world.run('pkg-config', '--cflags', '--libs', 'rouse', env=environment)
        self.assertEqual(flags.status, 0, flags)
        self.assertIn(str(self.prefix), flags.out)
        program = world.home / 'at_once'
        built = world.run(os.environ.get('CC', 'cc'), '-o', program,
                          self.prefix / 'share/doc/rouse/examples/client/at_once.c', *flags.out.split(),
                          *os.environ.get('ROUSE_TEST_CFLAGS', '').split())
        self.assertEqual(built.status, 0, built)
        world.install('w', flow('a => b', f'    [[a]]\n{WAIT_FOR_GO}'))
        world.play('w')
        world.wait_status('w', '1/a', 'running')
        result = world.run(program, 'w', '1/a', env=environment)
        self.done(result)
        self.assertIn('1/a is running', result.out)
        self.assertEqual('running', world.status('w', '1/a'))
        self.done(world.cylc('ping', 'w'))
        (world.run_dir('w') / 'share/go').touch()
        world.wait_end('w')
        self.all_succeeded('w', 2)

    def test_a_plugin(self):
        world = self.world
        source = self.prefix / 'share/doc/rouse/examples/plugin'
        built = world.run(os.environ.get('CC', 'cc'), '-shared', '-fPIC', '-o', world.home / 'disk_space.so',
                          source / 'disk_space.c', f'-I{self.prefix}/include')
        self.assertEqual(built.status, 0, built)
        world.install('w', flow('@free => a', '', '', '    [[xtriggers]]\n        free = disk_space(/tmp, 0)\n'),
                      {'lib/xtriggers/disk_space.so': (world.home / 'disk_space.so').read_bytes()})
        self.done(world.play('w', '--no-detach'))
        self.all_succeeded('w', 1)

    def test_the_python_module(self):
        result = self.world.run(sys.executable, '-B', '-c', 'import rouse; print(rouse.__file__)',
                                env={'PYTHONPATH': str(self.prefix / 'share/rouse/python')})
        self.assertTrue(result.out.startswith(f'{self.prefix}/') or 'needs pyzmq' in result.out + result.err, result)


if __name__ == '__main__':
    common.main()
