"""The commands that read configurations: config, diff, validate, view; global.cylc and its places."""
import json

import common

FLOW = """
[scheduling]
    [[graph]]
        R1 = foo => bar
[runtime]
    [[FAM]]
        execution time limit = PT90M
    [[foo, bar]]
        inherit = FAM
        script = true
    [[bar]]
        script = \"\"\"
            one

              two
        \"\"\"
"""
TEMPLATE = """#!jinja2
[scheduling]
    [[graph]]
        R1 = t{{ N }}
[runtime]
    [[t{{ N }}]]
        script = true
"""
SITE = """
[platforms]
    [[foo, bar]]
        hosts = of_melkor, of_valar
        job runner = slurm
    [[bar]]
        hosts = of_orcs
    [[desk\\d+]]
[platform groups]
    [[FOO]]
        platforms = foo, bar
[scheduler]
    [[events]]
        stall timeout = PT120S
"""


class Configuration(common.SystemTest):
    def write(self, name, text, file='flow.cylc'):
        directory = self.world.home / name
        directory.mkdir(parents=True, exist_ok=True)
        (directory / file).write_text(text)
        return directory

    def setUp(self):
        super().setUp()
        self.flow = self.write('a', FLOW)

    def refused(self, status, words, *argv, **options):
        result = self.world.rouse(*argv, **options)
        self.assertEqual(result.status, status, result)
        self.assertIn(words, result.err)
        self.assertEqual(result.out, '')

    def test_items_sections_and_all(self):
        out = self.world.must('config', '-i', '[runtime][foo]execution time limit', '-i', '[scheduling]graph',
                              self.flow).out
        self.assertEqual(out, 'PT1H30M\nR1 = foo => bar\n')
        out = self.world.must('config', '--item=[runtime][bar]script', self.flow).out
        self.assertEqual(out, 'one\n\n  two\n')
        out = self.world.must('config', '-i', '[runtime]bar', self.flow).out
        self.assertEqual(out, 'execution time limit = PT1H30M\ninherit = FAM\nscript = """\n    one\n    \n'
                              '      two\n"""\ncompletion = succeeded\n')
        self.assertEqual(self.world.must('config', '-a', '-i', 'inherit', self.flow).out, 'foo FAM\nbar FAM\n')

    def test_what_is_printed_means_the_same(self):
        text = self.world.must('config', self.flow).out
        again = self.write('again', text)
        self.assertEqual(self.world.must('config', again).out, text)
        dense = self.write('dense', self.world.must('config', '--defaults', self.flow).out)
        self.world.must('validate', dense)

    def test_json(self):
        tree = json.loads(self.world.must('config', '--json', self.flow).out)
        self.assertEqual(list(tree), ['scheduling', 'runtime'])
        self.assertEqual(tree['runtime']['foo'], {'execution time limit': 'PT1H30M', 'inherit': ['FAM'],
                                                  'script': 'true', 'completion': 'succeeded'})
        out = self.world.must('config', '--json', '--one-line', '-i', '[runtime]foo', self.flow).out
        self.assertEqual(json.loads(out), tree['runtime']['foo'])
        self.assertEqual(out.count('\n'), 1)
        out = self.world.must('config', '--json', '-d', '-i', '[scheduler][mail]', '--null-value=zilch').out
        self.assertEqual(json.loads(out)['from'], 'zilch')

    def test_what_is_not_there(self):
        self.refused(1, 'ItemNotFoundError: You have not set "[scheduling]runahead limit" in this config.',
                     'config', '-i', '[scheduling]runahead limit', self.flow)
        self.refused(1, 'InvalidConfigError: "scedulling" is not a valid configuration for flow.cylc.',
                     'config', '-i', '[scedulling]', self.flow)
        self.refused(1, 'ItemNotFoundError: You have not set "scheduler" in this config.', 'config', '-i', 'scheduler')
        self.refused(1, 'a `]` is missing', 'config', '-i', '[scheduling', self.flow)
        self.refused(2, '--json incompatible with --platform-names or --platforms', 'config', '--json',
                     '--platforms', '--platform-names')
        self.refused(2, 'one workflow at a time', 'config', self.flow, self.flow)
        self.assertEqual(self.world.must('config', '-d', '-i', '[scheduling]runahead limit', self.flow).out, 'P4\n')

    def test_global_configuration(self):
        site = self.write('site', SITE, 'global.cylc')
        env = {'CYLC_CONF_PATH': str(site)}
        names = self.world.must('config', '--platform-names', env=env)
        self.assertEqual(names.out, 'localhost\nfoo\nbar\ndesk\\d+\nFOO\n')
        platforms = self.world.must('config', '--platforms', env=env).out
        self.assertEqual(platforms.splitlines()[:4],
                         ['[platforms]', '    [[foo]]', '        hosts = of_melkor, of_valar',
                          '        job runner = slurm'])
        self.assertIn('    [[bar]]\n        hosts = of_orcs\n', platforms)
        self.assertNotIn('[scheduler]', platforms)
        self.assertEqual(self.world.must('config', '-i', '[scheduler][events]stall timeout', env=env).out, 'PT2M\n')
        user = self.write('.cylc/flow/8.4', '[scheduler]\n[[events]]\nstall timeout = P1D\n', 'global.cylc')
        self.assertEqual(self.world.must('config', '-i', '[scheduler][events]stall timeout').out, 'P1D\n')
        places = self.world.must('config', '--print-hierarchy', self.flow).out.splitlines()
        self.assertIn(str(user / 'global.cylc'), places)
        self.assertEqual(places[0], '/etc/cylc/flow/global.cylc')
        self.assertEqual(places[-1], str(self.flow / 'flow.cylc'))
        self.write('site', '[platforms]\n[[x]]\nhost = y\n', 'global.cylc')
        self.refused(1, 'global.cylc:3: [platforms][x]host: unknown item "host"; did you mean "hosts"?', 'config',
                     env=env)

    def test_diff(self):
        other = self.write('b', FLOW.replace('foo', 'food').replace('PT90M', 'PT1H'))
        out = self.world.must('diff', self.flow, other).out
        self.assertIn(f'Parsing {self.flow} ({self.flow}/flow.cylc)\n', out)
        self.assertIn(f'Workflow definitions {self.flow} and {other} differ\n\n4 items only in {self.flow} (<)\n\n'
                      '   [runtime] [[foo]]\n <   execution time limit = PT1H30M\n', out)
        self.assertIn('   [scheduling] [[graph]]\n <   R1 = foo => bar\n >   R1 = food => bar\n', out)
        self.assertIn('      [[graph]]\n <       R1 = foo => bar\n',
                      self.world.must('diff', '--nested', self.flow, other).out)
        self.assertIn(' are identical\n', self.world.must('diff', self.flow, self.flow).out)
        template = self.write('t', TEMPLATE)
        self.assertIn('identical', self.world.must('diff', '-s', 'N=1', template, template).out)
        self.refused(2, 'two workflows are compared, not 1', 'diff', self.flow)

    def test_strict_validation(self):
        old = self.write('old', FLOW.replace('[scheduling]', '[scheduling]\n    max active cycle points = 3', 1))
        self.assertIn('deprecated', self.world.must('validate', old).err)
        result = self.world.rouse('validate', '--strict', old)
        self.assertEqual(result.status, 1, result)
        self.assertIn('1 warning, and with --strict there may be none', result.err)
        self.world.must('validate', '--strict', self.flow)
        self.refused(2, '--run-mode', 'validate', '--run-mode=dead', self.flow)

    def test_processed_definition(self):
        template = self.write('t', TEMPLATE)
        self.world.must('validate', '--set=N=7', '--output', self.world.home / 'processed', template)
        self.assertIn('R1 = t7\n', (self.world.home / 'processed').read_text())
        self.refused(1, 'cannot write', 'validate', '--set=N=7', '--output=/nowhere/processed', template)

    def test_what_an_earlier_run_was_given_counts(self):
        self.world.install('flow', TEMPLATE)
        self.world.play('flow', '--no-detach', '--set=N=3')
        self.assertEqual(self.world.must('config', '-i', '[scheduling][graph]R1', 'flow').out, 't3\n')
        self.assertEqual(self.world.must('config', '-s', 'N=4', '-i', '[scheduling][graph]R1', 'flow').out, 't4\n')
        self.assertIn('R1 = t3', self.world.must('view', '-p', '--stdout', 'flow').out)
        self.world.must('validate', 'flow')
        config = self.world.run_dir('flow') / 'log/config'
        self.assertEqual((config / '01-start-01.cylc').read_text(), """# cylc-version: 8.4.4
[scheduling]
    cycling mode = integer
    initial cycle point = 1
    final cycle point = 1
    [[graph]]
        R1 = t3
[runtime]
    [[t3]]
        script = true
        completion = succeeded
""")
        self.assertEqual((config / 'flow-processed.cylc').read_text(),
                         TEMPLATE.replace('{{ N }}', '3').replace('#!jinja2\n', ''))
        source = self.world.home / 'source/flow/flow.cylc'
        source.write_text(TEMPLATE + '        scritp = true\n')
        self.world.must('validate', 'flow')
        result = self.world.rouse('validate', '--against-source', 'flow')
        self.assertEqual(result.status, 1, result)
        self.assertIn('scritp', result.err)

    def test_processed_lines_are_joined(self):
        flow = FLOW.replace('foo => bar', 'foo => \\\n      bar').replace('one', ':').replace('two', ':')
        self.world.install('joined', flow)
        self.world.play('joined', '--no-detach')
        text = (self.world.run_dir('joined') / 'log/config/flow-processed.cylc').read_text()
        self.assertIn('R1 = foo =>       bar\n', text)

    def test_events_of_the_site_are_defaults(self):
        self.write('.cylc/flow', '[scheduler]\n[[events]]\nstall timeout = PT0S\n', 'global.cylc')
        self.world.install('stalls', FLOW.replace('script = true', 'script = false'))
        result = self.world.rouse('play', '--no-detach', 'stalls')
        self.assertEqual(result.status, 1, result)
        self.assertIn('stall', self.world.log('stalls'))


if __name__ == '__main__':
    common.main()
