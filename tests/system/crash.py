"""The scheduler dies by kill -9 at random instants, again and again, and is played again each time, while messages
and commands come in. In the end nothing was lost and nothing was done twice: jobs, retries, outputs, messages that
were taken, commands that were answered.

    ROUSE=... python3 tests/system/crash.py [KILLS [SEED]] [unittest's arguments]
"""
import collections
import random
import signal
import sys
import threading
import time

import common

KILLS, SEED = 17, 1
CYCLES = 4
DELAY_MAX = 0.9  # seconds a scheduler may live
TRIES = {'r1': 2, 'r2': 3, 'r3': 2}

GRAPH = """
            @now => c1
            c1 => c2 => c3 => c4 => c5 => c6 => c7 => c8
            c8[-P1] => c2
            spread => FAN:succeed-all => gather
            FA:succeed-all => FB
            FB:succeed-all => fin
            p1:x => x1
            p1:y => y1
            p2:x & p1:y => x2
            p2:y | p2:x => y2
            spread => p1 & p2
            gather => r1 => r2 => r3
            f1 | a1 => either
            either & fin => last
"""
SINGLE = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'spread', 'gather', 'fin', 'x1', 'x2', 'y1', 'y2', 'either',
          'last']
FAMILIES = {'FAN': [f'f{i}' for i in range(1, 13)], 'FA': [f'a{i}' for i in range(1, 9)],
            'FB': [f'b{i}' for i in range(1, 9)]}
SINK = '1/sink/01'  # a job that runs all the while, for messages from outside
TASKS = SINGLE + [member for members in FAMILIES.values() for member in members] + ['p1', 'p2'] + list(TRIES)


def definition(rng):
    """The workflow: what each job does first is to append a line to share/count."""
    parts = [f"""
[scheduler]
    [[events]]
        stall timeout = PT0S
        abort on stall timeout = True
[scheduling]
    cycling mode = integer
    initial cycle point = 1
    final cycle point = {CYCLES}
    runahead limit = P1
    [[xtriggers]]
        now = xrandom(percent=100)
    [[graph]]
        R1 = sink
        P1 = \"\"\"{GRAPH}        \"\"\"
[runtime]
    [[root]]
        pre-script = echo "$CYLC_TASK_JOB" >> "$CYLC_WORKFLOW_SHARE_DIR/count"
    [[FAN, FA, FB]]
    [[sink]]
{common.WAIT_FOR_GO}
"""]
    families = {member: family for family, members in FAMILIES.items() for member in members}
    for task in TASKS:
        sleep = f'sleep {rng.uniform(0, 0.3):.2f}'
        parts.append(f'    [[{task}]]\n')
        if task in families:
            parts.append(f'        inherit = {families[task]}\n')
        if task in ('p1', 'p2'):
            parts.append(f'        script = cylc message x-said; {sleep}; cylc message y-said\n'
                         '        [[[outputs]]]\n            x = x-said\n            y = y-said\n')
        elif task in TRIES:
            parts.append(f'        script = {sleep}; test "$CYLC_TASK_TRY_NUMBER" -ge {TRIES[task]}\n'
                         f'        execution retry delays = {TRIES[task]}*PT0.2S\n')
        else:
            parts.append(f'        script = {sleep}\n')
    return ''.join(parts)


def facts(world, name):
    """What two runs must have in common."""
    queries = {
        'states': 'SELECT cycle, name, flow_nums, submit_num, status FROM task_states',
        'jobs': 'SELECT cycle, name, submit_num, try_num, flow_nums, is_manual_submit, submit_status, run_status,'
                ' platform_name, job_runner_name FROM task_jobs',
        'unfinished': 'SELECT cycle, name, submit_num FROM task_jobs WHERE time_submit IS NULL OR time_run IS NULL'
                      ' OR time_run_exit IS NULL',
        'events': 'SELECT DISTINCT cycle, name, submit_num, event FROM task_events'
                  " WHERE event != 'message info'",
    }
    found = {key: sorted(world.rows(name, query)) for key, query in queries.items()}
    found['outputs'] = common.outputs(world, name)
    return found


class Outsider:
    """Sends messages and commands until it is told to stop, and remembers those that were taken."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.messages, self.broadcasts = [], []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.send)
        self.thread.start()

    def send(self):
        n = 0
        while not self.stopping.is_set():
            n += 1
            text = f'note {n}'
            # Without a scheduler the message waits in the job's status file: that is no failure.
            if self.world.run(self.world.bin / 'rouse', 'message', '--', self.name, SINK, text).status == 0:
                self.messages.append(text)
            setting = f'[environment]N{n}={n}'
            if self.world.rouse('broadcast', '-n', 'sink', '-s', setting, self.name,
                                '--comms-timeout=2').status == 0:
                self.broadcasts.append((f'[environment]N{n}', str(n)))
            time.sleep(0.05)

    def stop(self):
        self.stopping.set()
        self.thread.join(60)


class Crash(common.SystemTest):
    def play_and_kill(self, name, rng, options):
        """Kills as wanted or until the run has ended by itself; how many there were."""
        world = self.world
        for n in range(KILLS):
            child = world.popen(world.bin / 'rouse', 'play', '--no-detach', *options, name)
            # Every fourth dies early: while it starts.
            time.sleep(rng.uniform(0, 0.15 if n % 4 == 3 else DELAY_MAX))
            if child.poll() is not None:
                self.assertEqual(0, child.returncode)
                return n
            child.send_signal(signal.SIGKILL)
            child.wait(10)
        return KILLS

    def check_jobs(self, name):
        """Each job began once for each submit number; these are 1, 2, ... up to the try that succeeds."""
        expected = {f'{cycle}/{task}/{submit:02}': 1 for cycle in range(1, CYCLES + 1) for task in TASKS
                    for submit in range(1, TRIES.get(task, 1) + 1)} | {SINK: 1}
        lines = (self.world.run_dir(name) / 'share/count').read_text().splitlines()
        self.assertEqual(expected, dict(collections.Counter(lines)))

    def let_go(self, name):
        share = self.world.run_dir(name) / 'share'
        share.mkdir(exist_ok=True)
        (share / 'go').touch()

    def check_outsider(self, outsider, name):
        """Messages that were taken: each once and in order. Commands that were answered: each had its effect."""
        rows = self.world.rows(name, "SELECT message FROM task_events WHERE name='sink' AND event='message info'"
                                     ' ORDER BY rowid')
        self.assertEqual(outsider.messages, [text for (text,) in rows])
        found = self.world.rows(name, "SELECT key, value FROM broadcast_events WHERE change='+'")
        lost = [setting for setting in outsider.broadcasts if found.count(setting) < 1]
        self.assertEqual([], lost)
        self.assertTrue(outsider.messages and outsider.broadcasts)

    def crash(self, *options):
        self.assertEqual(50, len(TASKS))
        world, rng = self.world, random.Random(SEED)
        text = definition(rng)
        world.install('calm', text)
        self.let_go('calm')
        world.must('play', '--no-detach', *options, 'calm', limit=180)
        self.check_jobs('calm')
        world.install('crashed', text)
        outsider = Outsider(world, 'crashed')
        try:
            kills = self.play_and_kill('crashed', rng, options)
        finally:
            outsider.stop()
        self.let_go('crashed')
        world.must('play', '--no-detach', *options, 'crashed', limit=180)
        print(f'killed {kills} times (seed {SEED}; {len(outsider.messages)} messages, {len(outsider.broadcasts)} '
              'commands)', end=' ', file=sys.stderr)
        self.check_jobs('crashed')
        self.check_outsider(outsider, 'crashed')
        self.all_succeeded('crashed', CYCLES * len(TASKS) + 1)
        self.settled('crashed')
        calm, crashed = facts(world, 'calm'), facts(world, 'crashed')
        for key, value in calm.items():
            self.assertEqual(value, crashed[key], key)
        self.assertGreaterEqual(kills, min(KILLS, 10), 'the run was over too early to be disturbed')

    def test_killed_on_one_loop(self):
        self.crash()

    def test_killed_with_recorder_and_viewer_in_threads(self):
        self.crash('--placement', 'recorder=thread,viewer=thread')

    def test_killed_with_xtriggers_in_a_process(self):
        self.crash('--placement', 'xtriggers=process')


if __name__ == '__main__':
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    sys.argv = [word for word in sys.argv if not word.isdigit()]
    KILLS, SEED = (numbers + [KILLS, SEED][len(numbers):])[:2]
    common.main()
