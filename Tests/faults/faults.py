"""Runs every command of cachectl with every system call failing in turn, and judges what is left.

usage: faults.py --cachectl BINARY [--shim SHIM] [--short] [--step N] [--only NAME;…] [--jobs N]
       [--report FILE]

  --cachectl BINARY  a dynamically linked cachectl, as `swift build` makes it
  --short            a few calls of each function in place of all, one errno each: minutes
  --step N           one call in N of those that a scenario makes, but the first 20 calls of each function
  --only NAME;…      these scenarios alone
  --report FILE      writes each fault as a line of JSON

A run holds if one of these is true, and nothing else is left in its directory:
- it ended with status 0, and everything is as after a run without a fault;
- it ended with status 1, with an error that names something, and everything is as it was before. Of a restore
  and a seal, which change what is there step by step, each file is as before or as after.
With several threads, a number of a call is not always the same call; what is judged is the same.
After a kill, each file is as before or as after, and so is the output; then a second run must end as a run
without a fault does, and leave nothing behind.
"""
import argparse
import collections
import concurrent.futures
import errno
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading

import caches
import judges
import program

TRANSFERS = {'read', 'write', 'pread', 'pread64', 'pwrite', 'pwrite64'}
CHANGES = {
    'write', 'pwrite', 'pwrite64', 'mkdir', 'mkdirat', 'rmdir', 'unlink', 'unlinkat', 'renameat', 'renameat2', 'linkat',
    'symlinkat', 'fchmod', 'fchmodat', 'futimens', 'utimensat', 'ftruncate', 'ftruncate64', 'fsync', 'copy_file_range',
    'open', 'openat', 'openat2', 'mkdtemp',
}
# Errors that a call can plausibly give. What says that a file is not there is not among them: a file may vanish.
ERRORS = {
    'read': 'EIO EINTR ENOMEM', 'write': 'EIO ENOSPC EDQUOT EINTR', 'mmap': 'ENOMEM EAGAIN',
    'open': 'EMFILE ENFILE EACCES ENOMEM EINTR EIO', 'readdir': 'EIO EINTR', 'fdopendir': 'ENOMEM EMFILE EINTR',
    'fstat': 'EIO ENOMEM EINTR', 'mkdir': 'ENOSPC EDQUOT EACCES EINTR EROFS EMLINK', 'rmdir': 'EIO EBUSY EINTR',
    'unlink': 'EIO EACCES EBUSY EINTR', 'renameat': 'EIO ENOSPC EXDEV EACCES EINTR',
    'linkat': 'EMLINK EPERM EXDEV ENOSPC EINTR', 'symlinkat': 'ENOSPC EIO', 'readlinkat': 'EIO ENOMEM',
    'fchmod': 'EPERM EIO EROFS', 'futimens': 'EPERM EIO EROFS', 'ftruncate': 'EIO ENOSPC EINTR',
    'fsync': 'EIO ENOSPC EINTR', 'flock': 'EINTR ENOLCK', 'close': 'EIO EINTR', 'lseek': 'EINVAL', 'dup': 'EMFILE',
    'copy_file_range': 'EIO ENOSPC EXDEV', 'pipe': 'EMFILE ENFILE', 'poll': 'ENOMEM EINTR', 'waitpid': 'EINTR',
    'posix_spawnp': 'EAGAIN ENOMEM EMFILE', 'pthread_create': 'EAGAIN', 'access': 'EIO', 'fstatvfs': 'EIO ENOSYS',
}
SAME = {
    'pread': 'read', 'pipe2': 'pipe', 'pread64': 'read', 'pwrite': 'write', 'pwrite64': 'write', 'open64': 'open', 'openat': 'open',
    'openat64': 'open', 'openat2': 'open', 'fstat64': 'fstat', 'stat': 'fstat', 'stat64': 'fstat', 'lstat': 'fstat',
    'fstatat': 'fstat', 'mkdirat': 'mkdir', 'mkdtemp': 'mkdir', 'unlinkat': 'unlink', 'renameat2': 'renameat',
    'fchmodat': 'fchmod', 'utimensat': 'futimens', 'ftruncate64': 'ftruncate', 'fdatasync': 'fsync', 'syncfs': 'fsync',
    'sync_file_range': 'fsync',
}
TIMED = ('trim.txt', 'castore-restored.txt', 'castore-checked.txt')
SEALED = 4_000_000_000  # seconds; the times after it are those that a seal gives


def errors(function):
    return ERRORS[SAME.get(function, function)].split()


def snapshot(root):
    """Returns what lies below a directory: {path: what}."""
    found = {}
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = pathlib.Path(directory, name)
            status = path.lstat()
            what = [stat.filemode(status.st_mode)]
            if stat.S_ISREG(status.st_mode):
                is_time = name in TIMED  # these hold times of the run
                what.append('a time' if is_time else hashlib.sha256(path.read_bytes()).hexdigest())
                if status.st_mtime > SEALED:
                    what.append('sealed')
            elif stat.S_ISLNK(status.st_mode):
                what.append(os.readlink(path))
            found[str(path.relative_to(root))] = tuple(what)
    return found


def remove(path):
    for directory, _, _ in os.walk(path):
        os.chmod(directory, 0o755)
    shutil.rmtree(path)


# A Go that tells what a pack asks for, and its C compiler.
PROGRAMS = {
    'go': '''#!/bin/sh
case " $* " in *" env "*) cat <<END
{"GOOS": "linux", "GOARCH": "amd64", "GOVERSION": "go1.25.5", "GOCACHE": "/cache", "GOMODCACHE": "/mods",
 "CGO_ENABLED": "1", "CC": "./cc"}
END
;; *) exit 1 ;; esac
''',
    'cc': '#!/bin/sh\necho cc 12.2.0\n',
}


class Scenario:
    """A command line, and the state in which it runs.

    `steps`: the command changes what is there step by step, and a failure may leave some of the steps done.
    `ready`: commands that prepare the state; `rot NAME` damages the first frame of an archive, `tar NAME` puts the
    caches into a tar, and `long NAME` makes a GOCACHE with an output that threads share.
    `fixed`: the path of the directory is recorded in an archive, so every run sees its copy at one path.
    `extra`: an input that the command can do without; a fault there costs a warning that names it.
    `denied`: what the output of a command that judges access says where access is denied.
    `served`: the command answers requests of a go command, as program.py makes them.
    """

    def __init__(self, name, command, ready=(), steps=False, fixed=False, extra=None, denied=None, served=False):
        self.name, self.command, self.ready, self.steps = name, command, ready, steps
        self.fixed, self.extra, self.denied, self.served = fixed, extra, denied, served


PACK = 'pack --no-go --label a --gocache cache --gomodcache mods'
A, B = 'pack --no-go --label a --gocache cache --gomodcache mods -o a.castore', \
    'pack --no-go --label b --gocache cache2 --gomodcache mods2 -o b.castore'
LONG = 'pack --no-go --label long --gocache cache3 --gomodcache mods'
ALL = 'union a.castore b.castore -o all.castore'
TO = '--no-go --gocache out/cache --gomodcache out/mods'
SCENARIOS = [
    Scenario('pack', f'{PACK} -o new.castore'),
    Scenario('pack, over an old archive', f'{PACK} -o b.castore --force', [B]),
    Scenario('pack, with a base', f'{PACK} -o new.castore --base b.castore', [B]),
    Scenario('pack, by patterns', f'{PACK} -o new.castore --include std --exclude net'),
    Scenario('pack, asking Go', 'pack --label a --go ./go --gocache cache --gomodcache mods -o new.castore',
             fixed=True),
    Scenario('pack, from a tar', 'pack --no-go --label a --from-tar caches.tgz -o new.castore', ['tar caches.tgz']),
    Scenario('pack, a long output', f'{LONG} -o new.castore', ['long cache3']),
    Scenario('pack, a long output, by three threads', f'{LONG} -o new.castore --jobs 3', ['long cache3']),
    Scenario('union', ALL, [A, B]),
    Scenario('union, over an input', 'union a.castore b.castore -o a.castore --force', [A, B]),
    Scenario('difference', 'difference a.castore b.castore -o new.castore', [A, B]),
    Scenario('intersect', 'intersect a.castore b.castore -o new.castore', [A, B]),
    Scenario('restore', f'restore all.castore {TO}', [A, B, ALL], steps=True),
    Scenario('restore, for one user', f'restore all.castore {TO} --profile ci', [A, B, ALL], steps=True),
    Scenario('restore, over caches', f'restore all.castore {TO}', [A, B, ALL, f'restore a.castore {TO}'], steps=True),
    Scenario('restore, asking Go', 'restore all.castore --go ./go --gocache out/cache --gomodcache out/mods', [A, B, ALL], steps=True),
    Scenario('restore, removing the rest', f'restore a.castore {TO} --delete', [A, B, ALL, f'restore all.castore {TO}'], steps=True),
    Scenario('restore, previewed', f'restore a.castore {TO} --exclude example.com/* --delete --dry-run', [A, B, ALL, f'restore all.castore {TO}']),
    Scenario('restore, synced', f'restore a.castore {TO} --sync', [A], steps=True),
    Scenario('restore, zips made', f'restore a.castore {TO} --module-zips make', [A], steps=True),
    Scenario('restore, without what is damaged', f'restore all.castore {TO} --skip-damaged',
             [A, B, ALL, 'rot all.castore'], steps=True),
    Scenario('restore, a long output', f'restore long.castore {TO}',
             ['long cache3', f'{LONG} -o long.castore'], steps=True),
    Scenario('restore, a long output, by three threads', f'restore long.castore {TO} --jobs 3',
             ['long cache3', f'{LONG} -o long.castore'], steps=True),
    Scenario('repair', 'repair all.castore --from a.castore b.castore -o new.castore', [A, B, ALL, 'rot all.castore']),
    Scenario('repair, with losses', 'repair a.castore -o new.castore', [A, 'rot a.castore']),
    Scenario('union, of a damaged copy', 'union a.castore copy.castore -o new.castore',
             [A, A.replace('-o a', '-o copy'), 'rot copy.castore']),
    Scenario('layers', 'layers all.castore -o image --arch amd64', [A, B, ALL]),
    Scenario('layers, split, gzip', 'layers all.castore -o image --arch amd64 --split --compression gzip', [A, B, ALL]),
    Scenario('layers, over an old image', 'layers all.castore -o image --arch amd64 --force',
             [A, B, ALL, 'layers a.castore -o image --arch amd64']),
    Scenario('layers, upon a base', 'layers b.castore -o image --arch amd64 --base oci:base',
             [A, B, 'layers a.castore -o base --arch amd64']),
    Scenario('seal', 'seal cache --gomodcache mods', steps=True),
    Scenario('seal --check', 'seal cache --check', ['seal cache']),
    Scenario('verify', 'verify all.castore', [A, B, ALL]),
    Scenario('verify, a long output', 'verify long.castore', ['long cache3', f'{LONG} -o long.castore']),
    Scenario('verify, a long output, by three threads', 'verify long.castore --jobs 3',
             ['long cache3', f'{LONG} -o long.castore']),
    Scenario('layers, a long output, by three threads', 'layers long.castore -o image --arch amd64 --jobs 3',
             ['long cache3', f'{LONG} -o long.castore']),
    Scenario('info', 'info all.castore', [A, B, ALL]),
    Scenario('explain', 'explain all.castore', [A, B, ALL]),
    Scenario('ls', 'ls -l --files all.castore', [A, B, ALL]),
    Scenario('cat', 'cat all.castore file example.org/one@v1.0.0/code.go', [A, B, ALL]),
    Scenario('diff', 'diff a.castore b.castore', [A, B]),
    Scenario('summary', 'summary a.castore', [A]),
    Scenario('summary, with a base', 'summary a.castore --base b.castore', [A, B], extra='b.castore'),
    Scenario('doctor', 'doctor a.castore --go ./go --gomodcache mods', [A], denied="this user can't read"),
    Scenario('prog', 'prog a.castore b.castore', [A, B], served=True),
    Scenario('prog, strict', 'prog all.castore --strict', [A, B, ALL], served=True),
    Scenario('prog, read-only, damaged', 'prog all.castore --read-only', [A, B, ALL, 'rot all.castore'], served=True),
]


def rot(archive):
    """Flips the bits of a byte in the first frame of an archive."""
    content = bytearray(archive.read_bytes())
    content[20] ^= 0xFF
    archive.write_bytes(content)


class Bench:
    def __init__(self, cachectl, shim, work):
        self.cachectl, self.shim, self.work = cachectl, shim, work
        self.here = work / 'here'
        (self.here / 'tmp').mkdir(parents=True)
        self.number = 0
        self.lock = threading.Lock()

    def caches(self):
        root = self.work / 'caches'
        if not root.exists():
            caches.build_cache(root / 'cache', ['fmt', 'io', 'net'])
            caches.build_cache(root / 'cache2', ['fmt', 'os'])
            caches.build_cache(root / program.CACHE, ['bufio'])
            caches.module_cache(root / 'mods', ['example.org/one', 'example.org/two'])
            caches.module_cache(root / 'mods2', ['example.org/one'])
            caches.module_cache(root / 'mods2', ['example.org/zip'], tree=False)
            for name, text in PROGRAMS.items():
                (root / name).write_text(text)
                (root / name).chmod(0o755)
        return root

    def run(self, directory, command, fixed=False, **environment):
        words = [self.cachectl, *command.split()]
        if not command.startswith('cat'):
            words += ['--quiet', *([] if '--jobs' in command else ['--jobs', '1'])]
        if fixed:
            settings = [f'{name}={value}' for name, value in environment.items()]
            words = ['unshare', '--mount', 'sh', '-euc', 'mount --bind "$1" "$2"; cd "$2"; shift 2; exec env "$@"', 'sh',
                     directory, self.here, *settings, *words]
            directory, environment = self.here, {}
        return subprocess.run(words, cwd=directory, timeout=60, env=self.values(directory) | environment,
                              stdin=subprocess.DEVNULL, capture_output=True)

    @staticmethod
    def values(directory):
        return {'PATH': os.environ['PATH'], 'HOME': str(directory), 'TZ': 'UTC', 'TMPDIR': str(directory / 'tmp')}

    def serve(self, directory, command, **environment):
        words = [self.cachectl, *command.split(), '--jobs', '1']
        return program.Client(words, directory, self.values(directory) | environment).run()

    def template(self, scenario):
        """The state before a scenario."""
        path = self.work / 'templates' / re.sub(r'\W+', '-', scenario.name)
        shutil.copytree(self.caches(), path, symlinks=True)
        (path / 'tmp').mkdir()
        for command in scenario.ready:
            if command.startswith('rot '):
                rot(path / command.split()[1])
                continue
            if command.startswith('long '):
                caches.build_cache(path / command.split()[1], ['a long package'], size=17 << 20)
                continue
            if command.startswith('tar '):
                subprocess.run(['tar', '-C', path, '-czf', path / command.split()[1], 'cache', 'mods'], check=True)
                continue
            done = self.run(path, command)
            if done.returncode:
                sys.exit(f'{scenario.name}: {command}: {done.stderr.decode()}')
        return path

    def copy(self, template):
        with self.lock:
            self.number += 1
            path = self.work / f'run-{self.number}'
        subprocess.run(['cp', '-a', template, path], check=True)
        return path


class Trial:
    """One scenario with all of its faults."""

    def __init__(self, bench, scenario):
        self.bench, self.scenario = bench, scenario
        self.path = bench.template(scenario)
        self.before = snapshot(self.path)
        copy = bench.copy(self.path)
        trace = bench.work / 'trace'
        self.done = self.run(copy, scenario.command, LD_PRELOAD=bench.shim, CACHESTORE_TRACE=str(trace))
        if self.done.returncode not in (0, 1, 3):
            sys.exit(f'{scenario.name}: {self.done.stderr.decode()}')
        self.after = snapshot(copy)
        counts = collections.Counter()
        self.calls = []
        for line in trace.read_text().splitlines():
            function = line.split(' ', 1)[0]
            counts[function] += 1
            self.calls.append((counts[function], function))
        remove(copy)

    def run(self, directory, command, **environment):
        return self.bench.run(directory, command, self.scenario.fixed, **environment)

    def faults(self, short, step):
        """The faults to try, as (number of the call among those of the function, function, what)."""
        chosen = self.calls
        if short:
            by_function = collections.defaultdict(list)
            for call in self.calls:
                by_function[call[1]].append(call)
            chosen = [c for calls in by_function.values() for c in {calls[i] for i in (0, len(calls) // 2, -1)}]
        for number, function in sorted(chosen):
            if not short and number > 20 and number % step:
                continue
            names = errors(function)
            whats = [str(getattr(errno, name)) for name in (names[number % len(names):][:1] if short else names)]
            if function in TRANSFERS:
                whats.append('short')
            if function in CHANGES:
                whats += ['before', 'after'][number % 2:][:1] if short else ['before', 'after']
            for what in whats:
                yield number, function, what

    def try_fault(self, number, function, what):
        """Returns what is wrong, or nothing."""
        copy = self.bench.copy(self.path)
        try:
            done = self.run(copy, self.scenario.command, LD_PRELOAD=self.bench.shim,
                            CACHESTORE_FAULT=f'{number}:{function}:{what}')
            return self.wrong(copy, done, what)
        except subprocess.TimeoutExpired:
            return 'a hang'
        finally:
            remove(copy)

    def wrong(self, copy, done, what):
        """Judges a run, and runs the command again where it has not ended well."""
        state, text = snapshot(copy), done.stderr.decode(errors='replace')
        wrong = self.judge(done, state, text, what)
        if wrong:
            return f'{wrong}: {text.strip()[:300]}'
        if done.returncode not in (0, self.done.returncode) or what in ('before', 'after'):
            again = self.run(copy, self.again())
            if again.returncode != self.done.returncode:
                return f'the next run fails: {again.stderr.decode(errors="replace").strip()[:300]}'
            state = snapshot(copy)
            if what in ('before', 'after'):
                # The directory for temporary files is the system's to clean after a kill.
                state = {path: what for path, what in state.items() if not path.startswith('tmp/')}
            if wrong := judges.difference(state, self.after):
                return f'after the next run, {wrong}'
        return None

    def again(self):
        """The command of a second run: a killed one may have made its output already."""
        command = self.scenario.command
        if not re.search(r'-o ', command) or '--force' in command:
            return command
        return command + ' --force'

    def judge(self, done, state, text, what):
        status = done.returncode
        if what in ('before', 'after') and status == -signal.SIGKILL:
            return self.mixture(state, killed=True)
        if status < 0:
            return f'died of {signal.Signals(-status).name}'
        if status == self.done.returncode and not (status and 'error: ' in text):
            if wrong := judges.difference(state, self.after):
                return f'status {status}, but {wrong}'
            output = done.stdout.decode()
            if done.stdout == self.done.stdout or re.search(r' in [\d.]+ s', output):
                return None
            if re.search(f'^warning: .*`{self.scenario.extra}`', text, re.MULTILINE):
                return None
            if what == str(errno.EACCES) and self.scenario.denied and self.scenario.denied in output:
                return None
            return f'status {status}, and another output'
        if status != 1:
            return f'status {status}'
        if 'error: ' not in text:
            return 'status 1 without an error'
        if not re.search('`|standard output', text.split('error: ', 1)[1]):
            return 'an error that names nothing'
        if '.castore-' in text or '.tmp`' in text:
            return 'an error that names a temporary file'
        if self.scenario.steps:
            return self.mixture(state, killed=False)
        if wrong := judges.difference(state, self.before):
            return f'failed, but {wrong}'
        return None

    def mixture(self, state, killed):
        """Says which file is neither as before nor as after. A kill may leave a temporary file."""
        for path, what in state.items():
            if what in (self.before.get(path), self.after.get(path)):
                continue
            if killed and re.search(r'(^|/)tmp/|(^|/)\.castore-', path):
                continue
            if path.endswith(('.partial', '.lock')):  # Go's own mark of a module that is not whole, and its lock
                continue
            tree = re.match(r'(out/mods)/(.+?)@([^/]+)/', path)
            if killed and tree and f'{tree[1]}/cache/download/{tree[2]}/@v/{tree[3]}.partial' in state:
                continue  # a file of a tree that the mark says is not whole
            if path in self.after and what[0][0] == 'd' == self.after[path][0][0]:
                continue  # a directory gets its mode when it is full
            if killed and what[1:2] == self.after.get(path, ('', ''))[1:2] and len(what) > 1:
                continue  # a whole file that has not got its mode or time
            return f'{path} is {what}, before {self.before.get(path)}, after {self.after.get(path)}'
        return None


class ServedTrial(Trial):
    """A scenario in which a go command asks for entries: see program.py."""

    def run(self, directory, command, **environment):
        return self.bench.serve(directory, command, **environment)

    def wrong(self, copy, done, what):
        killed = what in ('before', 'after') and done.returncode == -signal.SIGKILL
        text = done.stderr.decode(errors='replace').strip()[:300]
        left = program.faults(copy, may_leave=killed)
        if wrong := program.judge(done, self.done, self.before, snapshot(copy), killed, left):
            return f'{wrong}: {text}'
        again = self.run(copy, self.scenario.command)
        if again.wrong or (again.returncode, again.hits) != (0, self.done.hits):
            return f'the next run: {again}, after: {text}'
        state = program.comparable(snapshot(copy))
        if killed:
            state = {path: what for path, what in state.items() if not path.startswith('tmp/')}
        if wrong := judges.difference(state, program.comparable(self.after)):
            return f'after the next run, {wrong}, after: {text}'
        return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--cachectl', required=True)
    parser.add_argument('--shim')
    parser.add_argument('--short', action='store_true')
    parser.add_argument('--step', type=int, default=1)
    parser.add_argument('--only')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--report')
    options = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix='cachestore-faults.'))
    shim = options.shim
    if not shim:
        shim = str(work / 'shim.so')
        source = pathlib.Path(__file__).parent / 'shim.c'
        subprocess.run(['gcc', '-Wall', '-Werror', '-shared', '-fPIC', '-O1', '-o', shim, source, '-ldl'], check=True)
    bench = Bench(os.path.abspath(options.cachectl), os.path.abspath(shim), work)
    report = open(options.report, 'w') if options.report else None
    wanted = options.only.split(';') if options.only else None
    total = collections.Counter()
    print(f'{"scenario":28} {"calls":>6} {"faults":>7} {"wrong":>6}')
    try:
        for scenario in SCENARIOS:
            if wanted and scenario.name not in wanted:
                continue
            trial = (ServedTrial if scenario.served else Trial)(bench, scenario)
            faults = list(trial.faults(options.short, options.step))
            wrong = collections.Counter()
            with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
                for fault, text in zip(faults, pool.map(lambda f: trial.try_fault(*f), faults)):
                    if not text:
                        continue
                    number, function, what = fault
                    name = errno.errorcode[int(what)] if what.isdigit() else what
                    kind = f'{function} {name}: {re.sub("[0-9a-f]{8,}", "…", text)[:200]}'
                    wrong[kind] += 1
                    if report:
                        report.write(json.dumps(
                            {'scenario': scenario.name, 'call': number, 'function': function, 'what': name,
                             'wrong': text}) + '\n')
                        report.flush()
            count = sum(wrong.values())
            total.update(tried=len(faults), wrong=count)
            print(f'{scenario.name:28} {len(trial.calls):6} {len(faults):7} {count:6}', flush=True)
            for kind, times in wrong.most_common(12):
                print(f'    {times:4} × {kind}', flush=True)
    finally:
        remove(work)
    print(f'{total["tried"]} faults tried, {total["wrong"]} went wrong')
    sys.exit(bool(total['wrong']))


main()
