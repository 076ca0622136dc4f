"""What the measuring programs share: a HOME of its own for each run, and how a figure is said."""
import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
LIMIT = 900  # seconds, for whatever is waited for


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))]


def say(name, what, figure, beside='', ratio=''):
    print(f'{name:<11}{what:<46} {figure:<18}{beside:<34}{ratio}', flush=True)


TMPFS = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None
PLACES = [('disk', None), ('tmpfs', TMPFS)] if TMPFS else [('disk', None)]
homes = []  # removed last of all: ext4 is slow to make files for a while after many were deleted


class Home:
    """A HOME of its own; nothing that was started in it is left."""

    def __init__(self, build, place=None):
        self.bin = build / 'bin'
        self.home = pathlib.Path(tempfile.mkdtemp(prefix='rouse-bench-', dir=place)).resolve()
        homes.append(self.home)
        self.env = {key: value for key, value in os.environ.items() if not key.startswith(('CYLC_', 'ROUSE_'))}
        self.env.update(HOME=str(self.home), PATH=f'{self.bin}:{self.env["PATH"]}', TZ='UTC')
        self.schedulers = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in self.schedulers:
            if child.poll() is None:
                child.kill()
                child.wait()

    def run(self, *argv, **options):
        return subprocess.run([str(word) for word in argv], env=self.env, cwd=self.home, check=True, text=True,
                              capture_output=True, timeout=LIMIT, stdin=options.pop('stdin', subprocess.DEVNULL),
                              **options).stdout

    def rouse(self, *argv):
        return self.run(self.bin / 'rouse', *argv)

    def install(self, text, name='bench'):
        source = self.home / 'source' / name
        source.mkdir(parents=True)
        (source / 'flow.cylc').write_text(text)
        self.rouse('install', '--no-run-name', '--workflow-name', name, source)
        return self.home / 'cylc-run' / name

    def start(self, *options, name='bench'):
        """The scheduler as a child, in the foreground. Returns when it answers."""
        run_dir = self.home / 'cylc-run' / name
        with open(self.home / f'{name}.out', 'wb') as out:
            child = subprocess.Popen([self.bin / 'rouse', 'play', '--no-detach', *options, name], env=self.env,
                                     cwd=self.home, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.schedulers.append(child)
        contact = run_dir / '.service/contact'
        end = time.monotonic() + LIMIT
        while not contact.exists() and child.poll() is None:
            if time.monotonic() > end:
                sys.exit('the scheduler does not start')
            time.sleep(0.005)
        return child

    def output(self, name='bench'):
        return (self.home / f'{name}.out').read_text()

    def finish(self, child):
        if child.wait(LIMIT):
            sys.exit(f'the scheduler ended with status {child.returncode}:\n{self.output()[-2000:]}')

    def stop(self, child):
        child.send_signal(signal.SIGKILL)
        child.wait()

    def loop(self, jobs, parallel):
        """The same job files once more, without a scheduler. Seconds."""
        for job in jobs:
            for end in ('.status', '.out', '.err'):
                with contextlib.suppress(FileNotFoundError):
                    os.rename(f'{job}{end}', f'{job}{end}.{time.monotonic_ns()}')
        return float(self.run(self.bin / 'bench_loop', parallel, stdin=None, input=''.join(f'{job}\n' for job in jobs)))


def flow(graph, runtime='', scheduling='', top=''):
    return f"""[scheduler]
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


CLOCK = """    [[root]]
        script = \"\"\"
            t=$EPOCHREALTIME
            echo "$t $EPOCHREALTIME" >>"$CYLC_WORKFLOW_SHARE_DIR/times"
        \"\"\"
"""


def gaps(path, tasks):
    """Microseconds between the end of a script and the start of the next."""
    lines = [line.split() for line in path.read_text().splitlines()]
    if len(lines) != tasks:
        sys.exit(f'{path}: {len(lines)} jobs ran, not {tasks}')
    times = [[round(float(word) * 1e6) for word in line] for line in lines]
    path.unlink()
    return [after[0] - before[1] for before, after in zip(times, times[1:])]


def main(doc, measures):
    """The measures named on the command line, or all of them."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', type=pathlib.Path, default=TOP / 'build')
    parser.add_argument('--smoke', action='store_true', help='the smallest sizes: only that it works')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    print(f'{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}')
    try:
        for each in measures:
            if not options.names or each.__name__ in options.names:
                each(options.build.resolve(), options.smoke)
    finally:
        for home in homes:
            shutil.rmtree(home, ignore_errors=True)
