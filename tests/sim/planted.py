"""Plant one bug at a time into a copy of the source and see the simulator find it.

    planted.py SOURCE WORK_DIRECTORY [NAME...]

Each plant is an edit of one file; the simulator is built with it and must fail on some seed. Closes with
'N passed, N failed': a plant that is found has passed. The list stands in README.md, too."""
import pathlib
import shutil
import subprocess
import sys

# name, file, what stands there, what is planted
PLANTS = [
    ('recorded-before-commit', 'coroutines/recorder.c',
     '        result = db_commit(self->context->db, error);\n',
     '        result = (self->uncommitted ? say_recorded(self) : (void)0, db_commit(self->context->db, error));\n'),
    ('launch-without-record', 'coroutines/jobs.c',
     'return job->found || job->seq <= self->recorded;', 'return job->seq > 0 || self->recorded;'),
    ('unsettled-forgotten', 'pool/restore.c',
     'i < restart->n_unsettled; i++', 'i < restart->n_unsettled && !pool->is_restart; i++'),
    ('cursors-not-placed-again', 'coroutines/triggers.c',
     'if (!placed[task] &&', 'if (!restart && !placed[task] &&'),
    ('first-point-not-triggered', 'pool/children.c',
     'point < children->workflow->start);', 'point <= children->workflow->start);'),
    ('queue-not-opened-again', 'pool/move.c',
     '        queue->n_active--;\n        queue->open_again = true;\n    } else',
     '        queue->n_active--;\n    } else'),
    ('runahead-one-short', 'pool/runahead.c',
     'count <= workflow->runahead.count', 'count < workflow->runahead.count'),
    ('or-taken-for-and', 'scheduler/graph/terms.c', '== TERM_AND)', '!= TERM_ATOM)'),
    ('xtrigger-or-waits-for-parents', 'scheduler/graph/query.c', '(xtriggers &&\n', '(!xtriggers &&\n'),
    ('jobs-not-followed-after-restart', 'pool/restore.c',
     '        pool_say(pool, &(struct message){.topic = TOPIC_JOB_FOLLOW,',
     '        if (!pool->is_restart)\n            pool_say(pool, &(struct message){.topic = TOPIC_JOB_FOLLOW,'),
    ('turn-torn', 'coroutines/recorder.c',
     'self->in_turn = message->topic != TOPIC_POOL_TURN;', 'self->in_turn = false;'),
    ('flow-does-not-go-on', 'coroutines/triggers.c',
     '    cursor_add(self, message->task, message->point, &message->flows);\n', ''),
    ('other-flows-count', 'pool/history.c',
     'if (!flow_overlap(past->flows, flows))', 'if (!past->flows->n || !flows->n)'),
    ('set-implies-nothing', 'pool/set.c', 'outputs |= BIT(OUTPUT_STARTED);', '(void)outputs;'),
    ('remove-forgets-the-children', 'pool/remove.c', '    bit_clear(bits, atom);\n', '    return;\n'),
    ('stopped-flow-stays', 'pool/stop.c',
     'instance_remove(pool, instance, REMOVED_NOT_NEEDED);', '(void)pool;'),
    ('joint-flow-silent', 'pool/event.c', '        news = outputs;\n', '        (void)0;\n'),
    ('hold-point-one-off', 'pool/hold.c',
     '(pool->hold_point != POINT_NONE && point > pool->hold_point)',
     '(pool->hold_point != POINT_NONE && point > pool->hold_point + 1)'),
    ('triggered-retry-waits', 'pool/event.c',
     '    xtriggers_force(pool, instance, NO_INDEX);\n', ''),
    ('pause-lets-through', 'pool/move.c',
     'return !pool->paused && !pool->stopping && !pool->ending;',
     'return !pool->stopping && !pool->ending;'),
    ('removed-task-waits-on', 'pool/reload.c',
     '        instance_remove(pool, *instance, REMOVED_NOT_NEEDED);', '        (void)*instance;'),
    ('never-expires', 'pool/wait.c',
     '        if (expiry_applies(pool, *instance))\n            instance_expire(pool, *instance);',
     '        (void)*instance;'),
    ('no-next-beyond-the-limit', 'pool/trigger.c',
     '        next_comes(pool, instance->point, instance->task, &instance->flows->list);',
     '        (void)instance;'),
    ('killed-is-not-held', 'pool/kill.c', '    instance_flag(pool, instance, TASK_HELD, 0);\n', ''),
]
SEEDS = ['1', '400']


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors='replace', check=False, **options)


def build(work):
    return run(['cmake', '--build', str(work / 'build'), '--target', 'sim', '-j', '2'])


def copy_tree(source, tree):
    listed = run(['git', 'ls-files'], cwd=source).stdout.split('\n')
    for name in filter(None, listed):
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (source / name).exists():
            shutil.copy2(source / name, target)


def plant(work, name, file, old, new):
    """True if the simulator finds the bug."""
    path = work / 'tree' / file
    text = path.read_text()
    if text.count(old) != 1:
        print(f'{name}: its place in {file} is gone: the plant needs care')
        return False
    path.write_text(text.replace(old, new))
    try:
        built = build(work)
        if built.returncode:
            print(f'{name}: does not build\n{built.stdout[-2000:]}')
            return False
        try:
            ran = run([str(work / 'build/bin/sim'), '--seeds', *SEEDS, '--first-failure'],
                      timeout=300)
        except subprocess.TimeoutExpired:
            print(f'{name}: found (it hangs)')
            return True
        found = [line for line in ran.stdout.split('\n') if line.startswith(('seed', 'rouse:'))]
        print(f'{name}: {"found: " + found[0][:150] if ran.returncode and found else "NOT FOUND"}')
        return ran.returncode != 0
    finally:
        path.write_text(text)


def main():
    source, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    wanted = sys.argv[3:]
    shutil.rmtree(work, ignore_errors=True)
    copy_tree(source, work / 'tree')
    configured = run(['cmake', '-G', 'Ninja', '-S', str(work / 'tree'), '-B', str(work / 'build'),
                      '-DCMAKE_BUILD_TYPE=Debug', '-DROUSE_WERROR=OFF'])
    built = build(work) if not configured.returncode else configured
    if built.returncode:
        print(built.stdout[-3000:])
        return 1
    unharmed = run([str(work / 'build/bin/sim'), '--seeds', *SEEDS])
    if unharmed.returncode:
        print('without a plant it fails already:\n' + unharmed.stdout[-2000:])
        return 1
    results = [plant(work, *each) for each in PLANTS if not wanted or each[0] in wanted]
    print(f'{sum(results)} passed, {len(results) - sum(results)} failed')
    return 0 if all(results) and results else 1


sys.exit(main())
