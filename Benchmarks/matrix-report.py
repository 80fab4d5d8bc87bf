#!/usr/bin/env python3
"""matrix-report.py FIGURES JSON: prints the figures of simulate-matrix-build.sh ("a.b.c number" lines) as
a table on standard output, and writes them as JSON."""
import json
import os
import sys

from tables import megabytes, table


def read(path):
    tree = {}
    with open(path, encoding='utf-8') as f:
        for line in f:
            key, value = line.split()
            *parents, last = key.split('.')
            node = tree
            for name in parents:
                node = node.setdefault(name, {})
            node[last] = json.loads(value)
    return tree


def seconds(measured):
    return f'{measured["wall"]:.1f} ({measured["cpu"]:.1f})'


def main():
    figures = read(sys.argv[1])
    providers = figures['providers']
    print(f'{os.cpu_count()} cores; sizes in MB (10^6 bytes); times in seconds: wall (CPU)\n')
    rows = [['provider', 'GOCACHE', 'GOMODCACHE', 'packed', 'tar.zst', 'packed/tar.zst', 'pack', '--base',
             'tar|zstd', 'recompiled']]
    for name, p in providers.items():
        rows.append([name, megabytes(p['gocache']), megabytes(p['gomodcache']), megabytes(p['packed']),
                     megabytes(p['tarred']), f'{p["packed"] / p["tarred"]:.0%}', seconds(p['pack']), seconds(p['again']),
                     seconds(p['tar']), str(p['compiles'])])
    table(rows)
    packs = sum(p['packed'] for p in providers.values())
    tars = sum(p['tarred'] for p in providers.values())
    table([['all providers', 'cachectl', 'compared', 'with'],
           ['archives of the jobs, MB', megabytes(packs), megabytes(tars), 'tar | zstd -3, one per job'],
           ['union, MB', megabytes(figures['united']), megabytes(figures['merge-tarred']),
            'tar | zstd -3 of the cp -rn tree'],
           ['uniting, s', seconds(figures['union']), seconds(figures['merge']), 'cp -rn of all caches into one tree'],
           ['', '', '+ ' + seconds(figures['merge-tar']), 'tar | zstd -3 of that tree'],
           ['verifying the union, s', seconds(figures['verify']), '', ''],
           ['selecting one job, s', seconds(figures['select']), '', 'the first provider; the same bytes as its pack'],
           ['selecting half the size, s', seconds(figures['halve']), '', f'{megabytes(figures["halved"])} MB are left'],
           ['restoring, s', seconds(figures['restore']), seconds(figures['untar']), 'zstd -d | tar -x'],
           ['', '', seconds(figures['copy']), 'cp -a of the cp -rn tree'],
           ['restored, MB', megabytes(figures['restored']), megabytes(figures['merged']), 'the cp -rn tree'],
           ], left=(0, 3))
    with open(sys.argv[2], 'w', encoding='utf-8') as f:
        json.dump(dict(figures, cores=os.cpu_count()), f, indent=2)
        f.write('\n')


if __name__ == '__main__':
    main()
