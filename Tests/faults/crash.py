"""Lets the power fail at each moment of a command, and judges what is left.

usage: crash.py --cachectl BINARY [--short] [--seed N] [--only NAME;…]

  --cachectl BINARY  a dynamically linked cachectl, as `swift build` makes it
  --short            few of the clones of caches, and no skopeo and no Go: less than a minute
  --seed N           the seed of what is chosen at random (default: 1)
  --only NAME;…      these scenarios alone

recorder.c records what a command changes on the disk, and when it waits for the disk. A clone is what the disk
may hold if the power fails at a point of that record: diskmodel.py makes it. At each point, the clones are:

- everything is on the disk
- everything that was not waited for is lost
- the names are there, and the files are empty; or they have their lengths, and hold zeros
- the files are there, and the names are lost
- one name is lost and the later ones are there, or one is there and the earlier ones are lost
- any part of it, chosen at random: some of the names, some of the writes, half of a write

An archive or image must then be the new one or the old one, and the new one once the command has ended. Caches
must be right after the same command has run again; after `restore --sync` has ended, they must be right at once.

The harness tests itself first: it must find the faults of commands that do not wait for the disk.
"""
import argparse
import collections
import concurrent.futures
import multiprocessing
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

import caches
import diskmodel
import gobuild
import judges

# Functions that change files. The recorder does not know them, so cachectl may not use them. Those that swift-nio
# refers to and no command calls (remove, sendfile, symlink, writev) end the program under the recorder.
UNRECORDED = set('''chmod chown copy_file_range64 creat creat64 fallocate64 fchown fdatasync64 lchown lutimes mkfifo
mkostemp mknod mkstemp mkstemp64 msync posix_fallocate posix_fallocate64 pwritev pwritev2 pwritev64 sendfile64
setxattr splice sync tmpfile truncate truncate64 utime utimes vmsplice'''.split())


class Scenario:
    """A command, the commands that prepare its directory, and the way to judge what is left."""

    def __init__(self, name, command, ready=(), output=None, kind='archive'):
        self.name, self.command, self.ready, self.output, self.kind = name, command, ready, output, kind

    @property
    def again(self):
        """The command of a second run."""
        if self.kind == 'caches' or '--force' in self.command:
            return self.command
        return self.command + ' --force'


PACK = 'pack --no-go --label a --gocache cache --gomodcache mods'
A, B = f'{PACK} -o a.castore', 'pack --no-go --label b --gocache cache2 --gomodcache mods2 -o b.castore'
ALL = 'union a.castore b.castore -o all.castore'
TO = '--no-go --gocache out/cache --gomodcache out/mods'
GO = 'restore, then go build'
PAGE = 4096  # of what a file system writes at once
SCENARIOS = [
    Scenario('pack', f'{PACK} -o new.castore', output='new.castore'),
    Scenario('pack, over an old archive', f'{PACK} -o b.castore --force', [B], 'b.castore'),
    Scenario('pack, with a base', f'{PACK} -o new.castore --base b.castore', [B], 'new.castore'),
    Scenario('pack, by patterns', f'{PACK} -o new.castore --include std --exclude net', output='new.castore'),
    Scenario('union', ALL, [A, B], 'all.castore'),
    Scenario('union, over an input', 'union a.castore b.castore -o a.castore --force', [A, B], 'a.castore'),
    Scenario('difference', 'difference a.castore b.castore -o new.castore', [A, B], 'new.castore'),
    Scenario('intersect', 'intersect a.castore b.castore -o b.castore --force', [A, B], 'b.castore'),
    Scenario('layers', 'layers all.castore -o new/made/image --arch amd64', [A, B, ALL], 'new/made/image', 'layout'),
    Scenario('layers, split, gzip', 'layers all.castore -o image --arch amd64 --split --compression gzip', [A, B, ALL],
             'image', 'layout'),
    Scenario('layers, over an old image', 'layers all.castore -o image --arch amd64 --force',
             [A, B, ALL, 'layers a.castore -o image --arch amd64'], 'image', 'layout'),
    Scenario('layers, upon a base', 'layers b.castore -o image --arch amd64 --base oci:base',
             [A, B, 'layers a.castore -o base --arch amd64'], 'image', 'layout'),
    Scenario('restore', f'restore all.castore {TO}', [A, B, ALL], kind='caches'),
    Scenario('restore, synced', f'restore all.castore {TO} --sync', [A, B, ALL], kind='caches'),
    Scenario('restore, over caches', f'restore all.castore {TO}', [A, B, ALL, f'restore b.castore {TO}'],
             kind='caches'),
    Scenario('restore, for one user', f'restore all.castore {TO} --profile ci', [A, B, ALL], kind='caches'),
    Scenario('restore, zips made', f'restore a.castore {TO} --module-zips make', [A], kind='caches'),
    Scenario('seal', f'seal out/cache --gomodcache out/mods', [A, f'restore a.castore {TO} --profile ci'],
             kind='caches'),
]


class Bench:
    """The programs, and directories to run them in."""

    def __init__(self, options, work):
        self.cachectl, self.work, self.short = os.path.abspath(options.cachectl), work, options.short
        self.recorder = work / 'recorder.so'
        source = pathlib.Path(__file__).parent / 'recorder.c'
        subprocess.run(['gcc', '-shared', '-fPIC', '-O1', '-o', self.recorder, source, '-ldl'], check=True)
        self.number, self.ready = 0, {}
        self.caches = work / 'caches'
        caches.build_cache(self.caches / 'cache', ['fmt', 'io', 'net'])
        caches.build_cache(self.caches / 'cache2', ['fmt', 'os'])
        caches.build_cache(self.caches / 'cache', ['a large package'], size=30_000)
        self.program(self.caches / 'cache')
        self.checksums(self.caches / 'mods/cache/download/sumdb/sum.example.org')
        caches.module_cache(self.caches / 'mods', ['example.org/one', 'example.org/two'])
        caches.module_cache(self.caches / 'mods2', ['example.org/one'])
        caches.module_cache(self.caches / 'mods2', ['example.org/zip'], tree=False)

    @staticmethod
    def remove(path):
        for directory, _, _ in os.walk(path):
            os.chmod(directory, 0o755)
        shutil.rmtree(path)

    @staticmethod
    def program(cache):
        """Adds a program, which is a directory with one file (Go 1.24 and later)."""
        content = b'\x7fELF' + bytes(range(256)) * 20
        action, output = caches.sha(b'program'), caches.sha(content)
        caches.write(cache / output[:2] / f'{output}-d/tool', content, 0o755)
        text = f'v1 {action} {output} {len(content):20d} {caches.TIME * 10**9:20d}\n'
        caches.write(cache / action[:2] / f'{action}-a', text.encode())

    @staticmethod
    def checksums(database):
        """Adds files of a checksum database."""
        caches.write(database / 'lookup/example.org/one@v1.0.0', b'1\nexample.org/one v1.0.0 h1:\n\ntree\n')
        caches.write(database / 'tile/8/0/000', b''.join(bytes.fromhex(caches.sha(bytes([i]))) for i in range(256)))

    def run(self, directory, command, record=None):
        values = {'PATH': os.environ['PATH'], 'HOME': str(directory), 'TZ': 'UTC', 'TMPDIR': str(self.work)}
        if record:
            values |= {'LD_PRELOAD': str(self.recorder), 'CACHESTORE_RECORD': str(record)}
        return subprocess.run(
            [self.cachectl, *command.split(), '--jobs', '1', '--quiet'], cwd=directory, timeout=120, env=values,
            stdin=subprocess.DEVNULL, capture_output=True)

    def must(self, directory, command, record=None):
        done = self.run(directory, command, record)
        if done.returncode:
            sys.exit(f'{command}: {done.stderr.decode()}')

    def place(self):
        self.number += 1
        return self.work / f'run-{os.getpid()}-{self.number}'

    def prepare(self, commands):
        """Returns the directory in which commands have run."""
        if commands not in self.ready:
            path = self.place()
            self.copy(self.prepare(commands[:-1]) if commands else self.caches, path)
            if commands:
                self.must(path, commands[-1])
            self.ready[commands] = path
        return self.ready[commands]

    def prepared(self, commands):
        """Returns a copy of the directory in which commands have run."""
        path = self.place()
        self.copy(self.prepare(tuple(commands)), path)
        return path

    @staticmethod
    def copy(path, new):
        subprocess.run(['cp', '-a', path, new], check=True)

    def check_functions(self):
        """Looks for calls that the recorder would miss."""
        text = subprocess.run(['nm', '-D', '--undefined-only', self.cachectl], check=True, capture_output=True).stdout
        missed = UNRECORDED & set(re.findall(r'\bU (\w+)', text.decode()))
        if missed:
            sys.exit(f'the recorder does not know {", ".join(sorted(missed))}, which cachectl calls')


class Trial:
    """One scenario, recorded."""

    def __init__(self, bench, scenario, random, ignoring=()):
        self.bench, self.scenario, self.random = bench, scenario, random
        root, self.record = bench.prepared(scenario.ready), bench.work / f'record-{os.getpid()}'
        nodes, node = diskmodel.scan(root)
        bench.must(root, scenario.command, self.record)
        self.recording = diskmodel.Recording(root, nodes, node, self.record, ignoring)
        self.before, self.after = self.recording.state(0), self.recording.state(self.recording.calls)
        self.check_recording(diskmodel.state_of(root))
        bench.remove(root)
        make = {'archive': judges.Judge, 'layout': judges.LayoutJudge, 'caches': None}[scenario.kind]
        self.judge = make(scenario.output, self.before, self.after) if make else None

    def check_recording(self, there):
        """Compares the result of all recorded calls with the directory itself."""
        if self.recording.unknown:
            sys.exit(f'{self.scenario.name}: a change that was not recorded: {self.recording.unknown[0]}')
        if wrong := judges.difference(judges.look(self.after), judges.look(there)):
            sys.exit(f'{self.scenario.name}: the record is not complete: {wrong}')

    # ------------------------------------------------------------ clones

    def choices(self, point, count, pairs):
        """Yields what to lose at a point, as parameters of Recording.state."""
        effects = self.recording.open_effects(point)
        names = [e.number for e in effects if e.kind == 'names']
        data = frozenset(e.number for e in effects if e.kind in ('bytes', 'length'))
        everything = frozenset(e.number for e in effects)
        yield {}
        yield {'lost': everything}
        yield {'lost': data}
        yield {'lost': data, 'zeros': data}
        yield {'lost': frozenset(names)}
        for number in names[-pairs:] if pairs else ():
            yield {'lost': frozenset([number])}
            yield {'lost': data | {number}, 'zeros': data}
            yield {'lost': everything - {number}}
            yield {'lost': everything - {number} - data}
        for _ in range(count):
            yield self.any_part(effects)

    def any_part(self, effects):
        chance, lost, torn = self.random.random, set(), {}
        by_node = collections.defaultdict(list)
        for effect in effects:
            by_node[effect.nodes[0]].append(effect)
        share = self.random.choice([0.1, 0.5, 0.9])
        for group in by_node.values():
            if chance() < 0.5:  # the first ones only
                lost |= {e.number for e in group[self.random.randint(0, len(group)):]}
            else:
                lost |= {e.number for e in group if chance() < share}
            last = group[-1]
            if last.kind == 'bytes' and last.number not in lost and len(last.value[1]) > PAGE and chance() < 0.3:
                torn[last.number] = PAGE
        zeros = frozenset(number for number in lost if chance() < 0.5)
        return {'lost': frozenset(lost), 'zeros': zeros, 'torn': tuple(torn.items())}

    # ------------------------------------------------------------ archives and layouts

    def outputs(self):
        """Judges every clone; runs the command again in some of them."""
        count, pairs, runs = (2, 3, 2) if self.bench.short else (12, 60, 60)
        tally, kinds, seen = collections.Counter(), {}, set()
        again = []
        for point in range(self.recording.calls + 1):
            for choice in self.choices(point, count, pairs):
                state = self.recording.state(point, **choice)
                word = self.judge.judge(state, point == self.recording.calls)
                tally['clones'] += 1
                tally[word.split(':')[0]] += 1
                if word.startswith('WRONG'):
                    kinds.setdefault(word, (point, choice))
                key = hash(frozenset((name, entry.content) for name, entry in state.items()))
                if key not in seen:
                    seen.add(key)
                    again.append((point, choice, word))
        tally['distinct'] = len(seen)
        words = {}
        for point, choice, word in again:  # one of each kind, and any others
            words.setdefault(word, (point, choice, word))
        some = list(words.values()) + self.random.sample(again, min(runs, len(again)))
        for point, choice, word in some:
            tally['runs'] += 1
            if wrong := self.run_again(self.recording.state(point, **choice), word):
                tally['WRONG'] += 1
                kinds.setdefault(f'WRONG: {wrong}', (point, choice))
        return tally, kinds

    def run_again(self, state, word):
        """Says what is wrong after the next run, or before it as other programs see it."""
        if word.startswith('WRONG'):
            return None
        path = self.bench.place()
        diskmodel.write(state, path)
        try:
            if word in ('new', 'old'):
                wrong = self.archive_fault(path) if self.scenario.kind == 'archive' else self.layout_fault(path)
                if wrong:
                    return f'the {word} output: {wrong}'
            if word == 'new' and self.changes_input():
                return None
            done = self.bench.run(path, self.scenario.again)
            if done.returncode:
                return f'the next run fails: {done.stderr.decode()[:300]}'
            return judges.difference(self.contents(diskmodel.state_of(path)), self.contents(self.after))
        finally:
            self.bench.remove(path)

    def changes_input(self):
        """Whether the output is an input of the command, which then gives another output the next time."""
        return self.scenario.command.count(self.scenario.output) > 1 or self.scenario.name == 'intersect'

    @staticmethod
    def contents(state):
        return {name: (entry.kind, entry.content) for name, entry in state.items()}

    def archive_fault(self, path):
        done = self.bench.run(path, f'verify {self.scenario.output}')
        return done.stderr.decode()[:300] if done.returncode else None

    def layout_fault(self, path):
        if self.bench.short:
            return None
        place = f'oci:{path / self.scenario.output}'
        for command in (['skopeo', 'inspect', place], ['skopeo', 'copy', '-q', place, f'dir:{path / "copy"}']):
            done = subprocess.run(command, capture_output=True, env={'PATH': os.environ['PATH'], 'HOME': str(path)})
            if done.returncode:
                return f'{command[1]}: {done.stderr.decode()[:300]}'
        shutil.rmtree(path / 'copy')
        return None

    # ------------------------------------------------------------ caches

    def cache_clones(self, limit):
        """Yields points and choices: all kinds at the end, and any at other moments."""
        end = self.recording.calls
        yield from ((end, choice) for choice in self.choices(end, 4, 0))
        for _ in range(limit):
            point = self.random.randint(1, end)
            yield point, self.random.choice(list(self.choices(point, 4, 4)))

    def caches(self):
        limit = 6 if self.bench.short else 200
        tally, kinds, seen = collections.Counter(), {}, set()
        wanted = judges.look(self.after, 'out')
        is_synced = '--sync' in self.scenario.command
        for point, choice in self.cache_clones(limit):
            state = self.recording.state(point, **choice)
            tally['clones'] += 1
            tally['unseen'] += judges.unseen(state, self.after) is not None
            if wrong := judges.lost(state, self.before, self.after, 'out'):
                tally['WRONG'] += 1
                kinds.setdefault(f'WRONG: {wrong}', (point, choice))
            key = hash(frozenset(judges.look(state, 'out').items()))
            if key in seen:
                continue
            seen.add(key)
            found = judges.difference(judges.look(state, 'out'), wanted)
            if is_synced and point == self.recording.calls and found:
                word = f'WRONG: after the end, {found}'
            else:
                word = self.mend(state, found, wanted)
            tally['runs'] += 1
            tally[word.split(':')[0]] += 1
            if word.startswith('WRONG'):
                kinds.setdefault(re.sub('[0-9a-f]{8,}', '…', word), (point, choice))
        tally['distinct'] = len(seen)
        return tally, kinds

    def mend(self, state, found, wanted):
        path = self.bench.place()
        diskmodel.write(state, path)
        try:
            if self.scenario.name == 'seal':
                done = self.bench.run(path, self.scenario.command + ' --check')
                if done.returncode not in (0, 1) or (done.returncode == 0) != (found is None):
                    return f'WRONG: seal --check ends with {done.returncode}: {found} {done.stderr.decode()[:300]}'
            elif wrong := self.spread(path):
                return f'WRONG: {wrong}'
            done = self.bench.run(path, self.scenario.again)
            if done.returncode:
                return f'WRONG: the next run fails: {done.stderr.decode()[:300]}'
            if wrong := judges.difference(judges.look(diskmodel.state_of(path), 'out'), wanted):
                return f'WRONG: after the next run, {wrong}'
            return 'mended' if found else 'whole'
        finally:
            self.bench.remove(path)

    def spread(self, path):
        """Packs the caches as they are. Says so if the pack holds anything that was not restored."""
        archive = re.search(r'\w+\.castore', self.scenario.command)[0]
        if not (path / 'out/cache').exists() or not (path / 'out/mods').exists():
            return None
        for command in (
            'pack --no-go --label again --gocache out/cache --gomodcache out/mods -o again.castore',
            f'difference again.castore {archive} -o more.castore',
        ):
            done = self.bench.run(path, command)
            if done.returncode:
                return f'{command}: {done.stderr.decode()[:300]}'
        listing = self.bench.run(path, 'ls more.castore').stdout.decode().split('\n')
        return f'a pack spreads {listing[0]}' if listing[0] else None


COLUMNS = 'calls syncs clones distinct new old none whole mended unseen runs WRONG'.split()


def row(name, tally):
    return f'{name:26}' + ''.join(f'{tally.get(column, ""):>9}' for column in COLUMNS)


def try_scenario(name, seed, ignoring=()):
    """Tries one scenario, in a process of its own."""
    scenario = next(s for s in SCENARIOS if s.name == name)
    trial = Trial(bench, scenario, random.Random(seed), ignoring)
    tally, kinds = trial.caches() if scenario.kind == 'caches' else trial.outputs()
    tally.update(calls=trial.recording.calls, syncs=trial.recording.syncs)
    return tally, {word: point for word, (point, _) in kinds.items()}


def test_itself(pool, seed):
    """Finds the faults of commands that do not wait for the disk, or ends with an error."""
    planted = [
        ('pack', {'sync'}), ('pack, over an old archive', {'sync'}), ('layers', {'sync'}),
        ('layers, over an old image', {'sync'}), ('restore, synced', {'syncall'}),
    ]
    for (name, _), (tally, _) in zip(planted, pool.map(try_scenario, *zip(*((n, seed, c) for n, c in planted)))):
        if not tally['WRONG']:
            sys.exit(f'the harness is blind: it finds nothing wrong in {name} without syncs')
        print(f'self-test: {name} without syncs: {tally["WRONG"]} of {tally["clones"]} clones are wrong', flush=True)


def try_go(bench, seed):
    """Builds with real Go in clones of a restore. Without --sync, Go may go wrong before the next restore."""
    trial, sum = gobuild.GoTrial(bench, random.Random(seed)), collections.Counter()
    print(f'\n{GO:26}' + ''.join(f'{column:>14}' for column in gobuild.COLUMNS))
    for synced in (False, True):
        part = Trial.any_part.__get__(trial)
        _, tally, examples = trial.run(part, 40, synced)
        print(f'{"--sync" if synced else "without --sync":26}'
              + ''.join(f'{tally[column]:>14}' for column in gobuild.COLUMNS))
        for text, count in examples.most_common(8):
            if text:
                print(f'    {count:4} × {text}')
        sum += tally
    return sum


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--cachectl', required=True)
    parser.add_argument('--short', action='store_true')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--only')
    options = parser.parse_args()
    wanted = options.only.split(';') if options.only else None
    if wanted and (unknown := set(wanted) - {s.name for s in SCENARIOS} - {GO}):
        parser.error(f'no scenario: {", ".join(sorted(unknown))}')
    base = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None
    work = pathlib.Path(tempfile.mkdtemp(prefix='cachestore-crash.', dir=base)).resolve()
    start, total = time.monotonic(), collections.Counter()
    global bench
    try:
        bench = Bench(options, work)
        bench.check_functions()
        for scenario in SCENARIOS:
            bench.prepare(tuple(scenario.ready))
        # Each process inherits the bench.
        context = multiprocessing.get_context('fork')
        with concurrent.futures.ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
            test_itself(pool, options.seed)
            print(f'{"scenario":26}' + ''.join(f'{column:>9}' for column in COLUMNS))
            names = [s.name for s in SCENARIOS if not wanted or s.name in wanted]
            for name, (tally, kinds) in zip(names, pool.map(try_scenario, names, [options.seed] * len(names))):
                total.update(tally)
                print(row(name, tally), flush=True)
                for word, point in kinds.items():
                    print(f'    at {point}: {word}', flush=True)
        if not options.short and not wanted or wanted and GO in wanted:
            total.update(try_go(bench, options.seed))
    finally:
        Bench.remove(work)
    print(f'{total["clones"]} clones, {total["runs"]} runs, {total["WRONG"]} wrong, seed {options.seed}, '
          f'{time.monotonic() - start:.0f} s')
    sys.exit(bool(total['WRONG']))


main()
