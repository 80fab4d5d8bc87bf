#!/usr/bin/env python3
"""streams.py ARCHIVE CORPUS INDEX: writes the content of an archive's outputs and trees, one after another, and
the beginning and end of each, for choices.c. On the way, the tests' own reader of the format checks every
chunk."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../Tests/Oracle'))
import castore  # noqa: E402


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    archive = castore.Archive(sys.argv[1])
    with open(sys.argv[2], 'wb') as corpus, open(sys.argv[3], 'w', encoding='ascii') as index:
        def copy(stream):
            return sum(corpus.write(archive.content(chunk)) for chunk in archive.chunks_of.get(stream, []))
        for row in archive.output:
            print('o', copy(row.id), file=index)
        for row in archive.tree:
            print('t', copy(row.stream), file=index)
            for line in archive.content(row.manifest).decode().splitlines():
                print('f', line.split(' ')[1], file=index)


if __name__ == '__main__':
    try:
        main()
    except (castore.Refused, OSError) as error:
        sys.exit(f'streams: {error}')
