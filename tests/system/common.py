"""What the system tests share: a private HOME for each test, the command line with time limits, what the run
database says, and an end that leaves nothing behind: no process with that HOME, no report of a sanitizer.

    ROUSE=/path/to/bin/rouse python3 tests/system/NAME.py [-v] [Class.test ...]
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
LOG_LINES_SHOWN = 60
REPORTS = re.compile(r'AddressSanitizer|LeakSanitizer|runtime error:|\.[ch]:\d+: .* failed')  # the last: an assertion


def program():
    path = os.environ.get('ROUSE')
    if not path or not os.access(path, os.X_OK):
        sys.exit('the environment variable ROUSE must name the program to test')
    return pathlib.Path(path).resolve()


class Result:
    """How a command ended."""

    def __init__(self, argv, status, out, err):
        self.argv, self.status, self.out, self.err = argv, status, out, err

    def __str__(self):
        return f'{self.argv}: status {self.status}\n--- stdout\n{self.out}\n--- stderr\n{self.err}'


def flow(graph, runtime='', top='', scheduling=''):
    """A flow.cylc with one cycle that ends at once when it stalls."""
    return f"""
[scheduler]
    allow implicit tasks = True
    [[events]]
        stall timeout = PT0S
        abort on stall timeout = True
{top}
[scheduling]
{scheduling}
    [[graph]]
        R1 = \"\"\"
            {graph}
        \"\"\"
[runtime]
    [[root]]
        script = true
{runtime}
"""


WAIT_FOR_GO = """        script = until [[ -e "$CYLC_WORKFLOW_SHARE_DIR/go" ]]; do sleep 0.1; done
"""


def alive(pid):
    """Whether it runs; one that has died and was not waited for does not. As long as it has threads that are still
    dying it holds its locks."""
    try:
        text = pathlib.Path(f'/proc/{pid}/stat').read_text()
        threads = len(os.listdir(f'/proc/{pid}/task'))
    except OSError:
        return False
    return threads > 1 or text.rsplit(')', 1)[1].split()[0] not in 'ZX'


class World:
    """A HOME, and what runs in it."""

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix='rouse-system-')).resolve()
        self.bin = program().parent
        (self.home / '.bash_profile').write_text(f'PATH={self.bin}:$PATH\n')
        self.env = {key: value for key, value in os.environ.items()
                    if not key.startswith(('CYLC_', 'ROUSE_'))}
        self.env.update(HOME=str(self.home), PATH=f'{self.bin}:{self.env["PATH"]}', TZ='UTC', LC_ALL='C.UTF-8')
        self.children = []

    # --- running

    def popen(self, *argv, **options):
        """In the background; ended with the world. Its output goes to a file of its own."""
        out = open(self.home / f'background-{len(self.children)}.log', 'wb')
        with out:
            child = subprocess.Popen([str(word) for word in argv], env=self.env, cwd=self.home, stdout=out,
                                     stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options)
        self.children.append(child)
        return child

    def run(self, *argv, limit=60, env=None, stdin='', **options):
        argv = [str(word) for word in argv]
        done = subprocess.run(argv, env={**self.env, **(env or {})}, cwd=options.pop('cwd', self.home),
                              input=stdin, capture_output=True, text=True, errors='replace', timeout=limit,
                              check=False, **options)
        return Result(argv, done.returncode, done.stdout, done.stderr)

    def rouse(self, *argv, **options):
        return self.run(self.bin / 'rouse', *argv, **options)

    def cylc(self, *argv, **options):
        return self.run(self.bin / 'cylc', *argv, **options)

    def must(self, *argv, **options):
        """rouse, and it must succeed."""
        result = self.rouse(*argv, **options)
        if result.status != 0:
            raise AssertionError(str(result))
        return result

    def install(self, name, text, files=None):
        """Into ~/cylc-run/NAME, without numbered runs; files: {path: text or bytes}."""
        source = self.home / 'source' / name
        source.mkdir(parents=True, exist_ok=True)
        for path, content in {'flow.cylc': text, **(files or {})}.items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_bytes(content if isinstance(content, bytes) else content.encode())
        self.must('install', '--no-run-name', '--workflow-name', name, source)
        return self.run_dir(name)

    def play(self, name, *options, limit=60):
        return self.must('play', *options, name, limit=limit)

    # --- looking

    def run_dir(self, name):
        return self.home / 'cylc-run' / name

    def contact(self, name):
        path = self.run_dir(name) / '.service/contact'
        try:
            return dict(line.split('=', 1) for line in path.read_text().splitlines() if '=' in line)
        except OSError:
            return {}

    def pid(self, name):
        return int(self.contact(name).get('CYLC_WORKFLOW_PID') or 0)

    def rows(self, name, query):
        path = self.run_dir(name) / 'log/db'
        if not path.exists():
            return []
        with contextlib.closing(sqlite3.connect(f'file:{path}?mode=ro', uri=True, timeout=20)) as connection:
            try:
                return connection.execute(query).fetchall()
            except sqlite3.OperationalError as error:
                if 'no such table' in str(error):  # it is just being made
                    return []
                raise

    def status(self, name, task):
        cycle, task = task.split('/')
        rows = self.rows(name, f"SELECT status FROM task_states WHERE cycle='{cycle}' AND name='{task}'")
        return rows[0][0] if rows else None

    def log(self, name):
        """All logs of the scheduler, oldest first."""
        logs = sorted((self.run_dir(name) / 'log/scheduler').glob('*start-*.log'))
        return ''.join(path.read_text(errors='replace') for path in logs)

    # --- waiting

    def wait(self, what, condition, limit=60):
        end = time.monotonic() + limit
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f'waited {limit} s for: {what}')
            time.sleep(0.05)

    def wait_status(self, name, task, status, limit=60):
        self.wait(f'{name}//{task} {status}', lambda: self.status(name, task) == status, limit)

    def wait_end(self, name, limit=90):
        """Until the scheduler has gone, and its contact file with it."""
        pid = self.pid(name)
        self.wait(f'the end of {name}', lambda: not self.contact(name) and not (pid and alive(pid)), limit)

    def wait_log(self, name, text, limit=30):
        self.wait(f'"{text}" in the log of {name}', lambda: text in self.log(name), limit)

    def kill(self, name):
        """kill -9 the scheduler, and wait until it is dead."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        self.wait(f'the death of {pid}', lambda: not alive(pid), 10)

    # --- the end

    def processes(self):
        """pid and command of each living process with this HOME."""
        found = {}
        wanted = f'HOME={self.home}'.encode()
        for entry in pathlib.Path('/proc').iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if wanted in (entry / 'environ').read_bytes().split(b'\0') and alive(entry.name):
                    found[int(entry.name)] = (entry / 'cmdline').read_bytes().replace(b'\0', b' ').decode()
            except OSError:
                pass
        return found

    def quiet(self, limit=10):
        """Processes that are still there after a while."""
        end = time.monotonic() + limit
        while (left := self.processes()) and time.monotonic() < end:
            for child in self.children:
                child.poll()
            time.sleep(0.05)
        return left

    def kill_all(self):
        for _ in range(20):
            left = self.processes()
            if not left:
                break
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)
        for child in self.children:
            child.wait(10)

    def logs(self):
        """Paths of all that was written about the runs."""
        patterns = ('cylc-run/**/log/scheduler/*start-*.log', 'cylc-run/**/log/scheduler/*.err', 'background-*.log')
        return [path for pattern in patterns for path in sorted(self.home.glob(pattern))]

    def print_logs(self):
        for path in self.logs():
            lines = path.read_text(errors='replace').splitlines()
            print(f'\n----- {path.relative_to(self.home)} ({len(lines)} lines, the last of them)', file=sys.stderr)
            print('\n'.join(lines[-LOG_LINES_SHOWN:]), file=sys.stderr)

    def sanitizer_reports(self):
        job_errors = self.home.glob('cylc-run/**/log/job/*/*/*/job.err')
        return [f'{path.relative_to(self.home)}: {line}' for path in [*self.logs(), *job_errors]
                for line in path.read_text(errors='replace').splitlines()
                if REPORTS.search(line)]

    def remove(self):
        shutil.rmtree(self.home, ignore_errors=True)


class SystemTest(unittest.TestCase):
    """Each test has a World of its own; its end is checked with it."""
    maxDiff = None
    reports_expected = False  # a test that makes something crash

    def run(self, result=None):
        result = self.defaultTestResult() if result is None else result
        before = len(result.failures) + len(result.errors)
        self.world = World()
        try:
            super().run(result)
            if len(result.failures) + len(result.errors) > before:
                print(f'\n===== {self.id()} failed; its logs:', file=sys.stderr)
                self.world.print_logs()
        finally:
            self.world.kill_all()
            self.world.remove()
        return result

    def tearDown(self):
        self.assertEqual({}, self.world.quiet(), 'processes are left behind')
        if not self.reports_expected:
            self.assertEqual([], self.world.sanitizer_reports())

    # --- asserting

    def refused(self, result, status, *texts):
        """A command that failed as it should: its status, and what its stderr says."""
        self.assertEqual(result.status, status, str(result))
        for text in texts:
            self.assertIn(text, result.err, str(result))
        self.assertNotIn('Sanitizer', result.err)

    def done(self, result, out=None):
        self.assertEqual(result.status, 0, str(result))
        if out is not None:
            self.assertEqual(result.out, out, str(result))

    def all_succeeded(self, name, n=None):
        rows = self.world.rows(name, "SELECT cycle || '/' || name, status FROM task_states")
        self.assertEqual([], [row for row in rows if row[1] != 'succeeded'])
        if n is not None:
            self.assertEqual(n, len(rows))

    def settled(self, name):
        """A run that is complete: nothing in the pool, nothing under way."""
        for table in ('task_pool', 'rouse_unsettled', 'rouse_tasks', 'rouse_xtriggers'):
            self.assertEqual([], self.world.rows(name, f'SELECT * FROM {table}'), table)


def outputs(world, name):
    """{cycle/task: {output: message}}"""
    return {f'{cycle}/{task}': json.loads(text)
            for cycle, task, text in world.rows(name, 'SELECT cycle, name, outputs FROM task_outputs')}


def main():
    unittest.main(verbosity=2)
