"""Xtriggers: the built-in ones, plugins that a user compiles, and plugins that hang or crash."""
import json
import os
import re
import time

import common
from common import TOP, flow

CYCLING = """
[scheduler]
    UTC mode = True
    [[events]]
        stall timeout = PT0S
        abort on stall timeout = True
[scheduling]
    initial cycle point = {point}
    final cycle point = {point}
    [[xtriggers]]
        {xtriggers}
    [[graph]]
        R1 = {graph}
[runtime]
    [[root]]
        script = {script}
    [[a]]
"""

PLUGIN = """
#include "rouse_xtrigger.h"
#include <stdlib.h>
#include <unistd.h>
%(preamble)s
static enum rouse_verdict ask(struct rouse_call *call)
{
    (void)call;
    %(body)s
}

const struct rouse_xtrigger *rouse_xtrigger_v1(void);

const struct rouse_xtrigger *rouse_xtrigger_v1(void)
{
    static const struct rouse_xtrigger plugin = {
        .abi = %(abi)s, .flags = %(flags)s, .name = "%(name)s", .usage = "%(name)s()", .ask = ask};
    return &plugin;
}
"""


class Xtriggers(common.SystemTest):
    def compile(self, source, name):
        """A shared object's bytes."""
        world = self.world
        out = world.home / f'{name}.so'
        result = world.run(os.environ.get('CC', 'cc'), '-shared', '-fPIC', '-I', TOP / 'xtriggers', '-o', out, source)
        self.done(result)
        return out.read_bytes()

    def plugin(self, name, body, flags='0', abi='ROUSE_XTRIGGER_ABI', preamble=''):
        source = self.world.home / f'{name}.c'
        source.write_text(PLUGIN % {'name': name, 'body': body, 'flags': flags, 'abi': abi, 'preamble': preamble})
        return {f'lib/xtriggers/{name}.so': self.compile(source, name)}

    def environment(self, name, variable, task='1/a'):
        out = (self.world.run_dir(name) / f'log/job/{task}/01/job.out').read_text()
        found = re.search(rf'^{variable}=(.*)$', out, re.M)
        return found and found[1]

    def started(self, name, task):
        [(when,)] = self.world.rows(name, f"SELECT time_submit FROM task_jobs WHERE name='{task}'")
        return when

    # --- built in

    def test_wall_clock_in_the_past(self):
        self.world.install('w', CYCLING.format(point='20200101T00Z', xtriggers='x = wall_clock(offset=PT1H)',
                                               graph='@x => a', script='true'))
        self.world.must('play', '--no-detach', 'w')
        self.all_succeeded('w', 1)

    def test_wall_clock_to_come(self):
        world = self.world
        due = int(time.time()) + 4
        point = time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(due))
        text = CYCLING.format(point=point, xtriggers='x = wall_clock()', graph='@x => a', script='date +begun=%s')
        world.install('w', text.replace('UTC mode = True', 'UTC mode = True\n    cycle point format = CCYYMMDDThhmmssZ'))
        world.play('w')
        self.assertIn('waits for xtrigger @x', world.rouse('why', f'w//{point}/a').out)
        world.wait_end('w', 40)
        self.all_succeeded('w', 1)
        begun = int(self.environment('w', 'begun', f'{point}/a'))
        self.assertIn(begun - due, range(0, 5))

    def test_wall_clock_at_a_date_with_integer_points(self):
        world = self.world
        due = int(time.time()) + 3
        date = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(due))
        world.install('w', flow('@then => a', '    [[a]]\n        script = date +begun=%s\n', scheduling=f"""
    [[xtriggers]]
        then = wall_clock(trigger_at={date})"""))
        world.play('w')
        self.assertIn(f'next {date}', world.rouse('why', 'w//1/a').out)
        world.wait_end('w', 40)
        self.assertIn(int(self.environment('w', 'begun')) - due, range(0, 5))

    def test_echo_and_its_results(self):
        self.world.install('w', flow('@yes => a', '    [[a]]\n        script = env\n', scheduling="""
    [[xtriggers]]
        yes = echo("one", name=fine, succeed=True)"""))
        self.world.must('play', '--no-detach', 'w')
        self.assertEqual('fine', self.environment('w', 'yes_name'))

    def test_echo_that_never_succeeds_holds_up_its_own_task_only(self):
        world = self.world
        world.install('w', flow('@no => a\n            b => c', scheduling="""
    [[xtriggers]]
        no = echo(succeed=False):PT1S"""))
        world.play('w')
        world.wait_status('w', '1/c', 'succeeded')
        self.assertEqual('waiting', world.status('w', '1/a'))
        self.assertIn('waits for xtrigger @no', world.rouse('why', 'w//1/a').out)
        world.wait('two calls', lambda: 'asked 2 times' in world.rouse('why', 'w//1/a').out)
        self.assertRegex(world.rouse('show', 'w//1/a').out,
                         r'xtrigger "no = echo\(succeed=False\)"\n      asked \d times?, last 20\S+Z not yet, next 20\S+Z\n')
        [told] = json.loads(world.rouse('show', '--json', 'w//1/a').out)['1/a']['xtriggers']
        self.assertEqual((False, 'not yet'), (told['satisfied'], told['verdict']))
        self.assertTrue({'calls', 'lastCall', 'nextCall'} <= told.keys())
        self.done(world.rouse('stop', 'w'))
        world.wait_end('w', 20)

    def test_xrandom(self):
        self.world.install('w', flow('@luck => a', '    [[a]]\n        script = env\n', scheduling="""
    [[xtriggers]]
        luck = xrandom(percent=50):PT0.2S"""))
        self.world.must('play', '--no-detach', 'w')
        self.assertTrue(self.environment('w', 'luck_COLOR'))

    def test_a_file_that_comes_later(self):
        world = self.world
        run = world.install('w', flow('@data => a\n            b', '    [[a]]\n        script = env\n', scheduling="""
    [[xtriggers]]
        data = file(share/incoming/%(point)s.nc):PT1H"""))
        world.play('w')
        world.wait_status('w', '1/b', 'succeeded')
        incoming = run / 'share/incoming'
        self.assertEqual('waiting', world.status('w', '1/a'))
        incoming.mkdir()
        time.sleep(0.3)
        (incoming / 'other').write_text('no')
        time.sleep(0.3)
        self.assertEqual('waiting', world.status('w', '1/a'))
        before = time.monotonic()
        (incoming / 'part').write_text('12345')
        (incoming / 'part').rename(incoming / '1.nc')
        world.wait_status('w', '1/a', 'succeeded', 10)
        self.assertLess(time.monotonic() - before, 5, 'the interval is an hour: inotify must have told')
        world.wait_end('w')
        self.assertEqual('5', self.environment('w', 'data_size'))

    def test_a_satisfied_xtrigger_is_not_asked_again_after_a_restart(self):
        world = self.world
        run = world.install('w', flow('@data => a => b', f'    [[a]]\n{common.WAIT_FOR_GO}', scheduling="""
    [[xtriggers]]
        data = file(share/data)"""))
        world.play('w')
        (run / 'share/data').write_text('x')
        world.wait_status('w', '1/a', 'running')
        world.kill('w')
        (run / 'share/data').unlink()
        world.play('w')
        (run / 'share/go').touch()
        world.wait_end('w')
        self.all_succeeded('w', 2)

    # --- other workflows: an interval of an hour shows that they are told

    UPSTREAM = """
[scheduling]
    cycling mode = integer
    initial cycle point = 1
    final cycle point = 3
    runahead limit = P0
    [[graph]]
        P1 = a[-P1]:ready => a
[runtime]
    [[a]]
        script = while ! test -f "$CYLC_WORKFLOW_SHARE_DIR/go.$CYLC_TASK_CYCLE_POINT"; do sleep 0.1; done; \\
            cylc message -- "is ready"
        [[[outputs]]]
            ready = is ready
"""

    def test_workflow_state_is_told_by_a_running_workflow(self):
        world = self.world
        up = world.install('up', self.UPSTREAM)
        world.play('up')
        world.wait_status('up', '1/a', 'running')
        world.install('w', flow('@up => a', '    [[a]]\n        script = env\n', scheduling="""
    [[xtriggers]]
        up = workflow_state("up//1/a:ready", is_trigger=True):PT1H"""))
        world.play('w')
        time.sleep(0.5)
        self.assertEqual('waiting', world.status('w', '1/a'))
        (up / 'share/go.1').touch()
        world.wait_end('w', 20)
        self.assertEqual('1', self.environment('w', 'up_point'))
        self.done(world.rouse('stop', '--kill', 'up'))
        world.wait_end('up', 20)

    def test_schedule_has_the_newest_value_at_once(self):
        world = self.world
        up = world.install('up', self.UPSTREAM)
        world.play('up')
        (up / 'share/go.1').touch()
        (up / 'share/go.2').touch()
        world.wait_status('up', '3/a', 'running')
        text = flow('@last => a\n            @third => b', '    [[a, b]]\n        script = env\n', scheduling="""
    [[xtriggers]]
        last = schedule("up//5/a:ready"):PT1H
        third = schedule("up//5/a:ready", oldest=P2):PT1H""")
        world.install('w', text)
        world.play('w')
        world.wait_status('w', '1/a', 'succeeded', 20)
        self.assertEqual('2', self.environment('w', 'last_point'))
        self.assertEqual('is ready', self.environment('w', 'last_message'))
        self.assertEqual('waiting', world.status('w', '1/b'))
        (up / 'share/go.3').touch()
        world.wait_end('w', 20)
        self.assertEqual('3', self.environment('w', 'third_point', '1/b'))
        world.wait_end('up', 20)
        world.install('later', text)  # it has ended, its values are there
        self.done(world.rouse('play', '--no-detach', 'later', limit=20))
        self.assertEqual('3', self.environment('later', 'last_point'))

    # --- plugins

    def test_the_plugin_of_the_examples(self):
        text = (TOP / 'examples/plugin/flow.cylc').read_text()
        code = self.compile(TOP / 'examples/plugin/disk_space.c', 'disk_space')
        run = self.world.install('w', text, {'lib/xtriggers/disk_space.so': code})
        self.world.must('play', '--no-detach', 'w')
        self.all_succeeded('w', 1)
        self.assertRegex((run / 'log/job/1/model/01/job.out').read_text(), r'there are \d+ MB free')

    def test_a_plugin_with_a_wrong_abi_or_none(self):
        world = self.world
        for name, files in (('odd', self.plugin('odd', 'return ROUSE_SATISFIED;', abi='99')),
                            ('text', {'lib/xtriggers/text.so': b'no shared object'})):
            world.install(name, flow('@x => a', scheduling=f'    [[xtriggers]]\n        x = {name}()'), files)
            self.refused(world.rouse('play', '--no-detach', name), 3, name)

    def test_a_plugin_that_cannot_even_be_loaded(self):
        for name, body, text in (('crashes', 'abort();', 'SIGABRT'), ('hangs', 'for (;;) pause();', 'it hangs')):
            load = f'__attribute__((constructor)) static void load(void) {{ {body} }}'
            files = self.plugin(name, 'return ROUSE_SATISFIED;', preamble=load)
            (self.world.home / '.cylc/flow').mkdir(parents=True, exist_ok=True)
            (self.world.home / '.cylc/flow/global.cylc').write_text('[scheduler]\n    process pool timeout = PT1S\n')
            self.world.install(name, flow('@x => a', scheduling=f'    [[xtriggers]]\n        x = {name}()'), files)
            for command in ('validate', name), ('play', name):
                result = self.world.rouse(*command)
                self.assertIn(result.status, (1, 3), str(result))
                self.assertIn(text, result.err, str(result))
                self.assertIn(f'lib/xtriggers/{name}.so', result.err, str(result))

    def test_a_plugin_that_fails_says_why(self):
        world = self.world
        files = self.plugin('fails', 'call->fail(call, "the moon is full"); return ROUSE_ERROR;')
        world.install('w', flow('@x => a', scheduling='    [[xtriggers]]\n        x = fails():PT1S'), files)
        world.play('w')
        world.wait('the reason', lambda: 'the moon is full' in world.rouse('why', 'w//1/a').out)
        self.assertIn('the moon is full', world.log('w'))
        self.done(world.rouse('stop', 'w'))
        world.wait_end('w', 20)

    HANGS = 'for (;;) sleep(1);'

    def test_a_plugin_that_hangs(self):
        """Tasks without it go on, commands are answered, and the scheduler stops when told to."""
        world = self.world
        files = self.plugin('hangs', self.HANGS, 'ROUSE_BLOCKS')
        world.install('w', flow('@x => a\n            b => c\n            @y => d', scheduling="""
    [[xtriggers]]
        x = hangs()
        y = xrandom(percent=100)"""), files)
        for options in ((), ('--placement', 'xtriggers=thread'), ('--placement', 'xtriggers=process')):
            world.play('w', *options)
            world.wait_status('w', '1/c', 'succeeded')
            world.wait_status('w', '1/d', 'succeeded')
            self.assertEqual('waiting', world.status('w', '1/a'))
            self.assertIn('waits for xtrigger @x', world.rouse('why', 'w//1/a').out)
            self.done(world.rouse('stop', 'w'))
            world.wait_end('w', 40)
            self.assertEqual({}, world.quiet())


class Crashing(Xtriggers):
    reports_expected = True  # by the plugin's process

    # Crashes until a file is there.
    BODY = """
    char path[4096];
    __builtin_snprintf(path, sizeof path, "%s/share/mended", call->run_dir);
    if (access(path, F_OK) != 0)
        abort();
    return ROUSE_SATISFIED;
"""

    CRASHED = 'the plugin lib/xtriggers/crashes.so ended by SIGABRT'

    def test_a_plugin_that_crashes(self):
        """Wherever the xtriggers are: its own task waits, with the reason; the others do not notice."""
        world = self.world
        for name, options in (('here', ()), ('process', ('--placement', 'xtriggers=process'))):
            run = world.install(name, flow('@x => a\n            b => c => d\n            @y => e', scheduling="""
    [[xtriggers]]
        x = crashes():PT1S
        y = echo(succeed=True)"""), self.plugin('crashes', self.BODY))
            world.play(name, *options)
            world.wait_log(name, self.CRASHED)
            world.wait_status(name, '1/d', 'succeeded')
            world.wait_status(name, '1/e', 'succeeded')
            self.assertEqual('waiting', world.status(name, '1/a'))
            self.assertIn(self.CRASHED, world.rouse('why', f'{name}//1/a').out)
            self.done(world.rouse('ping', name))
            world.wait('three crashes', lambda: world.log(name).count(f'xtriggers: {self.CRASHED}') >= 3)
            (run / 'share/mended').touch()
            world.wait_end(name, 60)
            self.all_succeeded(name, 5)

    def test_stop_while_a_plugin_crashes(self):
        world = self.world
        world.install('w', flow('@x => a', scheduling='    [[xtriggers]]\n        x = crashes():PT1S'),
                      self.plugin('crashes', 'abort();'))
        world.play('w')
        world.wait('two crashes', lambda: world.log('w').count(f'xtriggers: {self.CRASHED}') >= 2)
        self.done(world.rouse('stop', 'w'))
        world.wait_end('w', 30)

    def test_a_process_that_is_killed_is_started_again(self):
        world = self.world
        run = world.install('w', flow('@x => a', scheduling='    [[xtriggers]]\n        x = file(share/data):PT1H'))
        world.play('w', '--placement', 'xtriggers=process')
        [pid] = [pid for pid, command in world.processes().items() if ' cast ' in command]
        os.kill(pid, 9)
        world.wait_log('w', 'the process of xtriggers ended')
        world.wait('a new one', lambda: [p for p, c in world.processes().items() if ' cast ' in c and p != pid])
        (run / 'share/data').touch()
        world.wait_end('w', 30)
        self.all_succeeded('w', 1)


for inherited in [name for name in dir(Xtriggers) if name.startswith('test_')]:
    setattr(Crashing, inherited, None)  # only the tools are wanted


if __name__ == '__main__':
    common.main()
