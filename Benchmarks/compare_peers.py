#!/usr/bin/env python3
"""Measures cachectl, its peers and the limits of its verbs, one after the other in each of several runs.

Prints one table per verb. compare-peers.sh prepares the inputs and calls this script."""
import argparse
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys

from compare_limits import TREE, Limits, compare_prog
from compare_report import judge, report, summarize
from compare_run import Failure, Runner, digest, fresh, remove, size_of, threads, warm
from compare_tools import PEERS, command, versions

CACHES = ('go-build', 'go-mod')
OPENS = 10  # per run, because they are short
# The seconds to wait after many files were deleted. ext4 passes one by one over inodes that were freed less
# than 60 seconds ago, or less than 360 if their deletion is not on the disk yet.
REST = 365
# The processor as BoringSSL (in cachectl) and OpenSSL (in the limits) see it without its instructions for SHA-256:
# without bit 29 of EBX of CPUID's leaf 7.
WITHOUT_SHA = '~0x0:~0x20000000'
TREE_VERBS = 'union', 'restore', 'prog'  # each contender of these makes a tree


class Comparison:
    def __init__(self, options):
        self.options = options
        self.cachectl = options.cachectl
        self.caches = options.providers
        self.scratch = options.scratch
        self.sizes = [size_of(os.path.join(cache, part)) for cache in self.caches.values() for part in CACHES]
        self.copy = sum(count for _, count in self.sizes)  # the most bytes that a contender's tree can have
        self.run = Runner(self.path('log'))
        self.run.cold = options.cold
        self.jobs = ['4', '8', '16'] if options.threads else []  # the numbers of threads beside 1, 2 and the default
        if options.portable_sha:
            os.environ['OPENSSL_ia32cap'] = WITHOUT_SHA
        self.limits = Limits(fresh(self.path('limits')), self.run, self.path('limit.txt'))
        self.measurements, self.failed, self.not_measured = [], {}, {}
        self.restored = 0, 0  # the files and bytes of the restored tree
        self.peers = []
        for tool in PEERS:
            if tool.name not in options.peers:
                self.not_measured[tool.title] = 'not chosen; needs --slow' if tool.slow else 'not chosen'
            elif tool.missing():
                self.not_measured[tool.title] = f'{tool.missing()[0]} is not installed'
            else:
                self.peers.append(tool)

    def path(self, *names):
        return os.path.join(self.scratch, *names)

    def programs(self, title='cachectl'):
        """Returns the cachectl to measure and, if there is one, the other cachectl, each by its title in a table."""
        other = self.options.against
        return {title: self.cachectl, **({f'{title}, other': other} if other else {})}

    def say(self, text):
        print(f'==> {text}', file=sys.stderr, flush=True)

    def check_room(self):
        """Fails if there is no room for one run of restores: every contender's tree, the first one, and the
        archives.

        A restored tree is smaller than the caches, which have more than one copy of some files."""
        needed, free = (len(self.peers) + 6) * self.copy * 2 // 3, shutil.disk_usage(self.scratch).free
        if free < needed:
            raise Failure(f'needs {needed // 10**6} MB in {self.scratch}, and {free // 10**6} are free: choose fewer '
                          '--peers or --providers, or another --scratch')

    # ------------------------------------------------------------ measuring

    def record(self, verb, contender, run, measured, count=0, provider=''):
        self.measurements.append({'verb': verb, 'contender': contender, 'provider': provider, 'run': run,
                                  'bytes': count, **measured})

    def rounds(self, verb, contenders):
        """Calls each contender once per run, in reverse order in every other run.

        Reports a peer that fails, and leaves it out with all its measurements. cachectl and the limits may not
        fail."""
        failed = self.failed.setdefault(verb, {})
        for run in range(self.options.runs):
            if verb in TREE_VERBS:
                # Of the contenders of a union, only the peers make trees.
                makers = [name for name in contenders if verb != 'union' or name in ('cp -rn', 'tar -x of each')]
                self.make_room(len(makers) + 1)
            if run == 0:  # an extra first call, not counted, pays for whatever is cold in the machine
                self.say(f'warming up, {verb}')
                next(iter(contenders.values()))(run)
                self.measurements = [m for m in self.measurements if m['verb'] != verb]
            order = list(contenders.items())
            for name, measure in order if run % 2 == 0 else reversed(order):
                if name in failed:
                    continue
                self.say(f'run {run + 1}, {verb}: {name}')
                try:
                    measure(run)
                except Failure as failure:
                    if name.startswith(('cachectl', 'limit')):
                        raise Failure(f'{verb}, {name}: {failure}') from None
                    failed[name] = str(failure)
        self.measurements = [m for m in self.measurements if m['verb'] != verb or m['contender'] not in failed]
        # The table has the given order, not the order of the rounds.
        place = {name: i for i, name in enumerate(contenders)}
        self.measurements.sort(key=lambda m: place.get(m['contender'], 0) if m['verb'] == verb else -1)

    def new_tree(self):
        """Makes an empty directory for one contender of this run."""
        return fresh(self.path('trees', str(len(os.listdir(self.path('trees'))))))

    def discard(self, *paths):
        """Discards files: they are removed when the room is needed, or at the end. See `REST`."""
        for path in paths:
            if os.path.exists(path):
                os.rename(path, os.path.join(self.new_tree(), 'discarded'))

    def make_room(self, count):
        """Removes the existing trees if there is no room for `count` more."""
        needed = count * self.copy * 2 // 3
        if shutil.disk_usage(self.scratch).free < needed and os.listdir(self.path('trees')):
            self.say(f'removing earlier trees, because {needed // 10**6} MB are needed, and waiting {REST} s for the '
                     'file system to forget them')
            fresh(self.path('trees'))
            self.run.rest(REST)

    def archived(self, tool, tree, archive, measure=None):
        """Packs a tree with a peer, and returns the size of the result."""
        self.discard(archive, archive + '.base')
        if tool.prepare:
            self.run(command(tool.prepare, archive=archive))
        measured = (measure or self.run)(command(tool.pack, tree=tree, archive=archive))
        count = size_of(archive)[1]
        if count == 0:
            raise Failure('it wrote nothing')
        return measured, count

    # ------------------------------------------------------------ pack

    def pack_command(self, provider, archive, arguments, program=None):
        cache = self.caches[provider]
        return [program or self.cachectl, 'pack', '--no-go', '--quiet', '--label', provider, '--gocache', f'{cache}/go-build',
                '--gomodcache', f'{cache}/go-mod', '-o', archive, *arguments]

    def pack(self):
        def own(name, arguments, kept, program=None):
            def measure(run):
                for provider in self.caches:
                    archive = self.path('packs', f'{provider}{kept}')
                    remove(archive)
                    measured = self.run.measure(self.pack_command(provider, archive, arguments, program))
                    self.record('pack', name, run, measured, os.path.getsize(archive), provider)
            return measure

        def peer(tool):
            def measure(run):
                for provider, cache in self.caches.items():
                    archive = self.path('packs', f'{provider}.{tool.name}')
                    measured, count = self.archived(tool, cache, archive, self.run.measure)
                    self.record('pack', tool.title, run, measured, count, provider)
                    if tool.name != 'tar-zstd-3':  # these are merged later
                        self.discard(archive, archive + '.base')
            return measure

        def limit(run):
            for provider, cache in self.caches.items():
                archive = self.path('packs', f'{provider}.limit')
                remove(archive)
                measured = self.limits.pack(f'{cache}/go-build', f'{cache}/go-mod', archive)
                self.record('pack', 'limit', run, measured, os.path.getsize(archive), provider)

        fresh(self.path('packs'))
        fresh(self.path('trees'))
        contenders = {name: own(name, [], '.castore' if program == self.cachectl else '.other', program)
                      for name, program in self.programs().items()}
        for name in ('1', '2', *self.jobs):
            contenders[f'cachectl --jobs {name}'] = own(f'cachectl --jobs {name}', ['--jobs', name], f'.jobs-{name}')
        for level in ('1', *(['19'] if self.options.slow else [])):
            contenders[f'cachectl --level {level}'] = own(f'cachectl --level {level}', ['--level', level], '.level')
        contenders['limit'] = limit
        contenders.update((tool.title, peer(tool)) for tool in self.peers)
        self.rounds('pack', contenders)
        for provider in self.caches:
            archives = [self.path('packs', f'{provider}{end}')
                        for end in ('.jobs-1', '.jobs-2', '.jobs-64', '.level', '.other', '.limit',
                                    *(f'.jobs-{name}' for name in self.jobs))]
            self.run(self.pack_command(provider, archives[2], ['--jobs', '64']))
            self.assert_same(self.packed(provider), archives[:3])
            remove(*archives)

    def packed(self, provider):
        return self.path('packs', f'{provider}.castore')

    def assert_same(self, archive, others):
        self.say(f'{os.path.basename(archive)}: the same bytes at --jobs 1, 2 and 64')
        for other in others:
            if digest(other) != digest(archive):
                raise Failure(f'{os.path.basename(other)} and {os.path.basename(archive)} differ')

    # ------------------------------------------------------------ union

    def union_command(self, archive, *arguments, program=None):
        return [program or self.cachectl, 'union', '--quiet', *map(self.packed, self.caches), '-o', archive, *arguments]

    def copy_together(self, target):
        """Merges the caches by copying, as is usual; the first job's file wins."""
        return '; '.join(command('cp -rn {build} {mod} {target}', build=f'{cache}/go-build', mod=f'{cache}/go-mod',
                                 target=target) for cache in self.caches.values())

    def union(self):
        union = self.path('union.castore')

        def own(name, program):
            archive = union if program == self.cachectl else self.path('union.other')

            def measure(run):
                remove(archive)
                measured = self.run.measure(self.union_command(archive, program=program))
                self.record('union', name, run, measured, os.path.getsize(archive))
            return measure

        def copy(run):
            target = self.new_tree()
            measured = self.run.measure(self.copy_together(target))
            self.record('union', 'cp -rn', run, measured, size_of(target)[1])

        def extract(run):
            tool = next(tool for tool in self.peers if tool.name == 'tar-zstd-3')
            target = self.new_tree()
            measured = self.run.measure('; '.join(
                command(tool.restore, archive=self.path('packs', f'{provider}.{tool.name}'), target=target)
                for provider in self.caches))
            self.record('union', 'tar -x of each', run, measured, size_of(target)[1])

        def limit(run):
            target = self.path('copied')
            measured = self.limits.union(union, target, map(self.packed, self.caches))
            if digest(target) != digest(union):
                raise Failure('it wrote other bytes than cachectl')
            self.record('union', 'limit', run, measured, os.path.getsize(target))
            remove(target)

        def plain(run):
            target = self.path('copied')
            self.record('union', 'cp of the result', run, self.run.measure(['cp', union, target]),
                        os.path.getsize(union))
            remove(target)

        contenders = {name: own(name, program) for name, program in self.programs().items()}
        contenders.update({'limit': limit, 'cp of the result': plain})
        if 'cp' in self.options.peers:
            contenders['cp -rn'] = copy
        if any(tool.title == 'tar | zstd -3' and tool.title not in self.failed['pack'] for tool in self.peers):
            contenders['tar -x of each'] = extract
        self.rounds('union', contenders)
        others = [self.path(f'union.jobs-{jobs}') for jobs in (1, 2, 64)]
        for jobs, other in zip((1, 2, 64), others):
            self.run(self.union_command(other, '--jobs', str(jobs)))
        self.assert_same(union, others)
        remove(*others, self.path('union.other'))

    def prog(self):
        compare_prog(self)

    def seal(self):
        """Measures the size of the union by other means: packs the merged tree."""
        self.make_room(2)
        merged = self.new_tree()
        self.run(self.copy_together(merged))

        def peer(tool):
            def measure(run):
                archive = self.path('sealed')
                self.record('seal', tool.title, run,
                            *self.archived(tool, merged, archive, self.run.measure))
                self.discard(archive, archive + '.base')
            return measure

        def own(run):
            united = [m for m in self.measurements if m['verb'] == 'union' and m['contender'] == 'cachectl']
            figures = next(m for m in united if m['run'] == run)
            self.record('seal', 'cachectl', run, {key: figures[key] for key in ('wall', 'cpu', 'peak')},
                        figures['bytes'])

        self.rounds('seal', {'cachectl': own, **{
            tool.title: peer(tool) for tool in self.peers
            if tool.name != 'cp' and tool.title not in self.failed['pack']}})
        remove(self.path('packs'))

    # ------------------------------------------------------------ restore, layers, verify, open

    def restore_command(self, target, *arguments, program=None):
        return [program or self.cachectl, 'restore', '--quiet', self.path('union.castore'), '--gocache', f'{target}/go-build',
                '--gomodcache', f'{target}/go-mod', *arguments]

    def check_tree(self, target):
        """Fails unless a restored tree is complete."""
        if size_of(target) != self.restored:
            raise Failure('restored {:,} files and {:,} bytes, '.format(*size_of(target)) +
                          'instead of {:,} and {:,}'.format(*self.restored))
        if self.options.check:
            # Only this file holds the time of the restore.
            self.run(command('diff -rq --exclude trim.txt {tree} {target} >&2', tree=self.path('tree'), target=target))

    def restore(self):
        tree = fresh(self.path('tree'))
        self.run(self.restore_command(tree))
        self.restored = size_of(tree)

        def finish(name, run, measured, target):
            if run == 0:
                self.check_tree(target)
            self.record('restore', name, run, measured, self.restored[1])

        def own(name, *arguments, program=None):
            def measure(run):
                target = self.new_tree()
                measured = self.run.measure(self.restore_command(target, *arguments, program=program))
                finish(name, run, measured, target)
            return measure

        def limit(run):
            target = os.path.join(self.new_tree(), 'tree')
            finish('limit', run, self.limits.restore(self.path('union.castore'), tree, target), target)

        def creation(run):
            target = os.path.join(self.new_tree(), 'tree')
            finish(TREE, run, self.limits.create_tree(tree, target), target)

        def peer(tool):
            archive = self.path('archives', tool.name)

            def measure(run):
                if not os.path.exists(archive):
                    self.archived(tool, tree, archive)
                    warm(archive)
                target = self.new_tree()
                measured = self.run.measure(command(tool.restore, archive=archive, target=target))
                finish(tool.title, run, measured, target)
            return measure

        fresh(self.path('archives'))
        self.rounds('restore', {
            **{name: own(name, program=program) for name, program in self.programs().items()},
            **{f'cachectl --jobs {name}': own(f'cachectl --jobs {name}', '--jobs', name) for name in ('1', *self.jobs)},
            'limit': limit, TREE: creation,
            **{tool.title: peer(tool) for tool in self.peers}})

    def layers(self):
        """Measures an image of the union against one layer of the restored tree with its two digests."""
        image, blob = self.path('image'), self.path('blob')

        def own(name, program, *arguments):
            def measure(run):
                remove(image)
                measured = self.run.measure([program, 'layers', '--quiet', self.path('union.castore'), '-o', image,
                                             '--arch', 'amd64', *arguments])
                self.record('layers', name, run, measured, size_of(image)[1])
            return measure

        def stream(run):
            measured = self.run.measure(
                command('tar -C {tree} -cf - . | tee >(sha256sum >&2) | zstd -q -3 -T2 | tee {blob} | sha256sum',
                        tree=self.path('tree'), blob=blob))
            self.record('layers', 'tar | zstd -3, digests', run, measured, os.path.getsize(blob))

        warm(self.path('tree'))
        forms = (), *(('--jobs', jobs) for jobs in ('1', *self.jobs)), ('--split',)
        contenders = {name: own(name, program, *more) for more in forms
                      for name, program in self.programs(' '.join(('cachectl', *more))).items()}
        self.rounds('layers', {**contenders, 'tar | zstd -3, digests': stream})
        remove(image, blob)

    def sound_archives(self):
        return {tool: self.path('archives', tool.name) for tool in self.peers
                if tool.title not in self.failed['restore']}

    def verify(self):
        def peer(tool, archive):
            return lambda run: self.record('verify', tool.title, run,
                                           self.run.measure(command(tool.verify, archive=archive)))

        def own(name, program, *arguments):
            line = [program, 'verify', '--quiet', self.path('union.castore'), *arguments]
            return lambda run: self.record('verify', name, run, self.run.measure(line))

        def limit(run):
            self.record('verify', 'limit', run, self.limits.verify(self.path('union.castore')))

        self.rounds('verify', {
            **{name: own(name, program) for name, program in self.programs().items()},
            **{f'cachectl --jobs {name}': own(f'cachectl --jobs {name}', self.cachectl, '--jobs', name)
               for name in self.jobs},
            'limit': limit,
            **{tool.title: peer(tool, archive) for tool, archive in self.sound_archives().items() if tool.verify}})

    def open(self):
        union, listing = self.path('union.castore'), self.path('listing')
        self.run([self.cachectl, 'ls', union, '--kind', 'mod'], output=listing)
        with open(listing, encoding='utf-8') as f:
            member = f.readline().split()[-1]
        self.run([self.cachectl, 'ls', union, '--kind', 'mod', '--glob', member], output=listing)
        if size_of(listing)[1] == 0:
            raise Failure(f'cachectl ls does not find `{member}`')

        def measure(name, line, times=OPENS):
            def repeated(run):
                self.run.settle()
                for i in range(times):
                    self.record('open', name, run * times + i, self.run(line))
            return repeated

        lines = {'cachectl --version': ['--version'],  # the cost of the process itself
                 'cachectl cat, one member': ['cat', union, 'mod', member],
                 'cachectl info': ['info', union, '--json', '--quiet'],
                 'cachectl ls, one member': ['ls', union, '--kind', 'mod', '--glob', member],
                 'cachectl ls, all members': ['ls', union]}
        if self.options.against:
            lines['cachectl explain'] = ['explain', union]
        contenders = {name: measure(name, [program, *line]) for title, line in lines.items()
                      for name, program in self.programs(title).items()}
        for tool, archive in self.sound_archives().items():
            if tool.list:
                name = f'{tool.title}: list'
                contenders[name] = measure(name, command(tool.list, archive=archive), 1)
        self.rounds('open', contenders)

    # ------------------------------------------------------------ results

    def machine(self):
        with open('/proc/cpuinfo', encoding='utf-8') as f:
            models = [line.split(':', 1)[1].strip() for line in f if line.startswith('model name')]
        kind = subprocess.run(['stat', '-f', '-c', '%T', self.scratch], capture_output=True, text=True, check=True)
        return {'threads': threads(), 'cpu': models[0] if models else platform.machine(),
                'kernel': platform.release(), 'file_system': kind.stdout.strip(),
                'load_before': os.getloadavg()[0]}

    def everything(self):
        """Measures one verb after the other, and yields the results so far after each."""
        self.check_room()
        machine = self.machine()
        date = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='seconds')
        warm(*self.caches.values())
        for verb in (self.pack, self.union, self.prog, self.seal, self.restore, self.layers, self.verify, self.open):
            if not self.options.no_targets:
                self.run.memory = (2 << 30) + (self.copy if verb.__name__ in TREE_VERBS else 0)
            verb()
            # A child's peak is at least this value, because it includes the parent's peak at the time of the
            # fork.
            machine.update(load_after=os.getloadavg()[0], peak_floor=self.run(['true'])['peak'])
            yield self.results(machine, date)

    def results(self, machine, date):
        summary = summarize(self.measurements)
        targets = {} if self.options.no_targets else judge(summary, self.restored[1], threads())
        return {
            'schema': 'cachestore.compare/1', 'date': date, 'machine': machine, 'versions': versions(self.cachectl),
            'options': {key: getattr(self.options, key)
                        for key in ('runs', 'peers', 'slow', 'check', 'cold', 'threads', 'portable_sha')},
            'corpus': {'providers': list(self.caches), 'files': sum(n for n, _ in self.sizes),
                       'bytes': sum(n for _, n in self.sizes), 'restored_files': self.restored[0],
                       'restored_bytes': self.restored[1]},
            'summary': summary, 'targets': targets,
            'failed': {verb: names for verb, names in self.failed.items() if names},
            'not_measured': self.not_measured, 'measurements': self.measurements,
        }


def read_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--caches', required=True, action='append')
    for name in ('cachectl', 'scratch', 'json'):
        parser.add_argument(f'--{name}', required=True)
    parser.add_argument('--runs', type=int, required=True)
    for name in ('providers', 'peers'):
        parser.add_argument(f'--{name}', type=lambda text: text.split(',') if text else [])
    for name in ('slow', 'check', 'cold', 'threads', 'portable-sha', 'no-targets'):
        parser.add_argument(f'--{name}', action='store_true')
    parser.add_argument('--against')
    options = parser.parse_args()
    if options.runs < 1:
        parser.error('--runs is a number of at least 1')
    found = {name: os.path.join(caches, name) for caches in options.caches for name in sorted(os.listdir(caches))
             if all(os.path.isdir(os.path.join(caches, name, part)) for part in CACHES)}
    unknown = [name for name in options.providers or [] if name not in found]
    if unknown or not found:
        sys.exit(f'compare-peers: no caches of {unknown[0] if unknown else "any provider"} in '
                 f'{", ".join(options.caches)}; there are: {", ".join(found) or "none"}')
    options.providers = {name: found[name] for name in options.providers or found}
    known = [tool.name for tool in PEERS]
    unknown = [name for name in options.peers or [] if name not in known]
    if unknown:
        sys.exit(f'compare-peers: no such peer: {unknown[0]}; there are: {", ".join(known)}')
    options.peers = options.peers or [tool.name for tool in PEERS if options.slow or not tool.slow]
    return options


def main():
    options = read_options()
    try:
        for results in Comparison(options).everything():
            with open(options.json, 'w', encoding='utf-8') as f:
                json.dump(results, f, indent=1)
                f.write('\n')
    except Failure as failure:
        sys.exit(f'compare-peers: {failure}')
    report(results)


if __name__ == '__main__':
    main()
