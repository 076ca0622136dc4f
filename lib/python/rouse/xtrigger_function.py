"""The function of a Python xtrigger: finding it, checking arguments, reading what it returns, saying what went wrong.

A function NAME stands in a module NAME: in lib/python of the workflow, in a directory of CYLC_PYTHONPATH, anywhere on
the Python path, or behind an entry point NAME of the group `cylc.xtriggers`. A function MODULE.NAME stands in MODULE.
"""
import importlib
import importlib.machinery
import importlib.util
import inspect
import math
import os
import sys
import threading
import traceback
import types

ENTRY_POINTS = 'cylc.xtriggers'
SEQUENTIAL = 'sequential'  # an argument that the scheduler takes for itself
INT64 = 1 << 63
TEXT_MAX = 4096  # characters of an error


class Refused(Exception):
    """Something that the author of the workflow can put right; its text says what."""


class Missing(Refused):
    """There is no module of that name."""


class Function:
    """One function, and what its module has beside it."""

    def __init__(self, name, call, module):
        self.name, self.call, self.module = name, call, module
        self.is_async = inspect.iscoroutinefunction(call)

    def beside(self, name):
        """Another function of the module, or None."""
        found = getattr(self.module, name, None)
        return found if callable(found) and found is not self.call else None

    def check(self, args, kwargs):
        """Whether these arguments may be given; Refused. Returns what to tell about the function."""
        told = {}
        try:
            signature = inspect.signature(self.call)
        except (TypeError, ValueError):  # one written in C tells nothing about itself
            return told
        own = signature.parameters.get(SEQUENTIAL)
        if own is not None:
            told[SEQUENTIAL] = sequential_default(self.name, own)
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as problem:
            raise Refused(f'{problem}; it is {self.name}{signature}') from None
        validate = self.beside('validate')
        if validate is not None:
            bound.apply_defaults()
            validate(dict(bound.arguments))
        return told


def sequential_default(name, parameter):
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
        raise Refused(f'{name}: the argument "sequential" is reserved: expected sequential=True or sequential=False')
    if not isinstance(parameter.default, bool):
        raise Refused(f'{name}: the argument "sequential" is reserved: its default must be True or False')
    return parameter.default


class Finder:
    """Functions by name, each imported once."""

    def __init__(self, run_dir):
        own = os.path.join(run_dir, 'lib', 'python')
        more = os.environ.get('CYLC_PYTHONPATH', '').split(os.pathsep)
        self.places = [own, *(place for place in more if place)]
        self.found = {}
        self.lock = threading.Lock()
        sys.path[:0] = self.places

    def find(self, name):
        """Refused, or whatever the import raises."""
        function = self.found.get(name)
        if function is None:
            function = self.load(name)
            with self.lock:
                function = self.found.setdefault(name, function)
        return function

    def load(self, name):
        module_name, _, function_name = name.rpartition('.')
        module = self.load_module(module_name or name)
        if module is None:
            entry = entry_point(name)
            if entry is None:
                raise Missing(f'there is no module "{module_name or name}": not in lib/python of the workflow, in '
                              f'CYLC_PYTHONPATH, on the Python path or among the entry points {ENTRY_POINTS}')
            module = entry.load()
        if isinstance(module, types.ModuleType):
            call = getattr(module, function_name, None)
        else:  # an entry point may name the function itself
            call, module = module, inspect.getmodule(module)
        if not callable(call):
            raise Refused(f'{getattr(module, "__file__", name)} defines no function "{function_name}"')
        return Function(name, call, module)

    def load_module(self, name):
        """None if there is none of this name."""
        spec = self.own_spec(name)
        loaded = sys.modules.get(name)
        if spec is not None and loaded is not None and getattr(loaded, '__file__', None) != spec.origin:
            module = importlib.util.module_from_spec(spec)  # called as one of Python's own that is in use here
            spec.loader.exec_module(module)
            return module
        try:
            found = spec or importlib.util.find_spec(name)
        except ModuleNotFoundError:  # the package in front of a dot
            found = None
        return importlib.import_module(name) if found else None

    def own_spec(self, name):
        if '.' in name:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, self.places)
        return spec if spec is not None and spec.loader is not None and spec.origin else None


def entry_point(name):
    try:
        from importlib import metadata
    except ImportError:  # Python 3.7
        return None
    points = metadata.entry_points()
    group = points.select(group=ENTRY_POINTS) if hasattr(points, 'select') else points.get(ENTRY_POINTS, ())
    return next((point for point in group if point.name == name), None)


# What a function returns


def read_result(value):
    """(satisfied, results) of what the function returned; Refused."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise Refused(f'it returned {shown(value)}, not (True, {{...}}) or (False, {{}})')
    satisfied, results = value
    if not (satisfied is None or isinstance(satisfied, (bool, int))):
        raise Refused(f'it returned {shown(value)}: the first of the two must be True or False')
    if not satisfied:
        return False, {}
    if not isinstance(results, dict):
        raise Refused(f'it returned {shown(value)}: the second of the two must be a dictionary')
    return True, {read_key(key): read_value(key, item) for key, item in results.items()}


def read_key(key):
    if not isinstance(key, (str, int)):
        raise Refused(f'the name {shown(key)} of a result is no text')
    return clean(str(key))


def read_value(key, value):
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if '\0' in value:
            raise Refused(f'the result "{key}" holds a NUL character')
        return clean(value)
    if isinstance(value, int):
        return int(value) if -INT64 <= value < INT64 else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, (list, tuple)):
        return [read_value(key, item) for item in value]
    if isinstance(value, dict):
        return {read_key(name): read_value(key, item) for name, item in value.items()}
    raise Refused(f'the result "{key}" is {shown(value)}, a {type(value).__name__}: expected a text, a number, '
                  'True, False or None')


def shown(value):
    try:
        text = repr(value)
    except Exception:
        text = f'a {type(value).__name__}'
    return text if len(text) <= 80 else text[:80] + '...'


def clean(text):
    """Text as JSON can carry it."""
    return text.replace('\0', '\\0').encode('utf-8', 'backslashreplace').decode('utf-8')


# What went wrong


def explain(problem):
    """One line about an exception: its type, its text, where in the user's files it was."""
    if isinstance(problem, Refused):
        return clean(str(problem))[:TEXT_MAX]
    if isinstance(problem, SystemExit):
        text = f'SystemExit({problem.code!r}): a function must return, not exit'
    else:
        text = ' '.join(str(problem).split())
        text = f'{type(problem).__name__}: {text}' if text else type(problem).__name__
    if isinstance(problem, ImportError) and (problem.name or '').split('.')[0] == 'cylc':
        text += ' (Cylc is not installed here; of it there are cylc.flow.LOG and cylc.flow.exceptions)'
    place = '' if isinstance(problem, SyntaxError) else place_of(problem)
    return clean(text)[:TEXT_MAX] + place


def place_of(problem):
    """" (FILE:LINE)" of the innermost line that belongs to the user."""
    frames = user_frames(problem)
    return f' ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})' if frames else ''


def user_frames(problem):
    here = os.path.dirname(os.path.abspath(__file__))
    library = os.path.dirname(os.__file__)
    return [frame for frame in traceback.extract_tb(problem.__traceback__)
            if not frame.filename.startswith((here, library, '<frozen'))]


def traceback_lines(problem):
    """The whole story, without the part of this program."""
    if isinstance(problem, Refused):
        return []
    frames = traceback.extract_tb(problem.__traceback__)
    here = os.path.dirname(os.path.abspath(__file__))
    while frames and frames[0].filename.startswith((here, '<frozen')):
        frames.pop(0)
    text = traceback.format_list(frames) + traceback.format_exception_only(type(problem), problem)
    return ''.join(text).rstrip('\n').split('\n')
