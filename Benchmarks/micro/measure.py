#!/usr/bin/env python3
"""Runs the hot pieces of the library and their limits in turns, and prints the ratio between them.

micro.sh runs this script."""
import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from compare_run import Failure, fresh, remove  # noqa: E402
from tables import table  # noqa: E402

# The pieces, their inputs, and their units per CPU second.
PIECES = [
    ('cut', 'content', 'cutting', 'MB'),
    ('hash-1024', 'content', 'SHA-256, 1 KiB each', 'MB'),
    ('hash-4194304', 'content', 'SHA-256, 4 MiB each', 'MB'),
    ('compress-1', 'content', 'compressing, level 1', 'MB'),
    ('compress-3', 'content', 'compressing, level 3', 'MB'),
    ('compress-9', 'content', 'compressing, level 9', 'MB'),
    ('decode', 'content', 'decoding', 'MB'),
    ('index', 'archive', 'loading an index', 'k members'),
    ('create', 'directory', 'creating files of 1 KiB', 'k files'),
]
LIMITS = {'cut': 'gear hash in C', 'hash': 'libcrypto', 'compress': 'libzstd from C', 'decode': 'libzstd from C',
          'index': 'SHA-256 and a scan of all rows in C', 'create': 'openat, pwrite, futimens, close, renameat in C'}


def run(program, piece, source, seconds):
    done = subprocess.run([program, piece, source, str(seconds)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode != 0:
        raise Failure(f'{os.path.basename(program)} {piece}: {done.stderr.strip() or f"status {done.returncode}"}')
    return json.loads(done.stdout)


def rate(figures, unit, members):
    if unit == 'MB':
        return figures['bytes'] / figures['cpu'] / 1e6
    return figures['items'] * (members if unit == 'k members' else 1) / figures['cpu'] / 1e3


def measure(options, scratch):
    """Runs each piece and its limit in turns; the best turn of each counts."""
    rates = {}
    for turn in range(options.runs):
        for piece, what, _, unit in PIECES:
            contenders = [('ours', options.ours), ('limit', options.limit)]
            checks = {}
            for name, program in contenders if turn % 2 == 0 else reversed(contenders):
                source = {'content': options.content, 'archive': options.archive}.get(what) or fresh(scratch)
                figures = run(program, piece, source, options.seconds)
                checks[name] = figures['check']
                if not figures['bytes'] > 0 or not figures['items'] > 0:
                    raise Failure(f'{piece}: {name} did nothing')
                rates.setdefault(piece, {}).setdefault(name, []).append(rate(figures, unit, options.members))
            # One version of libzstd makes equal frames; two versions need not.
            if checks['ours'] != checks['limit'] and not piece.startswith('compress'):
                raise Failure(f'{piece}: the results differ: {checks}')
            print(f'{piece}: {rates[piece]["ours"][-1]:.1f} of {rates[piece]["limit"][-1]:.1f} {unit}/s', file=sys.stderr)
    return rates


def main():
    parser = argparse.ArgumentParser()
    for name in ('ours', 'limit', 'content', 'archive', 'json'):
        parser.add_argument(f'--{name}', required=True)
    parser.add_argument('--members', type=int, required=True)
    parser.add_argument('--runs', type=int, default=5)
    parser.add_argument('--seconds', type=float, default=0.5)
    options = parser.parse_args()
    # The files are in memory if possible, to measure the limit of the calls and not that of a disk.
    memory = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None
    scratch = tempfile.mkdtemp(prefix='micro-', dir=memory)
    load = os.getloadavg()[0]
    try:
        rates = measure(options, os.path.join(scratch, 'files'))
    finally:
        remove(scratch)
    results = {'date': datetime.date.today().isoformat(), 'kernel': platform.release(), 'load': [load, os.getloadavg()[0]],
               'files_in': memory or tempfile.gettempdir(), 'members': options.members,
               'content_bytes': os.path.getsize(options.content), 'rates': rates}
    with open(options.json, 'w', encoding='utf-8') as f:
        json.dump(results, f, indent=1)
        f.write('\n')
    rows = [['piece', 'unit', 'CacheStore', 'limit', 'ratio', 'the limit is']]
    for piece, _, title, unit in PIECES:
        ours, limit = max(rates[piece]['ours']), max(rates[piece]['limit'])
        rows.append([title, f'{unit}/s', f'{ours:.1f}', f'{limit:.1f}', f'{ours / limit:.2f}', LIMITS[piece.split('-')[0]]])
    print(f'{results["date"]}, {results["content_bytes"] / 1e6:.1f} MB of content, an index of {options.members:,} members, files '
          f'in {results["files_in"]}; the best of {options.runs} turns, for each CPU second; load {load:.1f} before, '
          f'{results["load"][1]:.1f} after')
    table(rows, left=(0, 1, 5))


if __name__ == '__main__':
    try:
        main()
    except (Failure, OSError) as error:
        sys.exit(f'micro: {error}')
