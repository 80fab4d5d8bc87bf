#!/usr/bin/env python3
"""Prints the table of snowball.sh and writes its figures; exits with 1 if the archive has grown too much.

usage: report.py ROUNDS.tsv FRESH-BYTES FRESH-COMPILATIONS ROUNDS-PER-SDK OUTPUT.json
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from tables import megabytes, table  # noqa: E402

LIMIT = 1.1


def main():
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    lines = pathlib.Path(sys.argv[1]).read_text().splitlines()
    names = ('round', 'used_bytes', 'plain_bytes', 'compiled_used', 'compiled_plain')
    rounds = [dict(zip(names, map(int, line.split('\t')))) for line in lines]
    fresh, compiled, per_sdk = map(int, sys.argv[2:5])
    last = rounds[-1]
    ratios = {way: last[f'{way}_bytes'] / fresh for way in ('used', 'plain')}
    shown = [row for row in rounds if row['round'] % per_sdk == 0 or row is last]
    print(f'{len(rounds)} rounds, a new SDK every {per_sdk}: the archive after a round, in MB\n')
    table([('round', 'pack --used', 'pack', 'compiled'),
           *[(str(row['round']), megabytes(row['used_bytes']), megabytes(row['plain_bytes']),
              str(row['compiled_used'])) for row in shown],
           ('empty caches', megabytes(fresh), megabytes(fresh), str(compiled)),
           ('last / empty', f'{ratios["used"]:.3f}', f'{ratios["plain"]:.3f}', '')])
    document = {'rounds': rounds, 'fresh_bytes': fresh, 'compiled_fresh': compiled, 'ratios': ratios}
    pathlib.Path(sys.argv[5]).write_text(json.dumps(document, indent=1) + '\n')
    if ratios['used'] > LIMIT:
        sys.exit(f'snowball: the archive of `pack --used` has {ratios["used"]:.3f} times the bytes of a fresh one, '
                 f'more than {LIMIT}')
    if ratios['plain'] <= LIMIT:
        sys.exit('snowball: a plain pack does not grow either: the rounds prove nothing')


if __name__ == '__main__':
    main()
