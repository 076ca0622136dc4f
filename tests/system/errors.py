"""docs/errors.md shows what a user sees: each file in it is the one in docs/errors, and each message is what
`validate` prints of it."""
import re

import common
from common import TOP

FILES = TOP / 'docs/errors'
EXAMPLE = re.compile(r'```cylc\n(?P<text>.*?)```\n\n```\n\$ rouse validate (?P<name>\S+)\n(?P<says>.*?)\n```\n', re.S)
PLACE = re.compile(r'^rouse: error: (?P<file>\S+?\.cylc)(:\d+)?: (?P<rest>.+)$')


class Errors(common.SystemTest):
    def test_the_document_shows_what_is_printed(self):
        examples = list(EXAMPLE.finditer((TOP / 'docs/errors.md').read_text()))
        self.assertEqual([example['name'] for example in examples], sorted(path.name for path in FILES.iterdir()))
        self.assertEqual(len(examples), 10)
        for example in examples:
            with self.subTest(example['name']):
                self.assertEqual(example['text'], (FILES / example['name']).read_text())
                result = self.world.rouse('validate', example['name'], cwd=FILES)
                self.assertEqual(result.status, 1, result)
                self.assertEqual(example['says'], result.err.strip().replace(str(FILES), '~/flows'))
                self.assertEqual(f'~/flows/{example["name"]}', PLACE.match(example['says'])['file'])


if __name__ == '__main__':
    common.main()
