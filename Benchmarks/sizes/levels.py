#!/usr/bin/env python3
"""levels.py ARCHIVE CACHECTL SCRATCH LEVEL…: compresses an archive again with each level, by `select --level`,
and prints the table of Format.md: the size, CPU and wall seconds, the peak of memory, and the CPU seconds of a
verification, which decodes everything. Each archive must have the same digest."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from compare_run import Failure, Runner, remove, threads  # noqa: E402


def digest(cachectl, archive):
    text = subprocess.run([cachectl, 'info', archive, '--json'], check=True, stdout=subprocess.PIPE).stdout
    return json.loads(text)['digest']


def measure(archive, cachectl, scratch, levels):
    runner = Runner(os.path.join(scratch, 'last.log'))
    part = os.path.join(scratch, 'part.castore')
    whole = digest(cachectl, archive)
    rows = []
    for level in levels:
        packing = runner.measure([cachectl, 'select', archive, '-o', part, '--level', level, '--quiet'])
        if digest(cachectl, part) != whole:
            raise Failure(f'level {level} changes the digest')
        checking = runner.measure([cachectl, 'verify', part, '--quiet'])
        rows.append({'level': level, 'bytes': os.path.getsize(part), 'verify_cpu': checking['cpu'], **packing})
        print(json.dumps(rows[-1]), file=sys.stderr)
        remove(part)
    return rows


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    archive, cachectl, scratch, *levels = sys.argv[1:]
    rows = measure(archive, cachectl, scratch, levels)
    print(f'`select --level` of {os.path.getsize(archive) / 1e6:.1f} MB, {threads()} threads\n')
    print('| level | MB | of level 3 | CPU s | wall s | peak, MiB | verify, CPU s |\n' + '| --- ' * 7 + '|')
    base = next((row['bytes'] for row in rows if row['level'] == '3'), rows[0]['bytes'])
    for row in rows:
        print(f'| {row["level"]} | {row["bytes"] / 1e6:.1f} | {row["bytes"] / base:.3f} | {row["cpu"]:.0f} '
              f'| {row["wall"]:.0f} | {row["peak"] >> 20} | {row["verify_cpu"]:.1f} |')


if __name__ == '__main__':
    try:
        main()
    except (Failure, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f'levels: {error}')
