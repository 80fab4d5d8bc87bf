#!/usr/bin/env python3
"""Prints the figures of years-of-hits.sh.

years-report.py upper LAYER UPPER                  counts the files that builds wrote above a layer, as lines
                                                   "name number"
years-report.py report FIGURES JSON FIRST SECOND   prints a run's medians as a table, and writes them as JSON
"""
import json
import os
import stat
import statistics
import sys

FIGURES = [
    ('compiled again', 'compiles'),
    ("the layer's files, copied up", 'copied-files'),
    ('bytes of them', 'copied-bytes'),
    ('new files', 'new-files'),
    ('bytes of them', 'new-bytes'),
    ('whiteouts', 'whiteouts'),
    ('entries left', 'entries'),
]


def upper(layer, directory):
    """Prints how many files were copied up or written again, are new or were deleted, and their bytes."""
    figures = dict.fromkeys(('copied-files', 'copied-bytes', 'new-files', 'new-bytes', 'whiteouts'), 0)
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            if stat.S_ISCHR(status.st_mode):
                figures['whiteouts'] += 1
                continue
            below = os.path.join(layer, os.path.relpath(path, directory))
            kind = 'copied' if os.path.lexists(below) else 'new'
            figures[f'{kind}-files'] += 1
            figures[f'{kind}-bytes'] += status.st_size
    for name, number in figures.items():
        print(name, number)


def read(path):
    """Returns the medians of lines "a.b.c number", as a tree."""
    values = {}
    with open(path, encoding='utf-8') as f:
        for line in f:
            key, value = line.split()
            values.setdefault(key, []).append(json.loads(value))
    tree = {}
    for key, numbers in values.items():
        *parents, last = key.split('.')
        node = tree
        for name in parents:
            node = node.setdefault(name, {})
        node[last] = statistics.median_low(numbers)
        if last == 'wall':
            node['walls'] = numbers
    return tree


def row(title, figures, text):
    return [title, *(text(figures[kind]) for kind in ('copied', 'restored'))]


def build_rows(title, build, figures):
    """Returns the rows of one of the two builds."""
    return [
        [title, '', ''],
        row('  wall s (CPU s)', figures, lambda f: f'{f[build]["wall"]:.2f} ({f[build]["cpu"]:.2f})'),
        *(row(f'  {name}', figures, lambda f, key=key: f'{f[build][key]:,}') for name, key in FIGURES),
    ]


def report(path, output, first, second):
    figures = read(path)
    figures['programs'] = {'first': first, 'second': second}
    rows = [
        [f'layer, {figures["days"]} days old', 'cp -rn', 'restored'],
        row('  MB', figures, lambda f: f'{f["bytes"] / 1e6:.1f}'),
        row('  entries of GOCACHE', figures, lambda f: f'{f["entries"]:,}'),
        *build_rows(f'first build, {first}', 'first', figures),
        *build_rows(f'then, above both, {second}', 'second', figures),
    ]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for title, *cells in rows:
        print('  '.join([title.ljust(widths[0]), *(c.rjust(w) for c, w in zip(cells, widths[1:]))]).rstrip())
    with open(output, 'w', encoding='utf-8') as f:
        json.dump(figures, f, indent=2, sort_keys=True)
        f.write('\n')


def main():
    command, *arguments = sys.argv[1:] or ['']
    if command == 'upper' and len(arguments) == 2:
        upper(*arguments)
    elif command == 'report' and len(arguments) == 4:
        report(*arguments)
    else:
        sys.exit(__doc__)


main()
