#!/usr/bin/env python3
"""compare_corpus.py DIR: writes small caches for the short comparison, without Go.

The caches are DIR/caches/{one,two}/{go-build,go-mod}: about 2,000 files and 60 MB, half of them in both. They
are legal: every output is named by its SHA-256, and every module has the hash of its tree."""
import base64
import hashlib
import os
import random
import sys

WORDS = [f'{a}{b}' for a in ('read', 'write', 'node', 'index', 'cache', 'error', 'type', 'value', 'send', 'list')
         for b in ('', 'er', 's', 'At', 'Name', 'Size', 'Func', 'All')]
OUTPUTS, MODULES, FILES = 300, 6, 70  # per cache; the first halves are the same in both


def words(size):
    source = random.Random('pool')
    return ' '.join(source.choice(WORDS) if source.random() < 0.8 else f'{source.getrandbits(48):x}'
                    for _ in range(size // 4)).encode()[:size]


POOL = words(1 << 20)


def text(size, seed):
    """Returns words with random numbers between them, which compress about as well as real caches."""
    source = random.Random(seed)
    pieces = []
    length = 0
    while length < size:
        start = source.randrange(len(POOL) - 200)
        pieces += [POOL[start:start + source.randrange(20, 200)], source.randbytes(16).hex().encode()]
        length += len(pieces[-1]) + len(pieces[-2])
    return b' '.join(pieces)[:size]


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(data)


def write_output(cache, seed):
    """Writes one package: its output and the action entry that refers to it."""
    size = random.Random(f'size {seed}').choice((2_000, 8_000, 40_000, 120_000, 300_000))
    data = text(size, f'output {seed}')
    action, output = hashlib.sha256(f'action {seed}'.encode()).hexdigest(), hashlib.sha256(data).hexdigest()
    write(f'{cache}/{output[:2]}/{output}-d', data)
    write(f'{cache}/{action[:2]}/{action}-a', f'v1 {action} {output} {len(data):20d} {0:20d}\n'.encode())


def write_module(cache, seed):
    """Writes one module: its tree and its files in the download directory."""
    path, version = f'example.com/m{seed}', 'v1.0.0'
    name = f'{path}@{version}'
    mod = f'module {path}\n'.encode()
    files = {'go.mod': mod}
    for i in range(FILES):
        size = random.Random(f'{seed} {i}').choice((500, 3_000, 9_000, 30_000))
        files[f'p{i % 7}/f{i}.go'] = text(size, f'{name} {i}')
    lines = ''.join(f'{hashlib.sha256(data).hexdigest()}  {name}/{file}\n' for file, data in sorted(files.items()))
    tree_hash = 'h1:' + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()
    for file, data in files.items():
        write(f'{cache}/{name}/{file}', data)
    download = f'{cache}/cache/download/{path}/@v/{version}'
    write(f'{download}.mod', mod)
    write(f'{download}.info', f'{{"Version":"{version}","Time":"2020-01-01T00:00:00Z"}}'.encode())
    write(f'{download}.ziphash', tree_hash.encode())
    write(f'{download}.lock', b'')


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for number, label in enumerate(('one', 'two')):
        directory = os.path.join(sys.argv[1], 'caches', label)
        for i in range(256):
            os.makedirs(f'{directory}/go-build/{i:02x}')
        for i in range(OUTPUTS):
            write_output(f'{directory}/go-build', i if i < OUTPUTS // 2 else f'{label} {i}')
        for i in range(MODULES):
            write_module(f'{directory}/go-mod', i if i < MODULES // 2 else i + number * MODULES)


if __name__ == '__main__':
    main()
