"""What builds do with caches that a loss of power has left, with and without a second restore."""
import collections
import hashlib
import os
import pathlib
import subprocess
import sys

import caches
import diskmodel

DEPENDENCY = {
    'go.mod': b'module example.org/dep\n\ngo 1.21\n',
    'dep.go': b'package dep\n\nvar Names = []string{"dep"}\n\nfunc Count() int { return len(Names) }\n',
    'more.go': b'package dep\n\nfunc init() { Names = append(Names, "more") }\n',
}
MAIN = b'''package main

import (
    "fmt"

    "example.org/dep"
)

func main() { fmt.Println(dep.Count(), dep.Names) }
'''
RESTORE = 'restore go.castore --no-go --gocache out/cache --gomodcache out/mods'
COLUMNS = 'clones distinct right refused wrong after-restore'.split()


class GoTrial:
    """A restore of the caches of a real build, and builds in its clones."""

    def __init__(self, bench, random):
        self.bench, self.random = bench, random
        self.go = os.environ.get('CACHESTORE_GO') or sys.exit('CACHESTORE_GO does not name the go command')
        self.root = bench.place()
        self.main = bench.work / 'main'
        self.make_main()
        caches.module(self.root / 'mods', 'example.org/dep', 'v1.0.0', DEPENDENCY)
        (self.root / 'cache').mkdir()
        status, self.right = self.build(self.root / 'cache', self.root / 'mods')
        if status:
            sys.exit(f'the first build fails: {self.right}')
        bench.must(self.root, 'pack --no-go --label go --gocache cache --gomodcache mods -o go.castore')
        bench.remove(self.root / 'cache')
        bench.remove(self.root / 'mods')

    def make_main(self):
        named = {f'example.org/dep@v1.0.0/{name}': data for name, data in DEPENDENCY.items()}
        sums = f'example.org/dep v1.0.0 {caches.h1(named)}\n' \
            f'example.org/dep v1.0.0/go.mod {caches.h1({"go.mod": DEPENDENCY["go.mod"]})}\n'
        caches.write(self.main / 'go.sum', sums.encode())
        caches.write(self.main / 'go.mod', b'module example.org/main\n\ngo 1.21\n\nrequire example.org/dep v1.0.0\n')
        caches.write(self.main / 'main.go', MAIN)

    def build(self, cache, modules):
        """Returns the status of a build, and the SHA-256 of the program or the message."""
        program = self.bench.work / 'program'
        program.unlink(missing_ok=True)
        done = subprocess.run(
            [self.go, 'build', '-trimpath', '-mod=readonly', '-buildvcs=false', '-o', program, '.'], cwd=self.main,
            env={'PATH': os.environ['PATH'], 'HOME': str(self.bench.work), 'TZ': 'UTC', 'GOTOOLCHAIN': 'local',
                 'GOCACHE': str(cache), 'GOMODCACHE': str(modules), 'GOPROXY': 'off', 'GOSUMDB': 'off',
                 'CGO_ENABLED': '0', 'GOFLAGS': '', 'GOWORK': 'off', 'GOENV': 'off'}, capture_output=True, timeout=300)
        if done.returncode:
            return done.returncode, done.stderr.decode(errors='replace')
        return 0, hashlib.sha256(program.read_bytes()).hexdigest()

    # ------------------------------------------------------------ clones

    def choices(self, recording, count, any_part):
        end = recording.calls
        effects = recording.open_effects(end)
        data = [e for e in effects if e.kind == 'bytes']
        everything = frozenset(e.number for e in data)
        if not effects:
            yield end, {}
            return
        yield end, {}
        yield end, {'lost': everything}
        yield end, {'lost': everything, 'zeros': everything}
        trees = {e.nodes[0] for e in data if b'package dep' in e.value[1]}
        nodes = sorted(trees, key=lambda node: node.effects[0].number)
        nodes += self.random.sample([e.nodes[0] for e in data], min(count, len(data)))
        for node in nodes:  # one file without its content
            lost = frozenset(e.number for e in node.effects if e.kind == 'bytes')
            yield end, {'lost': lost, 'zeros': lost}
            yield end, {'lost': lost}
        for effect in effects:  # one name of the dependency's tree
            if effect.kind == 'names' and effect.value[0][1] in DEPENDENCY:
                yield end, {'lost': frozenset([effect.number])}
        for _ in range(count):
            point = self.random.randint(1, end)
            yield point, any_part(recording.open_effects(point))

    def run(self, any_part, count, synced):
        command = RESTORE + (' --sync' if synced else '')
        nodes, node = diskmodel.scan(self.root)
        record = self.bench.work / 'record'
        self.bench.must(self.root, command, record)
        recording = diskmodel.Recording(self.root, nodes, node, record)
        self.bench.remove(self.root / 'out')
        tally, examples, seen = collections.Counter(), collections.Counter(), set()
        for point, choice in self.choices(recording, count, any_part):
            if synced and point < recording.calls:
                continue
            tally['clones'] += 1
            state = recording.state(point, **choice)
            key = hash(frozenset(state.items()))
            if key in seen:
                continue
            seen.add(key)
            word, text = self.direct(state)
            tally[word] += 1
            examples[text] += 1
            if synced and word != 'right':
                tally['WRONG'] += 1
            if wrong := self.restored(state):
                tally['WRONG'] += 1
                examples[f'WRONG: {wrong}'] += 1
            else:
                tally['after-restore'] += 1
        tally['distinct'] = len(seen)
        return recording, tally, examples

    def direct(self, state):
        """Builds in a clone as it is."""
        path = self.bench.place()
        diskmodel.write(state, path)
        try:
            status, text = self.build(path / 'out/cache', path / 'out/mods')
            if status:
                return 'refused', f'Go says: {text.strip().splitlines()[-1][:140]}'
            return ('right', '') if text == self.right else ('wrong', 'Go makes another program, without an error')
        finally:
            self.bench.remove(path)

    def restored(self, state):
        """Restores into a clone and builds. Says what is wrong then."""
        path = self.bench.place()
        diskmodel.write(state, path)
        try:
            done = self.bench.run(path, RESTORE)
            if done.returncode:
                return f'the next restore fails: {done.stderr.decode()[:300]}'
            status, text = self.build(path / 'out/cache', path / 'out/mods')
            return None if text == self.right else f'after the next restore, the build ends with {status}: {text[:300]}'
        finally:
            self.bench.remove(path)
