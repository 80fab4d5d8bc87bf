#!/usr/bin/env python3
"""Measures cachectl on synthetic archives of growing size: one process per verb, as a user would run it.

scale.sh runs this script. For each size there are two archives with that many members, which share half of
them. The script prints a table, and writes every single run as JSON.
"""
import argparse
import datetime
import json
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from compare_run import Failure, Runner, digest, remove, size_of, threads  # noqa: E402
from tables import megabytes, table  # noqa: E402

VERBS = ['info', 'first member', 'union', 'restore small', 'verify', 'restore all']
MEMORY = '/dev/shm'
LARGE = 1_000_000  # from this size on, the long verbs run once


class Scale:
    def __init__(self, options):
        self.options, self.cachectl = options, options.cachectl
        self.runner = Runner(os.path.join(options.work, 'last.log'))
        self.measurements, self.failed, self.archives, self.memory = [], {}, {}, None

    def path(self, name):
        return os.path.join(self.options.work, name)

    def make(self, members):
        """Makes the two archives of a size, unless they exist; returns the generator's report on the first."""
        stated = self.path(f'{members}.json')
        names = [self.path(f'{members}-{letter}.castore') for letter in 'ab']
        if not (os.path.exists(stated) and all(map(os.path.exists, names))):
            for name, flags in zip(names, ([], ['--second'])):
                print(f'writing {os.path.basename(name)}', file=sys.stderr)
                made = subprocess.run([self.options.python, '-B', f'{HERE}/make_archive.py', '--members', str(members),
                                       *flags, name], stdout=subprocess.PIPE, check=True).stdout
                if not flags:
                    facts = made
            with open(stated, 'wb') as f:
                f.write(facts)
        with open(stated, 'rb') as f:
            self.archives[members] = json.load(f)
        return names

    def measure(self, verb, members, command, run):
        try:
            figures = self.runner.measure(command)
        except Failure as error:
            self.failed[f'{verb}, {members}'] = str(error)
            return None
        per_member = self.archives[members]['members'] if members else None
        self.measurements.append({'verb': verb, 'members': per_member, 'run': run, **figures})
        print(f'{verb}, {members or ""}: {figures["wall"]:.2f} s, CPU {figures["cpu"]:.2f} s, '
              f'peak {figures["peak"] / 2**20:.1f} MiB', file=sys.stderr)
        return figures

    def restore(self, archive, target, *flags):
        return [self.cachectl, 'restore', archive, '--gocache', f'{target}/go-build', '--gomodcache', f'{target}/go-mod',
                '--no-go', '--quiet', *flags]

    def place_of_small(self, members):
        """Returns the directory into which to restore small members.

        The directory is in memory if there is ample room, because creating files on ext4 is slow after
        a big delete (see the README). Otherwise it is the directory of the archives."""
        needed = 8192 * members
        try:
            room = os.statvfs(MEMORY)
            with open('/proc/meminfo', encoding='ascii') as f:
                free = next(int(line.split()[1]) * 1024 for line in f if line.startswith('MemAvailable'))
            if min(room.f_bavail * room.f_frsize, free) > needed and room.f_favail > 2 * members:
                self.memory = self.memory or tempfile.mkdtemp(dir=MEMORY, prefix='scale-')
                self.archives[members]['small_in'] = 'tmpfs'
                return self.memory
        except (OSError, StopIteration):
            pass  # the place does not exist, or its room is unknown
        self.archives[members]['small_in'] = 'directory of the archives'
        return self.options.work

    def run_size(self, members):
        first, second = self.make(members)
        runs = self.options.runs if members < LARGE else 1
        for run in range(self.options.runs):
            self.measure('info', members, [self.cachectl, 'info', first], run)
            self.measure('first member', members,
                         [self.cachectl, 'cat', first, 'output', self.archives[members]['output']], run)
        united = self.path('united.castore')
        for run in range(runs):
            remove(united)
            if self.measure('union', members, [self.cachectl, 'union', first, second, '-o', united, '--quiet'], run):
                self.archives[members]['union_bytes'] = os.path.getsize(united)
        remove(united)
        target = os.path.join(self.place_of_small(members), 'restored')
        for run in range(runs):
            if self.measure('restore small', members, self.restore(first, target, '--only', 'small'), run):
                self.archives[members]['small_files'] = size_of(target)[0]
            remove(target)
        self.measure('verify', members, [self.cachectl, 'verify', '--quiet', first], 0)
        if self.options.large_target:
            target = os.path.join(self.options.large_target, str(members))
            if self.measure('restore all', members, self.restore(first, target), 0):
                files, count = size_of(target)
                self.archives[members].update(all_files=files, all_bytes=count)
            remove(target)

    def summary(self):
        """Returns medians of the runs, and the CPU per member without that of `cachectl --version`."""
        start = [m['cpu'] for m in self.measurements if m['verb'] == 'version']
        rows = []
        for verb in VERBS:
            for members in self.options.sizes:
                runs = [m for m in self.measurements if (m['verb'], m['members']) == (verb, members)]
                if runs:
                    cpu = statistics.median(m['cpu'] for m in runs)
                    work = members * 1.5 if verb == 'union' else members
                    rows.append({'verb': verb, 'members': members, 'runs': len(runs), 'cpu': cpu,
                                 'wall': statistics.median(m['wall'] for m in runs), 'peak': max(m['peak'] for m in runs),
                                 'cpu_per_member': max(0, cpu - statistics.median(start)) / work})
        return rows


def check(scale, members):
    """Checks for the short form: two readers find the archives sound, and every verb does its job."""
    def cachectl(*arguments):
        return subprocess.run([scale.cachectl, *arguments], stdout=subprocess.PIPE, check=True).stdout

    def demand(condition, complaint):
        if not condition:
            raise Failure(f'{members} members: {complaint}')

    first, second = (scale.path(f'{members}-{letter}.castore') for letter in 'ab')
    info = json.loads(cachectl('info', '--json', first))
    found = len(cachectl('ls', first).splitlines())
    demand(found == members, f'cachectl lists {found}')
    unions = [scale.path(f'check-{jobs}.castore') for jobs in (1, 2)]
    cachectl('union', first, second, '-o', unions[0], '--quiet', '--jobs', '1')
    cachectl('union', second, first, '-o', unions[1], '--quiet', '--jobs', '2')
    demand(digest(unions[0]) == digest(unions[1]), 'the union depends on the order of its inputs or on --jobs')
    oracle = os.path.join(HERE, '../../Tests/Oracle/castore.py')
    if members > 10_000:
        return remove(*unions)
    cachectl('verify', '--quiet', second, unions[0])
    for archive in (first, unions[0]):
        subprocess.run([scale.options.python, '-B', oracle, 'check', '--fast', archive], check=True)
    # The generator has computed the digest of the source's own pack. A restore and a new pack must give it
    # again.
    target, packed = scale.path('check'), scale.path('check-packed.castore')
    command = scale.restore(first, target, '--only', 'small', '--module-zips', 'make')
    subprocess.run(command, check=True)
    cachectl('pack', '--gocache', f'{target}/go-build', '--gomodcache', f'{target}/go-mod', '--no-go', '--quiet',
             '--label', 'small', '-o', packed)
    stated = next(source['digest'] for source in info['sources'] if source['label'] == 'small')
    again = json.loads(cachectl('info', '--json', packed))['digest']
    demand(stated == again, f'restored and packed again, `small` has the digest {again} instead of {stated}')
    remove(target, packed, *unions)


def report(results):
    machine = results['machine']
    print(f'{results["date"]}, {machine["cachectl"]}, {machine["threads"]} threads, {machine["cpu"]}, Linux '
          f'{machine["kernel"]}; load {machine["load_before"]:.1f} before, {machine["load_after"]:.1f} after')
    archives = [['members', 'outputs', 'raw GB', 'archive MB', 'union MB']]
    for facts in results['archives'].values():
        archives.append([f'{facts["members"]:,}', f'{facts["outputs"]:,}', f'{facts["raw_bytes"] / 1e9:.2f}',
                         megabytes(facts['bytes']), megabytes(facts.get('union_bytes', 0))])
    table(archives, left=())
    rows = [['verb', 'members', 'runs', 'wall s', 'CPU s', 'CPU µs per member', 'peak MiB']]
    for row in results['summary']:
        rows.append([row['verb'], f'{row["members"]:,}', str(row['runs']), f'{row["wall"]:.2f}', f'{row["cpu"]:.2f}',
                     f'{row["cpu_per_member"] * 1e6:.2f}', f'{row["peak"] / 2**20:.1f}'])
    table(rows)
    print(f'CPU per member is without the {machine["start_cpu"] * 1000:.1f} ms of `cachectl --version`, and for a union per member '
          f'of the result;\na peak below {machine["peak_floor"] / 2**20:.1f} MiB is not seen')
    for what, reason in results['failed'].items():
        print(f'failed: {what}: {reason}')
    for what, reason in results['not_measured'].items():
        print(f'not measured: {what}: {reason}')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--work', required=True)
    parser.add_argument('--cachectl', required=True)
    parser.add_argument('--python', required=True)
    parser.add_argument('--json', required=True)
    parser.add_argument('--sizes', type=lambda text: [int(size) for size in text.split(',')], required=True)
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--large-target')
    parser.add_argument('--no-large-target', default='')
    parser.add_argument('--check', action='store_true')
    options = parser.parse_args()

    scale = Scale(options)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # so that `finally` runs
    try:
        run(scale, options)
    finally:
        if scale.memory:
            remove(scale.memory)
    if scale.failed:
        sys.exit('scale: not everything ran')


def run(scale, options):
    load = os.getloadavg()[0]
    for turn in range(2 * options.runs + 1):
        scale.measure('version', 0, [scale.cachectl, '--version'], turn)
    results = {}
    for members in options.sizes:
        scale.run_size(members)
        if options.check:
            check(scale, members)
        # The results are written after each size, since the next one takes longer than all before it.
        results = results_of(scale, options, load)
        with open(options.json, 'w', encoding='utf-8') as f:
            json.dump(results, f, indent=1)
            f.write('\n')
    report(results)


def results_of(scale, options, load):
    not_measured = {}
    if not options.large_target:
        not_measured['restore all'] = options.no_large_target
    with open('/proc/cpuinfo', encoding='utf-8') as f:
        model = next((line.split(':')[1].strip() for line in f if line.startswith('model name')), 'unknown')
    return {
        'date': datetime.date.today().isoformat(),
        'machine': {'threads': threads(), 'cpu': model, 'kernel': platform.release(), 'load_before': load,
                    'load_after': os.getloadavg()[0], 'peak_floor': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                    'cachectl': subprocess.run([scale.cachectl, '--version'], stdout=subprocess.PIPE, text=True,
                                               check=True).stdout.strip(),
                    'start_cpu': statistics.median(m['cpu'] for m in scale.measurements if m['verb'] == 'version')},
        'archives': scale.archives, 'summary': scale.summary(), 'measurements': scale.measurements,
        'failed': scale.failed, 'not_measured': not_measured,
    }


if __name__ == '__main__':
    try:
        main()
    except (Failure, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f'scale: {error}')
