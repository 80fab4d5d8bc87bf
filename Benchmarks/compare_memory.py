#!/usr/bin/env python3
"""Checks the peak of resident memory of every verb of cachectl, at several numbers of threads.

The limit is 64 MiB, and 8 MiB per thread. Prints a table of all peaks; fails if one is above the limit.
compare-peers.sh calls this script."""
import argparse
import os
import sys

from compare_limits import write_requests
from compare_run import Failure, Runner, fresh, remove, threads
from tables import table

JOBS = 1, 2, 8, 16
MEBIBYTE = 1 << 20


def limit(jobs):
    return (64 + 8 * jobs) * MEBIBYTE


class Memory:
    def __init__(self, cachectl, caches, scratch):
        self.cachectl, self.caches, self.scratch = cachectl, caches, scratch
        self.run = Runner(self.path('log'))
        self.peaks = {}  # by verb and number of threads

    def path(self, *names):
        return os.path.join(self.scratch, *names)

    def packed(self, label):
        return self.path(f'{label}.castore')

    def measure(self, verb, jobs, *arguments, settings=(), **streams):
        """Runs a verb, and keeps its highest peak."""
        options = ['--jobs', str(jobs)] if verb != 'cat' else []
        try:
            peak = self.run(['env', *settings, self.cachectl, verb, *arguments, *options], **streams)['peak']
        except Failure as failure:
            raise Failure(f'{verb}: {failure}') from None
        self.peaks[verb, jobs] = max(peak, self.peaks.get((verb, jobs), 0))

    def check(self, jobs):
        union, tree = self.path('union.castore'), self.path('tree')
        image, selected = self.path('image'), self.path('selected')
        remove(union, tree, image, selected, *map(self.packed, self.caches))
        for label, cache in self.caches.items():
            self.measure('pack', jobs, '--no-go', '--quiet', '--label', label, '--gocache', f'{cache}/go-build',
                         '--gomodcache', f'{cache}/go-mod', '-o', self.packed(label))
        packs = [self.packed(label) for label in self.caches]
        self.measure('union', jobs, '--quiet', *packs, '-o', union)
        for chosen in (['--only', next(iter(self.caches))], ['--shared-by', ','.join(self.caches)], ['--drop', 'stdout'],
                       ['--unused-in', packs[0]], ['--exclude', 'main*']):
            self.measure('select', jobs, '--quiet', union, *chosen, '-o', selected)
            remove(selected)
        self.measure('diff', jobs, '--quiet', packs[0], union)
        self.measure('explain', jobs, '--quiet', union)
        self.measure('summary', jobs, '--quiet', union, '--base', packs[0])
        self.measure('restore', jobs, '--no-go', '--quiet', union, '--gocache', f'{tree}/go-build', '--gomodcache',
                     f'{tree}/go-mod')
        self.measure('seal', jobs, '--quiet', f'{tree}/go-build')
        self.measure('layers', jobs, '--quiet', union, '-o', image, '--arch', 'amd64')
        remove(image)
        self.measure('layers', jobs, '--quiet', union, '-o', image, '--arch', 'amd64', '--split')
        self.measure('verify', jobs, '--quiet', union)
        self.measure('info', jobs, '--quiet', union)
        self.measure('ls', jobs, '--quiet', union, '--files', '--long')
        requests = self.path('requests')
        write_requests(max(packs, key=os.path.getsize), requests)
        self.measure('prog', jobs, union, '--strict', settings=[f'GOCACHE={fresh(self.path("served"))}'],
                     input=requests)

    def check_cat(self):
        """Measures `cat` of the largest output, of which up to four threads read the next chunks."""
        size, name = max((entry.stat().st_size, entry.name) for cache in self.caches.values()
                         for folder in os.scandir(f'{cache}/go-build') if folder.is_dir()
                         for entry in os.scandir(folder) if entry.name.endswith('-d') and entry.is_file())
        content = self.path('content')
        self.measure('cat', min(threads(), 4), self.path('union.castore'), 'output', name.removesuffix('-d'), output=content)
        if os.path.getsize(content) != size:
            raise Failure(f'cat wrote {os.path.getsize(content)} bytes of {size}')

    def report(self):
        """Prints the peaks, and returns those above the limit."""
        columns = sorted({jobs for _, jobs in self.peaks})
        rows = [['peak MiB', *(f'--jobs {jobs}' for jobs in columns)]]
        for verb in dict.fromkeys(verb for verb, _ in self.peaks):
            rows.append([verb, *(f'{self.peaks[verb, jobs] / MEBIBYTE:.1f}' if (verb, jobs) in self.peaks else ''
                                 for jobs in columns)])
        rows.append(['limit', *(f'{limit(jobs) / MEBIBYTE:.0f}' for jobs in columns)])
        table(rows)
        return [f'{verb} --jobs {jobs}' for (verb, jobs), peak in self.peaks.items() if peak > limit(jobs)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ('cachectl', 'scratch'):
        parser.add_argument(f'--{name}', required=True)
    parser.add_argument('--caches', required=True, action='append')
    options = parser.parse_args()
    memory = Memory(options.cachectl, {name: os.path.join(caches, name) for caches in options.caches
                                       for name in sorted(os.listdir(caches))
                                       if os.path.isdir(os.path.join(caches, name, 'go-build'))}, options.scratch)
    try:
        for jobs in JOBS:
            memory.check(jobs)
        memory.check_cat()
    except Failure as failure:
        sys.exit(f'compare-peers: memory: {failure}')
    if above := memory.report():
        sys.exit(f'compare-peers: memory: above the limit: {", ".join(above)}')


if __name__ == '__main__':
    main()
