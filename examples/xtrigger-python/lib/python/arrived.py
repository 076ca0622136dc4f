"""Satisfied when a file is there and large enough; it is asked at the interval."""
import os

from cylc.flow.exceptions import WorkflowConfigError


def arrived(path, at_least=1):
    size = os.path.getsize(path) if os.path.exists(path) else -1
    return size >= at_least, {'path': path, 'bytes': size}


def validate(args):
    """Called by `rouse validate`, `play` and `reload` with all arguments by name, %(point)s and the like not filled in."""
    if not isinstance(args['at_least'], int) or args['at_least'] < 0:
        raise WorkflowConfigError(f"at_least={args['at_least']}: expected a number of bytes")
