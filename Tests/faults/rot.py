"""Changes each byte of an archive, and cuts the archive at each length, and judges what the commands make of it.

usage: rot.py --cachectl BINARY [--short] [--jobs N]

  --short  one change in a few hundred in place of all

verify must find every change. Of restore, union and layers, a run holds if one of these is true:
- it ended with status 2 and an error that names the archive; no output is left, and of caches only whole files;
- it ended with status 0, and its result is that of the archive as it was: the change was where it did not look;
- it ended with status 3, as is said of restores without what is damaged and of repairs, and named what is missing.
A change of the version may be taken for a newer format.
"""
import argparse
import collections
import concurrent.futures
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import caches

TIMED = ('trim.txt', 'castore-restored.txt')  # these hold the time of a run
COMMANDS = {
    'verify': 'verify it.castore',
    'restore': 'restore it.castore --no-go --gocache out/cache --gomodcache out/mods',
    'restore a part': 'restore it.castore --no-go --gocache out/cache --gomodcache out/mods --skip-damaged',
    'union': 'union it.castore -o out',
    'layers': 'layers it.castore -o out --arch amd64',
    'repair': 'repair it.castore --from copy.castore -o out',
}


def look(path):
    """Returns the content of a file, or of all files below a directory."""
    if path.is_file():
        return {'': hashlib.sha256(path.read_bytes()).hexdigest()}
    found = {}
    for directory, _, names in os.walk(path):
        for name in names:
            file = pathlib.Path(directory, name)
            content = b'' if name in TIMED else file.read_bytes()
            found[str(file.relative_to(path))] = hashlib.sha256(content).hexdigest()
    return found


def run(cachectl, directory, command):
    return subprocess.run([cachectl, *command.split(), '--jobs', '1', '--quiet'], cwd=directory, timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True)


class Rot:
    def __init__(self, cachectl, work):
        self.cachectl, self.work = cachectl, work
        caches.build_cache(work / 'cache', ['fmt', 'io'], size=1000)
        caches.module_cache(work / 'mods', ['example.org/one'])
        caches.module_cache(work / 'mods', ['example.org/zip'], tree=False)
        done = run(cachectl, work, 'pack --no-go --label a --gocache cache --gomodcache mods -o whole.castore')
        if done.returncode:
            sys.exit(done.stderr.decode())
        self.content = (work / 'whole.castore').read_bytes()
        self.whole = {name: self.attempt(name, self.content, work / 'first')[1] for name in COMMANDS}

    def changes(self, step):
        """The changes to try, as (what, offset)."""
        size = len(self.content)
        for offset in range(0, size, step):
            yield ('one bit', 'all bits')[offset % 2], offset
        for length in range(0, size, step):
            yield 'cut', length

    def changed(self, what, offset):
        if what == 'cut':
            return self.content[:offset]
        content = bytearray(self.content)
        content[offset] ^= 1 << offset % 8 if what == 'one bit' else 0xFF
        return bytes(content)

    def attempt(self, name, content, directory):
        """Runs a command on an archive, and returns what it said and what it made."""
        directory.mkdir()
        try:
            (directory / 'it.castore').write_bytes(content)
            os.link(self.work / 'whole.castore', directory / 'copy.castore')
            done = run(self.cachectl, directory, COMMANDS[name])
            return done, look(directory / 'out')
        finally:
            for parent, _, _ in os.walk(directory):
                os.chmod(parent, 0o755)
            shutil.rmtree(directory)

    def judge(self, number, change):
        """Tries a change with each command. Returns {command: (result, what is wrong)}."""
        content, found = self.changed(*change), {}
        for name in COMMANDS:
            try:
                done, made = self.attempt(name, content, self.work / f'run-{number}')
                found[name] = self.verdict(name, done, made)
            except subprocess.TimeoutExpired:
                found[name] = ('wrong', 'a hang')
        return found

    def verdict(self, name, done, made):
        text, whole = done.stderr.decode(errors='replace'), self.whole[name]
        if done.returncode == 2:
            if 'it.castore' not in text:
                return 'wrong', f'an error that does not name the archive: {text[:200]}'
            if name in ('restore', 'restore a part'):
                bad = {path: value for path, value in made.items() if whole.get(path) != value and value != EMPTY}
                return ('wrong', f'a restore left {sorted(bad)}') if bad else ('refused', None)
            return ('wrong', f'status 2, and an output: {text[:200]}') if made else ('refused', None)
        if done.returncode == 1 and 'its format is version' in text:
            return ('wrong', 'an output') if made else ('refused', None)
        if done.returncode == 3 and name == 'repair':
            return ('a part', None) if 'the index of `it.castore` is lost' in text and made else ('wrong', text[:200])
        if done.returncode == 3 and name == 'restore a part':
            bad = sorted(path for path, value in made.items() if whole.get(path) != value)
            if bad or made == whole:
                return 'wrong', f'status 3, but {bad or "nothing is left out"}'
            return ('a part', None) if 'left out' in text else ('wrong', f'nothing is named: {text[:200]}')
        if done.returncode == 0 and name != 'verify':
            return ('whole', None) if made == whole else ('wrong', 'status 0, and another result')
        return 'wrong', f'status {done.returncode}: {text[:200]}'


EMPTY = hashlib.sha256(b'').hexdigest()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--cachectl', required=True)
    parser.add_argument('--short', action='store_true')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    options = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix='cachestore-rot.'))
    results = collections.defaultdict(collections.Counter)
    wrong = []
    try:
        rot = Rot(os.path.abspath(options.cachectl), work)
        changes = list(rot.changes(311 if options.short else 1))
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for change, found in zip(changes, pool.map(rot.judge, range(len(changes)), changes)):
                for name, (result, text) in found.items():
                    results[name][result] += 1
                    if text:
                        wrong.append(f'{name}, {change[0]} at byte {change[1]}: {text}')
    finally:
        for directory, _, _ in os.walk(work):
            os.chmod(directory, 0o755)
        shutil.rmtree(work)
    print(f'{"command":16} {"tried":>7} {"refused":>8} {"a part":>7} {"whole":>7} {"wrong":>6}')
    for name, count in results.items():
        print(f'{name:16} {sum(count.values()):7} {count["refused"]:8} {count["a part"]:7} {count["whole"]:7} '
              f'{count["wrong"]:6}')
    for text in wrong[:20]:
        print(f'    {text}')
    print(f'{len(changes)} changes of an archive of {len(rot.content)} bytes, {len(wrong)} went wrong')
    sys.exit(bool(wrong))


main()
