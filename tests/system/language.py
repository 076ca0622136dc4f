"""The language by many small definitions of our own: what is accepted, what is refused and what the message names,
and which instances the offsets of parameters join."""
import common

HEAD = """[scheduler]
    allow implicit tasks = True
{top}
[scheduling]
    cycling mode = integer
    initial cycle point = 1
    [[xtriggers]]
        x = echo(succeed=True)
    [[graph]]
        R1 = """
TAIL = """
[runtime]
    [[FAM]]
    [[m1, m2]]
        inherit = FAM
    [[a]]
        [[[outputs]]]
            x = x-msg
            y = y-msg
"""
PARAMETERS = """[task parameters]
    m = 1..3
    c = cat, dog
    run = 0..9..3
"""
GOOD_GRAPHS = [
    'a => b', 'a=>b=>c', 'a & b => c & d', 'a | b => c', '(a | b) & c => d', 'a => (b & c)', 'a:fail? => b',
    'a:fail => b', 'a? => b\na:fail? => c', 'a:x => b', 'a:x? => b', 'FAM:succeed-all => b', 'FAM:succeed-all? => b',
    'FAM:finish-all => b', 'FAM:fail-any? => b', 'FAM:start-all => b', 'FAM:submit-any => b',
    'FAM:submit-fail-any? => b', 'FAM:expire-any? => b', 'a => FAM', 'a => FAM?', 'a => FAM:succeed-all => b',
    'a => !b', 'FAM:fail-any? => !FAM', 'a[-P1] => a', 'a[-P1] => b\na', '@x => a', 'a & @x => b', 'a | @x => b', 'a[^] => b\na',
    'a[^+P1] => b\na', 'a:finish => b', 'a:finished => b', 'a:expire? => b', 'a:submit-fail? => b',
    'a:submitted => b', 'a:started => b', 'a:succeeded => b', 'a? & b? => c', 'a =>\n b', 'a &\n b => c',
    'a |\n b => c', 'a\n => b', 'a\n & b => c', 'a => b \\\n => c', 'a => b # comment', '# only a comment\na',
    'a:x & a:y => b', 'a:x | a:y => b', 'a:x? | a:y? => b', 'a:x | a:fail => b', 'FAM[-P1]:succeed-all => a\nFAM',
    'a[+P1] => b\na', 'a[-P1]:fail? => b\na?', 'a[-P1] & b[-P1] => c\na & b', 'a => !b & !c', 'a => !FAM',
    'a? | b => c', 'a => b?\nb:fail? => c', 'foo-bar => foo_bar', '0foo => b', 'foo% => b', 'foo@x => b', '_foo => b',
    'föö => b', 'a:x => b\na:x => c', 'a & (b | (c & d)) => e', '((a)) => b', 'a => b & c => d & e', 'a & b',
]
BAD_GRAPHS = [
    'a => b | c', 'a => b\na:fail => c', 'a:z => b', 'a:succeed-all => b', 'FAM => b', 'FAM:finish-all? => b',
    '!a => b', 'a => b[-P1]', 'a[-P1] => b', 'a => a', 'a => b => a', 'a => @x', '@nope => a',
    'a:finish? => b', 'a:expired => b', 'a:submit-fail => b', 'a & & b => c', 'a && b => c', 'a || b => c',
    'a => => b', 'a = > b', 'a -> b', 'a b => c', 'a, b => c', '=> a', 'a =>', 'a => b => ', '( a => b', 'a) => b',
    'a;b', 'root => a', 'FAM:x-all => b', 'a => b\nb => c\nc => a', 'a?:fail => b', 'a:fail?? => b', 'a! => b',
    'a:succeed => b\na:succeeded? => c', 'a => b?\nb => c', 'foo.bar => b', '-foo => b', '+foo => b', '_cylc => b',
    '"a" => b', 'a:"x" => b', 'a[P1] => b\na', 'a[] => b', 'a[-P1 => b', 'a-P1] => b', 'a:x => b\na:x? => c',
    'a & () => b',
]
# graph: edges of the one cycle
PARAMETER_GRAPHS = {
    'f<m-1> => f<m>':
        'f_m1>f_m2 f_m2>f_m3',
    'f<m> => g<m+1>':
        'f_m1>g_m2 f_m2>g_m3',
    'f<m=1> => g<m>':
        'f_m1>g_m1 f_m1>g_m2 f_m1>g_m3',
    'f<m,c> => g<m>':
        'f_m1_cat>g_m1 f_m1_dog>g_m1 f_m2_cat>g_m2 f_m2_dog>g_m2 f_m3_cat>g_m3 f_m3_dog>g_m3',
    'f<m-1,c> => f<m,c>':
        'f_m1_cat>f_m2_cat f_m1_dog>f_m2_dog f_m2_cat>f_m3_cat f_m2_dog>f_m3_dog',
    'f<m=2,c=dog> => g':
        'f_m2_dog>g',
    'f<m>x<c> => z':
        'f_m1x_cat>z f_m1x_dog>z f_m2x_cat>z f_m2x_dog>z f_m3x_cat>z f_m3x_dog>z',
    'f<run> => g<run-1>':
        'f_run3>g_run0 f_run6>g_run3 f_run9>g_run6',
    'f<m-1> & f<m-2> => f<m>':
        'f_m1>f_m2 f_m1>f_m3 f_m2>f_m3',
    'a => f<m> => b':
        'a>f_m1 a>f_m2 a>f_m3 f_m1>b f_m2>b f_m3>b',
    'f<c> => g<c-1>':
        'f_dog>g_cat',
    'f<m-1> => f<m> => f<m+1>':
        'f_m1>f_m2 f_m2>f_m3',
    '<m>f => <m>g':
        '_m1f>_m1g _m2f>_m2g _m3f>_m3g',
    'f<m> | f<m+1> => g<m>':
        'f_m1>g_m1 f_m2>g_m1 f_m2>g_m2 f_m3>g_m2 f_m3>g_m3',
    'f<m-1> | a => f<m>':
        'a>f_m1 a>f_m2 a>f_m3 f_m1>f_m2 f_m2>f_m3',
    'f<m+1> => g<m-1>':
        'f_m3>g_m1',
    'f<m=1>:fail? => g<m=1>':
        'f_m1>g_m1',
}
INTEGER = '    cycling mode = integer\n    initial cycle point = 1\n'


def definition(graph='R1 = a', sch='', rt='    [[a]]\n', top='', icp='    initial cycle point = 2030\n'):
    return f'{top}[scheduling]\n{icp}{sch}    [[graph]]\n        {graph}\n[runtime]\n{rt}'


DEFINITIONS = [  # name, text, whether it is valid, what the message names
    ('clock-expire int', definition('P1 = a','    [[special tasks]]\n        clock-expire = a(P1)\n',icp=INTEGER),
     False, ['clock-expire']),
    ('ext empty', definition(sch='    [[special tasks]]\n        external-trigger = a()\n'),
     False, ['external-trigger']),
    ('seq unknown', definition(sch='    [[special tasks]]\n        sequential = zz\n'),
     False, ['zz']),
    ('special fam', definition('R1=a & b','    [[special tasks]]\n        clock-trigger = F(PT1H)\n','    [[F]]\n    [[a,b]]\n        inherit=F\n'),
     True, []),
    ('icp None', definition(icp=''),
     True, []),
    ('icp None P1D', definition('P1D = a',icp=''),
     False, ['initial cycle point']),
    ('fcp before', definition('P1D = a','    final cycle point = 2029\n'),
     False, ['2029']),
    ('stop before icp', definition('P1D = a','    stop after cycle point = 2029\n'),
     True, []),
    ('bad runahead', definition('P1D = a','    runahead limit = 5\n'),
     False, ['runahead']),
    ('bad runahead2', definition('P1 = a','    runahead limit = PT6H\n',icp=INTEGER),
     False, ['runahead']),
    ('hold', definition('P1D = a','    hold after cycle point = 20300103\n'),
     True, []),
    ('queue fam', definition('R1=a','    [[queues]]\n        [[[q]]]\n            limit = x\n'),
     False, ['limit']),
    ('inherit self', definition(rt='    [[a]]\n        inherit = a\n'),
     False, ['a']),
    ('inherit undefined', definition(rt='    [[a]]\n        inherit = NOPE\n'),
     False, ['NOPE']),
    ('inherit root twice', definition(rt='    [[a]]\n        inherit = root, root\n'),
     False, []),
    ('None second', definition(rt='    [[F]]\n    [[a]]\n        inherit = F, None\n'),
     False, []),
    ('dup parents', definition(rt='    [[F]]\n    [[a]]\n        inherit = F, F\n'),
     False, ['F']),
    ('retry', definition(rt='    [[a]]\n        execution retry delays = PT1M, x\n'),
     False, ['execution retry delays']),
    ('retry mult', definition(rt='    [[a]]\n        execution retry delays = 2*PT1M, PT1H\n'),
     True, []),
    ('limit neg', definition(rt='    [[a]]\n        execution time limit = -PT1M\n'),
     True, []),
    ('bool', definition(top='[scheduler]\n    UTC mode = maybe\n'),
     False, ['UTC mode']),
    ('tz', definition(top='[scheduler]\n    cycle point time zone = nowhere\n'),
     False, ['time zone']),
    ('format', definition(top='[scheduler]\n    cycle point format = CCYY-MM-DDThh:mm\n'),
     False, ['cycle point format']),
    ('xdigits', definition(top='[scheduler]\n    cycle point num expanded year digits = 2\n',icp='    initial cycle point = +0020300101T00Z\n'),
     True, []),
    ('completion ok', definition('R1 = a?',rt='    [[a]]\n        completion = succeeded or failed\n'),
     True, []),
    ('completion started', definition('R1 = a',rt='    [[a]]\n        completion = succeeded and started\n'),
     True, []),
    ('completion not', definition('R1 = a?',rt='    [[a]]\n        completion = not failed\n'),
     False, ['completion']),
    ('completion undefined', definition('R1 = a?',rt='    [[a]]\n        completion = succeeded or zz\n'),
     False, ['zz']),
    ('completion finished', definition('R1 = a?',rt='    [[a]]\n        completion = finished\n'),
     False, ['finished']),
    ('completion empty paren', definition('R1 = a?',rt='    [[a]]\n        completion = ()\n'),
     False, []),
    ('output space', definition(rt='    [[a]]\n        [[[outputs]]]\n            a b = c\n'),
     False, ['a b']),
    ('output dup message', definition(rt='    [[a]]\n        [[[outputs]]]\n            p = c\n            q = c\n'),
     True, []),
    ('env', definition(rt='    [[a]]\n        [[[environment]]]\n            A-B = c\n'),
     False, ['A-B']),
    ('env dup', definition(rt='    [[a]]\n        [[[environment]]]\n            A = c\n            A = d\n'),
     True, []),
    ('handler tmpl', definition(rt='    [[a]]\n        [[[events]]]\n            handlers = echo %(nope)s\n            handler events = failed\n'),
     False, ['nope']),
    ('name space', definition(rt='    [[a b]]\n'),
     False, ['a b']),
    ('name colon', definition(rt='    [[a:b]]\n'),
     False, []),
    ('name slash', definition(rt='    [[a/b]]\n'),
     False, []),
    ('name dot start', definition(rt='    [[.b]]\n'),
     False, []),
    ('graph task name long', definition('R1 = '+'x'*300,rt='    [[root]]\n',top='[scheduler]\n    allow implicit tasks=True\n'),
     False, []),
    ('xtrig task clash', definition('R1 = @a => a','    [[xtriggers]]\n        a = echo(succeed=True)\n'),
     False, []),
    ('xtrig seq', definition('P1D = @x => a','    [[xtriggers]]\n        x = wall_clock(sequential=maybe)\n'),
     False, []),
    ('xtrig offset bad', definition('P1D = @x => a','    [[xtriggers]]\n        x = wall_clock(offset=3h)\n'),
     False, ['x']),
    ('xtrig trigger_time', definition('P1D = @x => a','    [[xtriggers]]\n        x = wall_clock(foo=3)\n'),
     False, ['x']),
    ('xtrig xrandom str', definition('P1D = @x => a','    [[xtriggers]]\n        x = xrandom(abc)\n'),
     False, ['x']),
    ('xtrig none', definition('P1D = @x => a','    [[xtriggers]]\n        x = \n'),
     False, ['x']),
    ('xtrig 2 args', definition('P1D = @x => a','    [[xtriggers]]\n        x = wall_clock(PT1H, PT2H)\n'),
     False, ['x']),
    ('same section twice', definition(rt='    [[a]]\n        script = x\n    [[a]]\n        script = y\n'),
     True, []),
    ('heading text after', definition(rt='    [[a]] x\n'),
     False, []),
    ('heading comment', definition(rt='    [[a]] # x\n'),
     True, []),
    ('heading extra bracket', definition(rt='    [[a]]]\n'),
     False, []),
    ('item before section', 'x = y\n'+definition(),
     False, ['x']),
    ('item no value', definition(rt='    [[a]]\n        script\n'),
     False, ['script']),
    ('unclosed quote', definition(rt='    [[a]]\n        script = "x\n'),
     False, []),
    ('single quotes inside', definition(rt="    [[a]]\n        script = 'x' y\n"),
     False, []),
    ('int mode date icp', definition('P1 = a',icp='    cycling mode = integer\n    initial cycle point = 2030-01-01\n'),
     False, []),
    ('icp constraint', definition('P1D=a','    initial cycle point constraints = T06\n'),
     False, ['T06']),
    ('params dup', definition('R1 = a<m>',rt='    [[a<m>]]\n',top='[task parameters]\n    m = 1, 1\n'),
     True, []),
    ('params hyphen', definition('R1 = a<m>',rt='    [[a<m>]]\n',top='[task parameters]\n    m = x-y, z\n'),
     True, []),
    ('params space', definition('R1 = a<m>',rt='    [[a<m>]]\n',top='[task parameters]\n    m = x y, z\n'),
     False, []),
    ('params neg', definition('R1 = a<m>',rt='    [[a<m>]]\n',top='[task parameters]\n    m = -1..2\n'),
     True, []),
    ('params empty', definition('R1 = a<m>',rt='    [[a<m>]]\n',top='[task parameters]\n    m =\n'),
     False, []),
    ('params name', definition('R1 = a<a-b>',rt='    [[a<a-b>]]\n',top='[task parameters]\n    a-b = 1\n'),
     False, []),
    ('tmpl bad', definition('R1 = a<m>',rt='    [[a<m>]]\n',top='[task parameters]\n    m = 1\n    [[templates]]\n        m = %(n)s\n'),
     False, ['m']),
    ('tmpl d on str', definition('R1 = a<m>',rt='    [[a<m>]]\n',top='[task parameters]\n    m = x\n    [[templates]]\n        m = _%(m)d\n'),
     False, ['m']),
    ('circular 3', definition('R1 = """\n a => b => c\n c => a\n"""',rt='    [[a,b,c]]\n'),
     False, ['a', 'b', 'c']),
    ('circular inter', definition('P1 = """\n a[-P1] => b\n b[+P1] => a\n"""',icp=INTEGER+'    final cycle point = 5\n',rt='    [[a,b]]\n'),
     False, []),
    ('noncircular', definition('P1 = a[-P1] => b => a',icp=INTEGER,rt='    [[a,b]]\n'),
     True, []),
    ('opt circular', definition('R1 = """\n a? => b\n b:fail? => !a\n"""',rt='    [[a,b]]\n'),
     False, []),
    ('url tmpl', definition(rt='    [[a]]\n        [[[meta]]]\n            URL = http://%(workflow)s/%(task)s\n'),
     True, []),
    ('url bad', definition(rt='    [[a]]\n        [[[meta]]]\n            URL = http://%(nope)s\n'),
     False, ['nope']),
    ('remote host & platform', definition(rt='    [[a]]\n        platform = x\n        [[[remote]]]\n            host = y\n'),
     False, []),
    ('batch & platform', definition(rt='    [[a]]\n        platform = x\n        [[[job]]]\n            batch system = slurm\n'),
     False, []),
    ('run mode', definition(rt='    [[a]]\n        run mode = simulation\n'),
     False, ['simulation']),
    ('install', definition(top='[scheduler]\n    install = x/, y\n'),
     True, []),
    ('poll script', definition('R1 = a<w::t>',rt='    [[a]]\n        script = x\n'),
     False, ['a', 'script']),
    ('poll twice', definition('R1 = """\n a<w::t> => b\n a<w::u> => c\n"""',rt='    [[a,b,c]]\n'),
     False, []),
]


class Language(common.SystemTest):
    def write(self, text):
        source = self.world.home / 'source'
        source.mkdir(exist_ok=True)
        (source / 'flow.cylc').write_text(text)
        return source

    def graph(self, text, top=''):
        return self.write(HEAD.replace('{top}', top) + f'"""\n{text}\n"""' + TAIL)

    def test_graphs_that_are_accepted(self):
        for graph in GOOD_GRAPHS:
            with self.subTest(graph):
                self.world.must('validate', self.graph(graph))

    def test_graphs_that_are_refused(self):
        for graph in BAD_GRAPHS:
            with self.subTest(graph):
                self.refused(self.world.rouse('validate', self.graph(graph)), 1, 'flow.cylc:')

    def test_offsets_of_parameters(self):
        for graph, edges in PARAMETER_GRAPHS.items():
            with self.subTest(graph):
                result = self.world.must('graph', '--reference', self.graph(graph, PARAMETERS))
                found = [line[5:].replace('"', '').replace('1/', '').replace(' ', '>')
                         for line in result.out.splitlines() if line.startswith('edge')]
                self.assertEqual(' '.join(found), edges)

    def test_a_polling_task_waits_for_the_other_workflow(self):
        self.world.install('up', common.flow('t'))
        self.world.must('play', '--no-detach', 'up')
        self.world.install('down', common.flow('far<up::t> => b', '    [[far]]\n        script =\n        [[[workflow state polling]]]\n'
                                               '            interval = PT1S\n            max-polls = 30\n'))
        self.world.must('play', '--no-detach', 'down')
        self.all_succeeded('down', 2)

    def test_definitions(self):
        for name, text, valid, mentions in DEFINITIONS:
            with self.subTest(name):
                source = self.write(text)
                if valid:
                    self.world.must('validate', source)
                else:
                    self.refused(self.world.rouse('validate', source), 1, *mentions)


if __name__ == '__main__':
    common.main()
