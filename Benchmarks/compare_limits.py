"""The limits of the verbs for compare_peers.py: C programs of limit/, each of which does the necessary work of a verb
and no more. Also `prog`, a verb without peers."""
import base64
import os
import sqlite3
import subprocess

from compare_run import Failure, remove, threads

LIBRARIES = {
    'pack': ('limit.c', '-lzstd', '-lcrypto'),
    'restore': ('files.c', 'decode.c', 'archive.c', 'limit.c', '-lzstd', '-lcrypto', '-lsqlite3'),
    'verify': ('decode.c', 'archive.c', 'limit.c', '-lzstd', '-lcrypto', '-lsqlite3'),
    'union': ('archive.c', 'limit.c', '-lzstd', '-lcrypto', '-lsqlite3'),
    'prog': ('files.c', 'decode.c', 'archive.c', 'limit.c', '-lzstd', '-lcrypto', '-lsqlite3'),
    'create-tree': (),
}
WARNINGS = ('-Wall', '-Wextra', '-Wshadow', '-Werror')
TREE = 'limit, tree from memory'


def build(directory):
    """Compiles all limits into a directory."""
    sources = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'limit')
    for program, rest in LIBRARIES.items():
        line = ['cc', '-std=gnu17', '-O2', '-pthread', *WARNINGS, '-o', os.path.join(directory, program),
                f'{program}.c', *rest]
        if subprocess.run(line, cwd=sources, check=False).returncode:
            raise Failure(f'cannot compile limit/{program}.c; it needs the headers of libzstd, libcrypto and SQLite '
                          '(libzstd-dev, libssl-dev, libsqlite3-dev)')


class Limits:
    """The limits, run like other contenders. Each program prints the wall and the CPU seconds of its work, without
    those of its preparation; so its peak of memory tells nothing, and is 0."""

    def __init__(self, directory, run, output):
        self.directory, self.run, self.output = directory, run, output
        build(directory)

    def __call__(self, program, *arguments):
        self.run.settle()
        self.run([os.path.join(self.directory, program), *arguments], output=self.output)
        with open(self.output, encoding='utf-8') as f:
            wall, cpu = map(float, f.read().split())
        return {'wall': wall, 'cpu': cpu, 'peak': 0}

    def pack(self, build_cache, module_cache, archive):
        return self('pack', build_cache, module_cache, archive, str(threads()))

    def union(self, union, target, archives):
        return self('union', union, target, str(threads()), *archives)

    def restore(self, archive, tree, target):
        return self('restore', archive, tree, target, str(threads()))

    def create_tree(self, tree, target):
        return self('create-tree', tree, target, str(threads()))

    def verify(self, archive):
        return self('verify', archive, str(threads()))

    def prog(self, archive, pack, target):
        return self('prog', archive, pack, target, str(threads()))


# ---------------------------------------------------------------- prog: the gets of one build

def action_ids(archive):
    """Returns the action IDs of an archive (see Format.md)."""
    with open(archive, 'rb') as f:
        f.seek(-8, os.SEEK_END)
        start, end = int.from_bytes(f.read(8), 'big'), f.tell() - 25
        f.seek(start)
        image = f.read(end - start)
    database = sqlite3.connect(':memory:')
    if hasattr(database, 'deserialize'):
        database.deserialize(image)
        return [row[0] for row in database.execute('SELECT DISTINCT id FROM action ORDER BY id')]
    path = f'{archive}.index'  # Python before 3.11
    with open(path, 'wb') as f:
        f.write(image)
    database = sqlite3.connect(path)
    ids = [row[0] for row in database.execute('SELECT DISTINCT id FROM action ORDER BY id')]
    remove(path)
    return ids


def write_requests(archive, path):
    """Writes the requests of a go command (cmd/go/internal/cacheprog) that asks for each action of an archive, and
    returns their number."""
    ids = action_ids(archive)
    with open(path, 'w', encoding='utf-8') as f:
        for number, action in enumerate(ids, 1):
            f.write(f'{{"ID":{number},"Command":"get","ActionID":"{base64.b64encode(action).decode()}"}}\n\n')
        f.write(f'{{"ID":{len(ids) + 1},"Command":"close"}}\n\n')
    return len(ids)


def entries(cache):
    """Returns the names and lengths of the entries in a build cache; other files in it don't count."""
    return {name: os.path.getsize(os.path.join(folder, name))
            for folder, _, names in os.walk(cache) for name in names if name.endswith(('-a', '-d'))}


def compare_prog(comparison):
    """Measures the gets of the largest provider's build: each action of its pack, in a new GOCACHE."""
    union, requests, answers = (comparison.path(name) for name in ('union.castore', 'requests', 'answers'))
    pack = max(map(comparison.packed, comparison.caches), key=os.path.getsize)
    count = write_requests(pack, requests)
    found = {}

    def check(name, run, measured, cache):
        if run == 0:
            found[name] = entries(cache)
            first = next(iter(found.values()))
            if found[name] != first or sum(n.endswith('-a') for n in first) != count:
                raise Failure(f'{name} wrote {len(found[name])} entries for {count} actions, not {len(first)}')
        comparison.record('prog', name, run, measured, sum(found[name].values()))

    def own(name, program):
        def measure(run):
            cache = os.path.join(comparison.new_tree(), 'go-build')
            comparison.run.settle()
            measured = comparison.run(['env', f'GOCACHE={cache}', program, 'prog', union, '--strict', '--jobs',
                                       str(threads())], output=answers, input=requests)
            with open(answers, encoding='utf-8') as f:
                if (hits := sum('"DiskPath"' in line for line in f)) != count:
                    raise Failure(f'{hits} hits for {count} actions')
            check(name, run, measured, cache)
        return measure

    def limit(run):
        cache = os.path.join(comparison.new_tree(), 'go-build')
        check('limit', run, comparison.limits.prog(union, pack, cache), cache)

    contenders = {name: own(name, program) for name, program in comparison.programs().items()}
    comparison.rounds('prog', {**contenders, 'limit': limit})
