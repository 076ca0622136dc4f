"""Processes a Jinja2 template for template.c, which runs this program with `python3 -c`.

Both ways go fields: the length in decimal, a line end, the bytes. In come the directory of the
workflow; the template variables of an earlier run (their number, then name and value); the --set
and the --set-list options (their number, then the options); the directory of the files and the
--set-file options; "1" if the text is a template; and the text without its first line. Out go
"ok", the number of template variables with name and value as Python writes it, and the text; or
"error", the file (empty: the text itself), the line (0: not known) and what is wrong.
"""
import ast
import datetime
import glob
import importlib
import os
import re
import sys

VERSION = '8.4.4'
PYTHON_MODULES = '__python__'
QUOTED_MAX = 80


class Refused(Exception):
    """Something the user gave is not right."""

    def __init__(self, text, file='', line=0):
        super().__init__(text)
        self.place = file, line


class Asked(Exception):
    """raise() or assert() in the template."""


def read_field(stream):
    length = int(stream.readline())
    return stream.read(length).decode(errors='surrogateescape')


def read_list(stream):
    return [read_field(stream) for _ in range(int(read_field(stream)))]


def write_field(stream, text):
    data = str(text).encode(errors='surrogateescape')
    stream.write(b'%d\n%s' % (len(data), data))


# Template variables


def literal(text):
    try:
        return ast.literal_eval(text)
    except (ValueError, TypeError):
        raise Refused(f'Invalid template variable: {text} (note string values must be quoted)')
    except (SyntaxError, MemoryError, RecursionError):
        raise Refused(f'Invalid template variable: {text} (values must be valid Python literals)')


def name_and_value(setting):
    name, equals, value = setting.partition('=')
    if not equals or not name.strip():
        raise Refused(f'Template variables must be set with key=value(s): {setting}')
    return name.strip(), value.strip()


def list_items(text):
    items = re.findall(r'''\s*("[^"]*"|'[^']*'|[^,]*?)\s*(?:,|$)''', text)
    if items and not items[-1] and not text.rstrip().endswith(','):
        items.pop()
    return [item[1:-1] if item[:1] in ('"', "'") and item[-1:] == item[:1] else item
            for item in items]


def read_variables(path):
    try:
        with open(path, encoding='utf-8') as file:
            lines = [line.strip() for line in file]
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f'cannot read the template variables of {path}: {error}')
    return [line for line in lines if line and not line.startswith('#')]


def read_given(source):
    earlier = [(read_field(source), read_field(source)) for _ in range(int(read_field(source)))]
    sets, lists = read_list(source), read_list(source)
    directory, files = read_field(source), read_list(source)
    result = {name: literal(value) for name, value in earlier}
    for path in files:
        for line in read_variables(os.path.join(directory, path)):
            name, value = name_and_value(line)
            result[name] = literal(value)
    for setting in lists:
        name, value = name_and_value(setting)
        result[name] = list_items(value)
    for setting in sets:
        name, value = name_and_value(setting)
        result[name] = literal(value)
    return result


# Filters


def pad(value, length, fillchar=' '):
    return str(value).rjust(int(length), str(fillchar))


DURATION = re.compile(
    r'([+-]?)P(?:([\d.,]+)W|(?:([\d.,]+)Y)?(?:([\d.,]+)M)?(?:([\d.,]+)D)?'
    r'(?:T(?:([\d.,]+)H)?(?:([\d.,]+)M)?(?:([\d.,]+)S)?)?)')
DURATION_SECONDS = (604800, 365 * 86400, 30 * 86400, 86400, 3600, 60, 1)
UNITS = (({'s', 'seconds'}, 1), ({'m', 'minutes'}, 60), ({'h', 'hours'}, 3600),
         ({'d', 'days'}, 86400), ({'w', 'weeks'}, 604800))


def duration_as(iso8601_duration, units):
    match = DURATION.fullmatch(str(iso8601_duration))
    if not match or not any(match.groups()[1:]):
        raise ValueError(f'Invalid ISO 8601 duration representation: {iso8601_duration}')
    seconds = sum(float((number or '0').replace(',', '.')) * size
                  for number, size in zip(match.groups()[1:], DURATION_SECONDS))
    seconds = -seconds if match[1] == '-' else seconds
    for names, size in UNITS:
        if units.lower() in names:
            return seconds / size
    raise ValueError(f'No matching units found for "{units}"')


DATE = re.compile(
    r'(?P<year>\d{4})(?:-?W(?P<week>\d\d)(?:-?(?P<weekday>\d))?|-?(?P<ordinal>\d{3})(?!\d)'
    r'|-?(?P<month>\d\d)(?:-?(?P<day>\d\d))?)?')
TIME = re.compile(r'(?P<hour>\d\d)(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,]\d+)?)?)?'
                  r'(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?')


def time_zone(text):
    if not text or text == 'Z':
        return datetime.timezone.utc
    digits = text[1:].replace(':', '').ljust(4, '0')
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return datetime.timezone(datetime.timedelta(minutes=-minutes if text[0] == '-' else minutes))


def parse_point(text):
    date_text, _, time_text = text.strip().partition('T')
    date, time = DATE.fullmatch(date_text), TIME.fullmatch(time_text) if time_text else None
    if not date or (time_text and not time):
        raise ValueError(f'Invalid ISO 8601 date representation: {text}')
    if date['week']:
        point = datetime.datetime.fromisocalendar(int(date['year']), int(date['week']),
                                                  int(date['weekday'] or 1))
    elif date['ordinal']:
        point = datetime.datetime(int(date['year']), 1, 1)
        point += datetime.timedelta(days=int(date['ordinal']) - 1)
    else:
        point = datetime.datetime(int(date['year']), int(date['month'] or 1),
                                  int(date['day'] or 1))
    clock = {name: int(time[name] or 0) for name in ('hour', 'minute', 'second')} if time else {}
    days, clock['hour'] = divmod(clock.get('hour', 0), 24)
    point += datetime.timedelta(days)
    return point.replace(tzinfo=time_zone(time and time['zone']), **clock)


def strftime(iso8601_datetime, strftime_str, strptime_str=None):
    text = str(iso8601_datetime)
    point = datetime.datetime.strptime(text, strptime_str) if strptime_str else parse_point(text)
    return point.strftime(strftime_str)


# The environment


def raise_error(message, error_type='Error'):
    raise Asked(str(message))


def assert_true(holds, message):
    if not holds:
        raise Asked(str(message))
    return ''


def python_loader(jinja2):
    """{% from "os.path" import join %}: Python's module where there is no file of that name."""

    class Loader(jinja2.BaseLoader):
        has_source_access = False

        def load(self, environment, name, globals=None):
            if name.startswith(PYTHON_MODULES + '.'):
                name = name[len(PYTHON_MODULES) + 1:]
            try:
                names = vars(importlib.import_module(name))
            except (ImportError, ValueError, TypeError):
                raise jinja2.TemplateNotFound(name)

            def root_render_func(context, *_args, **_more):
                context.vars.update(names)
                context.exported_vars.update(names)
                yield from ()

            template = environment.from_string('', globals)
            template.root_render_func = root_render_func
            return template

    return Loader()


def take_own(environment, directory):
    """The workflow's own filters, tests and globals, and the user's: one file for each."""
    for kind in ('filters', 'tests', 'globals'):
        into = getattr(environment, kind)
        for base in (os.path.expanduser('~/.cylc'), directory):
            folder = os.path.join(base, 'Jinja2' + kind.capitalize())
            files = sorted(glob.glob(os.path.join(folder, '*.py')))
            if files:
                sys.path.insert(0, folder)
            for path in files:
                name = os.path.splitext(os.path.basename(path))[0]
                into[name] = getattr(importlib.import_module(name), name)


def make_environment(jinja2, directory):
    sys.path.insert(0, os.path.join(directory, 'lib', 'python'))
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.FileSystemLoader(directory), python_loader(jinja2)]),
        undefined=jinja2.StrictUndefined, extensions=['jinja2.ext.do'])
    environment.filters.update(pad=pad, strftime=strftime, duration_as=duration_as)
    environment.globals.update({'environ': os.environ, 'raise': raise_error,
                                'assert': assert_true})
    take_own(environment, directory)
    return environment


def render(jinja2, directory, given, text):
    values = dict(given, CYLC_VERSION=VERSION)
    values['CYLC_TEMPLATE_VARS'] = dict(values)
    rendered = make_environment(jinja2, directory).from_string(text).render(values)
    return ''.join(line + '\n' for line in rendered.splitlines() if line.strip())


def place_of(error, jinja2, directory):
    """File and line: of the innermost line of a template on the way to the error."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.filename or '', error.lineno
    file, line = '', 0
    trace = error.__traceback__
    while trace:
        name = trace.tb_frame.f_code.co_filename
        if name == '<template>' or '__jinja_exception__' in trace.tb_frame.f_globals:
            file, line = '' if name == '<template>' else name, trace.tb_lineno
        trace = trace.tb_next
    return (os.path.relpath(file, directory) if file else ''), line


def quote(text, directory, file, line):
    """', in "..."': the line of the template."""
    if file:
        try:
            with open(os.path.join(directory, file), encoding='utf-8', errors='replace') as stream:
                text = stream.read()
        except OSError:
            return ''
    lines = text.split('\n')
    quoted = lines[line - 1].strip() if 0 < line <= len(lines) else ''
    return f', in "{quoted[:QUOTED_MAX]}"' if quoted else ''


def describe(error):
    text = ' '.join(str(error).split('\n')).replace("'StrictUndefined' object", 'an undefined variable')
    if type(error).__name__ == 'TemplateNotFound':
        return f'template not found: {text} (looked for in the directory of the workflow)'
    if isinstance(error, Asked) or type(error).__module__.startswith('jinja2'):
        return text
    return f'{type(error).__name__}: {text}' if text else type(error).__name__


def process(source):
    directory = os.path.abspath(read_field(source))
    given = read_given(source)
    is_template, text = read_field(source), read_field(source)
    if is_template != '1':
        return given, ''
    try:
        import jinja2
    except ImportError as error:
        raise Refused('templates need the Jinja2 of python3 (the package python3-jinja2): '
                      f'{error}')
    try:
        return given, render(jinja2, directory, given, text)
    except Exception as error:
        place = place_of(error, jinja2, directory)
        raise Refused(describe(error) + quote(text, directory, *place), *place)


def main():
    answer = os.fdopen(os.dup(1), 'wb')
    os.dup2(2, 1)  # what a module of the workflow prints is no part of the answer
    sys.path[:] = [path for path in sys.path if path]
    try:
        given, text = process(sys.stdin.buffer)
        fields = ['ok', len(given)]
        for name, value in given.items():
            fields += [name, repr(value)]
        fields.append(text)
    except Refused as error:
        fields = ['error', *error.place, error]
    for field in fields:
        write_field(answer, field)
    answer.flush()


main()
