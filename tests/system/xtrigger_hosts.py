"""Functions of xtriggers that misbehave, in C and in Python: each spoils its own trigger only, its host is started
again, and nothing of it is left behind."""
import os
import time

import common
import xtriggers
from common import flow

PREAMBLE = '#include <fcntl.h>\n#include <string.h>\n#include <sys/syscall.h>\n'

# What the C functions do until share/mended is there.
C_WAYS = {
    'crash': ('abort();', 'ended by SIGABRT'),
    'leave': ('exit(7);', 'ended with exit status 7'),
    'hang': ('for (;;) sleep(1);', 'did not answer within 2 s'),
    'hang_up': ('shutdown(3, 2); sleep(1);', 'ended by SIGKILL'),
    'leak': ('''
    for (int i = 0; i < 1200; i++)
        memset(malloc(1 << 20), 1, 1 << 20);
    sleep(30);''', 'used too much memory'),
    'rubbish': ('''
    for (int i = 0; i < 100; i++)
        if (write(3, "rubbish\\n", 8) < 0)
            break;
    sleep(5);''', 'sent nothing but rubbish'),
    'flood': ('''
    for (int i = 0; i < 200000; i++)
        if (write(3, "{\\"log\\": 1, \\"text\\": \\"water\\"}\\n", 29) < 0)
            break;
    return ROUSE_NOT_YET;''', None),
    'fork': ('if (fork() == 0) for (;;) sleep(1000);\n    fork();\n    return ROUSE_NOT_YET;', None),
    'wrong': ('call->fail(call, "\\xff\\x01 is no text"); return ROUSE_ERROR;', 'is no text'),
}

PYTHON_WAYS = {
    'crash': ('os.abort()', 'ended by SIGABRT'),
    'leave': ('os._exit(7)', 'ended with exit status 7'),
    'hang': ('time.sleep(3600)', 'did not answer within 2 s'),
    'hold': ('ctypes.PyDLL(None).sleep(100)', 'gave no sign of life'),  # the interpreter's lock
    'leak': ("kept or kept.append(b'x' * (1200 << 20))\n    return False, {}", 'MiB of memory'),
    'rubbish': ('''
    for fd in os.listdir('/proc/self/fd'):
        try:
            if os.readlink(f'/proc/self/fd/{fd}').startswith('socket:'):
                for _ in range(100):
                    os.write(int(fd), b'rubbish\\n')
        except OSError:
            pass
    return False, {}''', 'sent nothing but rubbish'),
    'flood': ("for _ in range(100000): print('water')\n    return False, {}", None),
    'fork': ('if os.fork() == 0: time.sleep(1000)\n    os.fork()\n    return False, {}', None),
    'wrong': ('return 5', 'it returned 5'),
    'raises': ("raise ValueError('the moon is full')", 'the moon is full'),
}

PYTHON = '''
import ctypes
import os
import time

kept = []


def {name}(run_dir):
    if os.path.exists(run_dir + '/share/mended'):
        return True, {{}}
    {body}
'''

SCHEDULING = """
    [[xtriggers]]
        bad = {call}:PT1S
        good = {good}:PT1S"""


class Hosts(xtriggers.Xtriggers):
    reports_expected = True  # by functions that crash

    def until_mended(self, body):
        return f'''
    char path[4096];
    __builtin_snprintf(path, sizeof path, "%s/share/mended", call->run_dir);
    if (access(path, F_OK) == 0)
        return ROUSE_SATISFIED;
    {body}
    return ROUSE_NOT_YET;
'''

    def others_go_on(self, name, call, good, files, says, *options):
        """What does not need the bad function runs at once; when it is mended its own task runs, too."""
        world = self.world
        run = world.install(name, flow('@bad => a\n            @good => c\n            b => d',
                                       scheduling=SCHEDULING.format(call=call, good=good)), files)
        world.play(name, *options)
        begun = time.monotonic()
        world.wait_status(name, '1/c', 'succeeded', 120 if says == 'gave no sign of life' else 20)
        world.wait_status(name, '1/d', 'succeeded')
        if says:
            world.wait(says, lambda: says in world.rouse('why', f'{name}//1/a').out, 60)
        else:
            time.sleep(max(0.0, 4 - (time.monotonic() - begun)))
        self.assertEqual('waiting', world.status(name, '1/a'))
        self.done(world.rouse('ping', name))
        self.assertLess((run / 'log/scheduler/log').stat().st_size, 200_000)
        (run / 'share/mended').touch()
        world.wait_end(name, 60)
        self.all_succeeded(name, 4)
        self.assertEqual({}, world.quiet(5), f'{name} leaves processes behind')

    def limit(self):
        path = self.world.home / '.cylc/flow/global.cylc'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('[scheduler]\n    process pool timeout = PT2S\n')

    def check_c(self, way, *options):
        body, says = C_WAYS[way]
        files = self.plugin(way, self.until_mended(body), preamble=PREAMBLE + '#include <sys/socket.h>\n')
        files |= self.plugin('fine', 'return ROUSE_SATISFIED;')
        self.others_go_on(f'{way}{len(options)}', f'{way}()', 'fine()', files, says, *options)

    def check_python(self, way, *options):
        body, says = PYTHON_WAYS[way]
        files = {f'lib/python/{way}.py': PYTHON.format(name=way, body=body),
                 'lib/python/fine.py': 'def fine():\n    return True, {}\n'}
        self.others_go_on(f'{way}{len(options)}', f'{way}("%(workflow_run_dir)s")', 'fine()', files, says, *options)

    def test_c_in_a_process_of_its_own_everywhere(self):
        for way in 'crash', 'fork':
            self.check_c(way, '--placement', 'xtriggers=process')

    def test_python_from_a_process(self):
        for way in 'crash', 'raises':
            self.check_python(way, '--placement', 'xtriggers=process')

    # --- replaced while the workflow runs

    def test_a_reload_takes_new_files(self):
        world = self.world
        scheduling = """
    [[xtriggers]]
        x = plugin():PT1S
        y = function():PT1S"""
        text = flow('@x => a\n            @y => b', '    [[a, b]]\n        script = env | sort\n', scheduling=scheduling)
        files = self.plugin('plugin', 'return ROUSE_NOT_YET;')
        files['lib/python/function.py'] = 'def function():\n    return False, {}\n'
        run = world.install('w', text, files)
        world.play('w')
        time.sleep(2)
        new = self.plugin('plugin', 'call->result(call, "version", "2"); return ROUSE_SATISFIED;')
        new['lib/python/function.py'] = "def function():\n    return True, {'version': 3}\n"
        for path, content in new.items():
            (run / (path + '.new')).write_bytes(content if isinstance(content, bytes) else content.encode())
            (run / (path + '.new')).rename(run / path)
        time.sleep(1)
        self.assertEqual(['waiting', 'waiting'], [world.status('w', '1/a'), world.status('w', '1/b')])
        self.done(world.rouse('reload', 'w'))
        world.wait_end('w', 30)
        self.all_succeeded('w', 2)
        self.assertEqual('2', self.environment('w', 'x_version', '1/a'))
        self.assertEqual('3', self.environment('w', 'y_version', '1/b'))

    # --- push from a plugin

    WAKES = """
    static int pipe_is_open;
    if (!pipe_is_open) {
        pipe_is_open = 1;
        pthread_t thread;
        waker = call->waker;
        wake = call->wake;
        run_dir = strdup(call->run_dir);
        pthread_create(&thread, 0, watch_for, 0);
    }
    if (come)
        return ROUSE_SATISFIED;
    call->again_when_woken(call);
    return ROUSE_NOT_YET;
"""
    WATCHES = """
#include <pthread.h>
#include <string.h>
#include <stdio.h>
#include <unistd.h>
static volatile int come;
static struct rouse_waker *waker;
static void (*wake)(struct rouse_waker *);
static char *run_dir;
static void *watch_for(void *nothing)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/share/come", run_dir);
    while (access(path, F_OK) != 0)
        usleep(1000);
    come = 1;
    wake(waker);
    return nothing;
}
"""

    def test_a_plugin_that_wakes(self):
        world = self.world
        run = world.install('w', flow('@x => a', scheduling='    [[xtriggers]]\n        x = wakes():PT1H'),
                            self.plugin('wakes', self.WAKES, preamble=self.WATCHES))
        world.play('w')
        time.sleep(1)
        self.assertEqual('waiting', world.status('w', '1/a'))
        (run / 'share/come').touch()
        world.wait_end('w', 10)
        self.all_succeeded('w', 1)

    # --- by hand

    def test_the_process_of_a_plugin_is_not_for_users(self):
        world = self.world
        self.refused(world.rouse('xtrigger-child'), 2, 'name one plugin')
        self.refused(world.rouse('xtrigger-child', 'x.so'), 2, 'this is started by the scheduler itself')
        with open(world.home / 'file', 'wb') as file:
            os.set_inheritable(file.fileno(), True)
            result = world.run('bash', '-c', f'exec "$0" xtrigger-child x.so 3>&{file.fileno()}', world.bin / 'rouse',
                               pass_fds=[file.fileno()])
        self.refused(result, 2, 'this is started by the scheduler itself')

    # --- the scheduler dies

    def test_hosts_end_with_a_scheduler_that_is_killed(self):
        world = self.world
        files = self.plugin('slow', 'for (;;) sleep(1);')
        files['lib/python/slower.py'] = 'import time\n\ndef slower():\n    time.sleep(1000)\n'
        world.install('w', flow('@x => a\n            @y => b', scheduling="""
    [[xtriggers]]
        x = slow()
        y = slower()"""), files)
        world.play('w')
        world.wait('both hosts', lambda: len([c for c in world.processes().values() if 'xtrigger' in c]) == 2)
        world.kill('w')
        self.assertEqual({}, world.quiet(10))


def add(kind, way):
    def test(self):
        if way in ('hang',):
            self.limit()
        getattr(self, f'check_{kind}')(way)
    setattr(Hosts, f'test_{kind}_{way}', test)


for inherited in [name for name in dir(Hosts) if name.startswith('test_') and name not in vars(Hosts)]:
    setattr(Hosts, inherited, None)  # only the tools are wanted
for each in C_WAYS:
    add('c', each)
for each in PYTHON_WAYS:
    add('python', each)
del xtriggers.Xtriggers  # those run elsewhere


if __name__ == '__main__':
    common.main()
