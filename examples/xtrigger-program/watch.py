#!/usr/bin/env python3
"""watch.py WORKFLOW DIRECTORY: serves the xtrigger spool(NAME), satisfied when there is a file NAME in DIRECTORY."""
import os
import sys

from rouse.program import Program


def main(workflow, directory):
    waiting = {}
    with Program(workflow, 'spool') as program:
        for message in program.messages(idle=0.5):
            if message and 'start' in message:
                program.watching(message['start'])
                waiting[message['start']] = os.path.join(directory, message['args'][0])
            elif message and 'cancel' in message:
                waiting.pop(message['cancel'], None)
            for number, path in list(waiting.items()):
                if os.path.exists(path):
                    program.satisfied(number, path=path)  # {'kept': number} follows: then it might be removed
                    del waiting[number]


if len(sys.argv) != 3:
    sys.exit(__doc__)
main(*sys.argv[1:])
