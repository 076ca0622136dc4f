"""Count the tests of a ctest log: close with 'N passed, N failed'."""
import re
import sys

passed = failed = 0
with open(sys.argv[1], errors='replace') as log:
    for line in log:
        found = re.match(r'\s*\d+/\d+ Test\s+#\d+: \S+ \.+\s*(.*)', line)
        if found:
            if found[1].startswith('Passed'):
                passed += 1
            else:
                failed += 1
print(f'{passed} passed, {failed} failed')
sys.exit(1 if failed or not passed else 0)
