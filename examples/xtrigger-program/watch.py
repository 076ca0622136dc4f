#!/usr/bin/env python3
"""watch.py WORKFLOW DIRECTORY: serves the xtrigger spool(NAME), satisfied when there is a file NAME in DIRECTORY."""
import os
import sys

from rouse.program import Program


def main(workflow, directory):
    program, waiting = Program(workflow, 'spool'), {}
    for message in program.messages(idle=0.5):
        if message and 'start' in message:
            program.watching(message['start'])
            waiting[message['start']] = os.path.join(directory, message['args'][0])
        elif message:  # cancel, or kept: now the file might be removed
            waiting.pop(message.get('cancel', message.get('kept')), None)
        for number, path in waiting.items():
            if os.path.exists(path):
                program.satisfied(number, path=path)


main(*sys.argv[1:])
