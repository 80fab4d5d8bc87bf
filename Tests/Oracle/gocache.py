#!/usr/bin/env python3
"""An independent judge of a GOCACHE, written from cmd/go/internal/cache/cache.go.

    gocache.py DIR                      prints one line per thing that is wrong in DIR; fails if there is one

Each action entry must have its form, and an output of the right length and SHA-256. An output may be without an
entry, as Go itself leaves it if it is killed. Nothing else may be there but what Go and cachectl keep beside entries.
"""
import hashlib
import os
import re
import stat
import sys

KNOWN = {'README', 'trim.txt', 'testexpire.txt', 'castore-checked.txt', 'castore-restored.txt', 'log.txt', 'fuzz'}
ENTRY = re.compile(rb'v1 ([0-9a-f]{64}) ([0-9a-f]{64}) ([ 0-9]{20}) ([ 0-9]{20})\n')


def faults(root):
    """Yields a sentence per thing that is wrong."""
    for name in sorted(os.listdir(root)):
        if re.fullmatch('[0-9a-f]{2}', name):
            for inner in sorted(os.listdir(os.path.join(root, name))):
                if fault := fault_of(root, name, inner):
                    yield f'{name}/{inner} {fault}'
        elif name not in KNOWN:
            yield f'{name} is left'


def fault_of(root, directory, name):
    """Returns what is wrong with a file of one of the 256 directories, or nothing."""
    match = re.fullmatch('([0-9a-f]{64})-([ad])', name)
    if not match or match[1][:2] != directory:
        return 'is no name of Go'
    path = os.path.join(root, directory, name)
    if match[2] == 'd':
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return None  # a directory that holds a program
        return None if digest(path) == match[1] else 'has another SHA-256 than its name says'
    with open(path, 'rb') as file:
        entry = ENTRY.fullmatch(file.read())
    if not entry or entry[1].decode() != match[1]:
        return 'is no action entry'
    output, size = entry[2].decode(), int(entry[3])
    there = os.path.join(root, output[:2], f'{output}-d')
    if os.path.isdir(there):
        return None
    if not os.path.exists(there):
        return f'refers to the output {output}, which is not there'
    length = os.path.getsize(there)
    return None if length == size else f'states {size} bytes, but its output has {length}'


def digest(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    found = list(faults(sys.argv[1]))
    print(*found, sep='\n', end='\n' if found else '')
    sys.exit(bool(found))


if __name__ == '__main__':
    main()
