#!/usr/bin/env python3
"""Runs choices.c on the streams of an archive, compares the archive with tar and zstd, and prints the tables
of Format.md.

sizes.sh runs this script.
"""
import argparse
import datetime
import json
import os
import platform
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from compare_run import Failure, Runner, remove, threads  # noqa: E402

CUT = 4 << 20
SIZES = {1 << 16: '64 KiB', 1 << 18: '256 KiB', 1 << 20: '1 MiB', 2 << 20: '2 MiB', 4 << 20: '4 MiB', 8 << 20: '8 MiB',
         16 << 20: '16 MiB'}
OUTPUTS = [('o', 'cut', 1 << 16), ('o', 'cut', 1 << 18), ('o', 'cut', 1 << 20), ('o', 'cut', 2 << 20), ('o', 'cut', CUT),
           ('o', 'cut', 8 << 20), ('o', 'whole', 0), ('o', 'group', 4 << 20)]
TREES = [('t', 'file', 0), ('t', 'cut', 1 << 20), ('t', 'cut', CUT), ('t', 'cut', 16 << 20)]
LEVELS = [1, 3, 6, 9, 12, 15, 16, 17, 18, 19]
NAMES = {'cut': 'cut at {}', 'whole': 'one frame each', 'group': 'small ones in solid frames of {}', 'file': 'file by file'}


def configuration(kind, how, size, level, sample):
    return f'{kind}:{how}{"=" + str(size) if size else ""}:{level}:{sample}'


def run_choices(options, configurations):
    command = [options.choices, options.corpus, options.index, str(threads()), *configurations]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        rows = []
        for line in process.stdout:
            rows.append(json.loads(line))
            print(line, end='', file=sys.stderr)
    if process.returncode != 0:
        raise Failure(f'choices ended with status {process.returncode}')
    return rows


def merged(options, providers, name):
    """Makes the tree that `cp -rn` makes of the caches, from hard links, so that it takes no room."""
    target = os.path.join(options.scratch, name)
    for provider in providers:
        for cache in ('go-build', 'go-mod'):
            os.makedirs(f'{target}/{cache}', exist_ok=True)
            subprocess.run(['cp', '-rnl', f'{options.caches}/{provider}/{cache}/.', f'{target}/{cache}'], check=True)
    return target


def weigh(options, runner):
    """Measures the bytes and CPU of tar and zstd, and of cachectl, on the same caches."""
    rows = []

    def tar(corpus, tree, flags):
        out = os.path.join(options.scratch, 'tree.tar.zst')
        figures = runner(f'tar --sort=name -C {tree} -c . | zstd -q -f {flags} -o {out}')
        rows.append({'corpus': corpus, 'name': f'tar | zstd {flags}', 'bytes': os.path.getsize(out), 'cpu': figures['cpu']})
        remove(out)
        print(json.dumps(rows[-1]), file=sys.stderr)

    def cachectl(corpus, providers, level):
        packs, cpu = [], 0
        for provider in providers:
            packs.append(os.path.join(options.scratch, f'{provider}.castore'))
            cpu += runner([options.cachectl, 'pack', '--gocache', f'{options.caches}/{provider}/go-build', '--gomodcache',
                           f'{options.caches}/{provider}/go-mod', '--no-go', '--quiet', '--label', provider, '--level',
                           str(level), '-o', packs[-1]])['cpu']
        out = os.path.join(options.scratch, 'union.castore')
        cpu += runner([options.cachectl, 'union', *packs, '-o', out, '--quiet'])['cpu']
        rows.append({'corpus': corpus, 'name': f'cachectl, level {level}: packs and union', 'bytes': os.path.getsize(out),
                     'cpu': cpu})
        remove(*packs, out)
        print(json.dumps(rows[-1]), file=sys.stderr)

    everyone = sorted(os.listdir(options.caches))
    tree = merged(options, everyone, 'all')
    cachectl(f'{len(everyone)} providers', everyone, 3)
    for flags in ('-3', '-3 --long=27'):
        tar(f'{len(everyone)} providers', tree, flags)
    if options.slow == 'all':
        sample, title, sampled = everyone, f'{len(everyone)} providers', tree
    else:
        sample = options.slow.split(',')
        title, sampled = ' and '.join(sample), merged(options, sample, 'sample')
        cachectl(title, sample, 3)
        for flags in ('-3', '-3 --long=27'):
            tar(title, sampled, flags)
    cachectl(title, sample, 19)
    tar(title, sampled, '-19 --long=27')
    remove(tree, sampled)
    return rows


def markdown(results):
    """Prints the tables as Format.md has them."""
    def line(*cells):
        print('| ' + ' | '.join(cells) + ' |')

    def mb(count):
        return f'{count / 1e6:.1f}'

    print(f'{results["date"]}, {results["corpus"]["streams"]:,} streams of {results["corpus"]["bytes"] / 1e9:.2f} GB\n')
    line('what', 'unique MB', 'chunks', 'stored MB', 'compressing, CPU s', 'decoding, CPU s')
    line(*['---'] * 6)
    for row in results['choices']:
        name = {'o': 'outputs', 't': 'trees'}[row['kind']] + ', ' + NAMES[row['how']].format(SIZES.get(row['size']))
        line(name, mb(row['unique']), f'{row["chunks"]:,}', mb(row['stored']), f'{row["compress_cpu"]:.1f}',
             f'{row["decode_cpu"]:.1f}')
    print()
    base = next(row for row in results['levels'] if row['level'] == 3)
    line('level', 'stored MB', 'of level 3', 'compressing, CPU s', 'MB/s', 'decoding, CPU s', 'MB/s')
    line(*['---'] * 7)
    for row in results['levels']:
        line(str(row['level']), mb(row['stored']), f'{row["stored"] / base["stored"]:.3f}', f'{row["compress_cpu"]:.1f}',
             f'{row["compressed"] / row["compress_cpu"] / 1e6:.0f}', f'{row["decode_cpu"]:.2f}',
             f'{row["compressed"] / row["decode_cpu"] / 1e6:.0f}')
    print(f'\n(every {base["sample"]}th chunk: {mb(base["compressed"])} MB)\n')
    line('caches of', 'what', 'MB', 'CPU s')
    line(*['---'] * 4)
    for row in results['archives']:
        line(row['corpus'], row['name'], mb(row['bytes']), f'{row["cpu"]:.1f}')


def main():
    parser = argparse.ArgumentParser()
    for name in ('choices', 'corpus', 'index', 'caches', 'cachectl', 'scratch', 'json', 'slow'):
        parser.add_argument(f'--{name}', required=True)
    parser.add_argument('--sample', type=int, default=16)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    rows = run_choices(options, [configuration(*choice, 3, 1) for choice in OUTPUTS + TREES])
    levels = run_choices(options, [configuration('b', 'cut', CUT, level, options.sample) for level in LEVELS])
    archives = weigh(options, Runner(os.path.join(options.scratch, 'last.log'))) if options.slow != 'none' else []
    with open(options.index, encoding='ascii') as f:
        streams = sum(line[0] != 'f' for line in f)
    results = {
        'date': datetime.date.today().isoformat(), 'kernel': platform.release(), 'threads': threads(),
        'load': [load, os.getloadavg()[0]],
        'corpus': {'streams': streams, 'bytes': os.path.getsize(options.corpus)},
        'choices': rows, 'levels': levels, 'archives': archives,
    }
    with open(options.json, 'w', encoding='utf-8') as f:
        json.dump(results, f, indent=1)
        f.write('\n')
    markdown(results)


if __name__ == '__main__':
    try:
        main()
    except (Failure, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f'sizes: {error}')
