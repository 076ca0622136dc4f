"""Check what DESIGN promises of the tree: who includes what, which calls nobody makes, how long files and
functions are. Prints every offence; closes with 'N passed, N failed' (files)."""
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
FILE_MAX, FUNCTION_MAX = 800, 70

# header -> the places that may include it
INCLUDES = {
    'zmq.h': ['coroutines/bus_zmq', 'scheduler/net/'],
    'uv.h': ['coroutines/env_uv', 'coroutines/bus_zmq'],
    'sqlite3.h': ['db/'],
    'curl/curl.h': ['xtriggers/http_ask'],
    'microhttpd.h': ['xtriggers/http_hook'],
}
# directory -> the directories of ours it may use
LAYERS = {
    'base/': ['base/'],
    'scheduler/cycling/': ['base/', 'scheduler/cycling/'],
    'scheduler/graph/': ['base/', 'scheduler/cycling/', 'scheduler/graph/'],
    'scheduler/config/': ['base/', 'scheduler/cycling/', 'scheduler/graph/', 'scheduler/config/'],
    'pool/': ['base/', 'scheduler/cycling/', 'scheduler/graph/', 'scheduler/config/', 'pool/',
              'coroutines/topics.h', 'db/restart.h'],
    'db/': ['base/', 'scheduler/cycling/', 'scheduler/graph/', 'scheduler/config/', 'pool/status.h',
            'coroutines/topics.h', 'scheduler/run/', 'db/'],
    'xtriggers/': ['base/', 'xtriggers/', 'db/state_query.h'],
    'scheduler/job/': ['base/', 'scheduler/', 'coroutines/topics.h'],
    'scheduler/run/': ['base/', 'scheduler/run/'],
}
# the core is pure: nothing of the world
PURE = ['pool/', 'scheduler/cycling/', 'scheduler/graph/']
WORLD = re.compile(r'\b(fopen|open|read|write|socket|fork|getenv|gettimeofday|clock_gettime|time|'
                   r'usleep|printf|fprintf)\s*\(')
BANNED = re.compile(r'\b(strcpy|strcat|sprintf|vsprintf|strtok|gets|rand|srand|sleep|usleep|'
                    r'nanosleep|system|popen)\s*\(')
MAY_WAIT = ['scheduler/command/', 'scheduler/net/client', 'scheduler/run/']


def strip(text):
    """Source without comments and string contents, lines kept."""
    def blank(found):
        return re.sub(r'[^\n]', ' ', found[0])
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def functions(code):
    """(name, line, length) of each function: a body that begins with '{' in the first column."""
    lines = code.split('\n')
    start = name = None
    for number, line in enumerate(lines, 1):
        if line == '{' and start is None:
            start = number
            before = ' '.join(lines[max(0, number - 6):number - 1])
            found = re.findall(r'(\w+)\s*\(', before)
            name = found[-1] if found else '?'
        elif line.startswith('}') and start is not None:
            yield name, start, number - start + 1
            start = None


def check(path):
    name = str(path.relative_to(TOP))
    text = path.read_text()
    code = strip(text)
    lines = text.count('\n')
    if lines > FILE_MAX:
        yield f'{name}: {lines} lines, at most {FILE_MAX}'
    for function, line, length in functions(code):
        if length > FUNCTION_MAX:
            yield f'{name}:{line}: {function} has {length} lines, at most {FUNCTION_MAX}'
    if name.startswith(('tests/', 'examples/')):
        return
    for system in re.findall(r'#include <([^>]+)>', text):
        allowed = INCLUDES.get(system)
        if allowed and not any(name.startswith(each) for each in allowed):
            yield f'{name}: only {", ".join(allowed)} may include {system}'
    for own in re.findall(r'#include "([^"]+)"', text):
        for directory, allowed in LAYERS.items():
            if name.startswith(directory) and not own.startswith(tuple(allowed)):
                yield f'{name}: {directory} may not use {own}'
    for number, line in enumerate(code.split('\n'), 1):
        found = BANNED.search(line)
        if found and not name.startswith(tuple(MAY_WAIT)):
            yield f'{name}:{number}: {found[1]} is banned'
        found = WORLD.search(line)
        if found and name.startswith(tuple(PURE)):
            yield f'{name}:{number}: the core is pure and may not call {found[1]}'
    if name.endswith('.c') and 'base/banned.h' not in text:
        yield f'{name}: does not include base/banned.h'


def main():
    listed = subprocess.run(['git', 'ls-files', '*.c', '*.h'], cwd=TOP, capture_output=True,
                            text=True, check=True).stdout.split()
    failed = 0
    for name in listed:
        offences = list(check(TOP / name))
        failed += bool(offences)
        for offence in offences:
            print(offence)
    print(f'{len(listed) - failed} passed, {failed} failed')
    return 1 if failed else 0


sys.exit(main())
