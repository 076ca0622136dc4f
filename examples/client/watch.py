#!/usr/bin/env python3
"""watch.py WORKFLOW: prints the tasks of a running workflow, then every change, until it ends."""
import sys

import rouse


def line(task):
    return f'{task["cyclePoint"]}/{task["name"]}: {task["state"]}'


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        with rouse.Client(sys.argv[1], program='watch.py') as flow:
            for told in flow.subscribe():
                for task in told.get('snapshot', []):
                    print(line(task))
                for change in told.get('deltas', []):
                    if 'task' in change:
                        print('->', line(change['task']), flush=True)
                if 'end' in told:
                    print(told['end'])
    except rouse.RouseError as problem:
        sys.exit(f'watch.py: {problem}')


main()
