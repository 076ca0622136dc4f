"""`lint` and `graph` on definitions: what they find and draw, exit statuses, settings, files changed in place."""
import common

BAD = """[scheduling]
  [[xtriggers]]
        x = echo(succeed=True)
    [[graph]]
        R1 = a => \\
            b
[runtime]
    [[a, b]]
        script = cylc reset $CYLC_SUITE_NAME
    [[unused]]
"""


class Lint(common.SystemTest):
    def write(self, text, settings=None, name='source'):
        source = self.world.home / name
        source.mkdir(exist_ok=True)
        (source / 'flow.cylc').write_text(text)
        if settings is not None:
            (source / 'pyproject.toml').write_text(settings)
        return source

    def codes(self, *args, status=1):
        result = self.world.rouse('lint', *args)
        self.assertEqual(result.status, status, str(result))
        return [line[1:5] for line in result.out.splitlines() if line.startswith('[')]

    def test_what_is_found(self):
        source = self.write(BAD)
        self.assertEqual(self.codes(source), ['S004', 'S015', 'R006', 'R007', 'R003', 'R004'])
        self.assertEqual(self.codes('-r', 'style', source), ['S004', 'S015'])
        self.assertEqual(self.codes('--ruleset=728', '--ignore', 'R006', source), ['R007'])
        self.assertEqual(len(self.codes('--exit-zero', source, status=0)), 6)
        self.assertIn('[S004] flow.cylc:2: ', self.world.rouse('lint', source).out)

    def test_nothing_is_found(self):
        source = self.write('[scheduling]\n    [[graph]]\n        R1 = a\n[runtime]\n    [[a]]\n')
        self.assertEqual(self.codes(source, status=0), [])
        self.assertIn('no issues', self.world.rouse('lint', source).out)

    def test_a_definition_that_is_not_valid(self):
        source = self.write('[scheduling]\n    [[graph]]\n        R1 = a =>\n[runtime]\n    [[a]]\n')
        self.assertEqual(self.codes(source), ['R002'])
        self.assertIn('flow.cylc:3', self.world.rouse('lint', source).out)

    def test_settings(self):
        source = self.write(BAD, '[tool.other]\nignore = 3\n[tool.cylc.lint]\nrulesets = ["style"]\n'
                                 'ignore = [\n  "S004", # why\n]\nmax-line-length = 30\n')
        self.assertEqual(self.codes(source), ['S015', 'S012'])
        self.assertEqual(self.codes('-r', '728', source), ['R006', 'R007'])
        source = self.write(BAD, '[tool.cylc.lint]\nexclude = ["flow.*"]\nrulesets = ["style"]\n')
        self.assertEqual(self.codes(source, status=0), [])
        for settings, says in (('ignore = 3', 'a list of strings'), ('colour = "red"', 'rulesets, ignore'),
                               ('max-line-length = "x"', 'a number'), ('rulesets = ["x"]', '728, style or all')):
            source = self.write(BAD, f'[tool.cylc.lint]\n{settings}\n')
            self.refused(self.world.rouse('lint', source), 1, says)

    def test_in_place(self):
        source = self.write('#!jinja2  \n' + BAD)
        self.codes('-i', '-r', 'style', source)
        lines = (source / 'flow.cylc').read_text().splitlines()
        self.assertEqual(lines[0], '#!jinja2  ')
        at = lines.index('  [[xtriggers]]')
        self.assertTrue(lines[at - 1].startswith('# [S004]: '), lines)
        self.world.must('validate', source)

    def test_graph_of_families(self):
        flow = self.write('[scheduling]\n    [[graph]]\n        R1 = FAM:succeed-all => a\n'
                          '[runtime]\n    [[a]]\n    [[FAM]]\n    [[m1, m2]]\n        inherit = FAM\n')
        out = self.world.must('graph', '--families', '--format=text', flow).out
        self.assertEqual(out, '1/FAM => 1/a\n')
        self.refused(self.world.rouse('graph', '--families', '--namespaces', flow), 1, '--families')

    def test_graph_differences(self):
        head = '[scheduler]\n    allow implicit tasks = True\n[scheduling]\n    [[graph]]\n        R1 = '
        one = self.write(head + 'a => b\n', name='one')
        two = self.write(head + 'a => c\n', name='two')
        result = self.world.rouse('graph', f'--diff={two}', one)
        self.assertEqual(result.status, 1, str(result))
        self.assertEqual(result.out.splitlines()[:2], [f'--- {one}', f'+++ {two}'])
        self.assertIn('-edge "1/a" "1/b"\n+edge "1/a" "1/c"\n', result.out)
        self.assertEqual(self.world.must('graph', '--diff', one, one).out, '')
        self.refused(self.world.rouse('graph', '--diff', self.world.home / 'nowhere', one), 1, 'nowhere')

    def test_bad_options(self):
        source = self.write(BAD)
        self.refused(self.world.rouse('lint', '-r', 'x', source), 1, 'ruleset x')
        self.refused(self.world.rouse('lint', '-n', 'S99', source), 1, 'S99', '--list-codes')
        self.refused(self.world.rouse('lint', self.world.home / 'nowhere'), 1, 'nowhere')
        self.assertIn('S001: ', self.world.must('lint', '--list-codes').out)


if __name__ == '__main__':
    common.main()
