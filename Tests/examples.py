#!/usr/bin/env python3
"""Checks that the Swift code in the documentation is code that the tests compile and run.

Each block of Swift in README.md and in the library's pages must be one of the examples in
Tests/ClientTests/Examples.swift or RemoteExamples.swift, and each example must be in a page.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILES = [ROOT / 'Tests/ClientTests' / name for name in ('Examples.swift', 'RemoteExamples.swift')]


def main():
    pages = [ROOT / 'README.md', *sorted((ROOT / 'Sources').rglob('*.docc/*.md'))]
    text = '\n'.join(file.read_text() for file in FILES)
    regions = re.findall(r'^// example: ([^\n]+)\n(.*?)^// end of example$', text, re.M | re.S)
    examples = {code: title for title, code in regions}
    if not examples:
        return ['Tests/ClientTests: no examples']
    faults, shown = [], set()
    for page in pages:
        text = page.read_text()
        for match in re.finditer(r'^```swift\n(.*?)^```$', text, re.M | re.S):
            if match.group(1) in examples:
                shown.add(match.group(1))
            else:
                line = text[:match.start()].count('\n') + 1
                faults.append(f'{page.relative_to(ROOT)}:{line}: this Swift code is not an example of '
                              'Tests/ClientTests')
    faults += [f'Tests/ClientTests: no page shows the example "{title}"'
               for code, title in examples.items() if code not in shown]
    return faults


if __name__ == '__main__':
    faults = main()
    print('\n'.join(faults), file=sys.stderr)
    sys.exit(1 if faults else 0)
