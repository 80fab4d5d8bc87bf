#!/usr/bin/env python3
"""make_archive.py --members N [--second] FILE: writes a synthetic archive of exactly N members.

This is a second writer of the format, written from Format.md and not from the library's source. It writes
actions, outputs (one in a thousand is large; 50 KB per member on average), and some hundred module trees with
their downloads and checksum-database files. The sources are `small` and `large`. --second writes an archive
with other labels that shares half of its members with the first. The script needs the packages zstandard and
xxhash, and runs two processes.
"""
import argparse
import array
import hashlib
import json
import multiprocessing
import os
import sqlite3
import struct
import sys

import synthetic
import xxhash
import zstandard

LEVEL, PAGE, HEADER = 3, 4096, 64
BATCH = 4096
APPLICATION_ID, WRITER_VERSION = 0x43535452, 3040001
SCHEMA = [
    'CREATE TABLE archive(name TEXT PRIMARY KEY NOT NULL, value NOT NULL) WITHOUT ROWID',
    'CREATE TABLE source(id INTEGER PRIMARY KEY, label TEXT NOT NULL, digest BLOB NOT NULL)',
    'CREATE TABLE environment(source INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, '
    'PRIMARY KEY(source, name)) WITHOUT ROWID',
    'CREATE TABLE source_set(id INTEGER NOT NULL, source INTEGER NOT NULL, PRIMARY KEY(id, source)) WITHOUT ROWID',
    'CREATE TABLE chunk(id INTEGER PRIMARY KEY, digest BLOB NOT NULL, offset INTEGER NOT NULL, stored INTEGER NOT NULL, '
    'size INTEGER NOT NULL, checksum INTEGER NOT NULL)',
    'CREATE TABLE stream(id INTEGER NOT NULL, position INTEGER NOT NULL, chunk INTEGER NOT NULL, '
    'PRIMARY KEY(id, position)) WITHOUT ROWID',
    'CREATE TABLE output(id INTEGER PRIMARY KEY, digest BLOB NOT NULL, size INTEGER NOT NULL, executable TEXT, '
    'kind TEXT NOT NULL)',
    'CREATE TABLE action(id BLOB NOT NULL, output INTEGER NOT NULL, sources INTEGER NOT NULL, '
    'PRIMARY KEY(id, output)) WITHOUT ROWID',
    'CREATE TABLE tree(id INTEGER PRIMARY KEY, module TEXT NOT NULL, h1 BLOB NOT NULL, files INTEGER NOT NULL, '
    'executables INTEGER NOT NULL, size INTEGER NOT NULL, manifest INTEGER NOT NULL, stream INTEGER NOT NULL, '
    'sources INTEGER NOT NULL)',
    'CREATE TABLE download(module TEXT NOT NULL, kind TEXT NOT NULL, size INTEGER NOT NULL, value BLOB, stream INTEGER, '
    'sources INTEGER NOT NULL, PRIMARY KEY(module, kind)) WITHOUT ROWID',
    'CREATE TABLE checksum_file(path TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL, sources INTEGER NOT NULL) '
    'WITHOUT ROWID',
]
TREE_MEMBERS = 6  # a tree, four downloads, one checksum-database file
LARGE_ONLY, BOTH, SMALL_ONLY = 1, 2, 3  # the sets of sources, `large` being the first source


# ---- The work of the processes
# A tag stands for an output: its counter if it is small, -1 - its counter if it is large.

def digests_of_small(numbers):
    return b''.join(hashlib.sha256(synthetic.small_output(number)).digest() for number in numbers)


def digests_of_group(group):
    """Returns {number: (digest, size)} of a group's large outputs."""
    found = {}
    wanted = {synthetic.chunk_count(large): large
              for large in range(group * synthetic.GROUP, (group + 1) * synthetic.GROUP)}
    state, size = hashlib.sha256(), 0
    for count, number in enumerate(synthetic.chunks_of_group(group), 1):
        content = synthetic.large_chunk(number)
        state.update(content)
        size += len(content)
        whole, end = state.copy(), synthetic.tail(wanted[count])
        whole.update(end)
        found[wanted[count]] = (whole.digest(), size + len(end))
    return found


def frame_of(content):
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(content)


def large_frame(number):
    content = synthetic.large_chunk(number)
    frame = frame_of(content)
    return hashlib.sha256(content).digest(), frame, len(content), xxhash.xxh64_intdigest(frame)


def own_frames(tags):
    """Returns each output's own frame: all of a small output, the tail of a large one."""
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    found = []
    for tag in tags:
        content = synthetic.small_output(tag) if tag >= 0 else synthetic.tail(-1 - tag)
        frame = compressor.compress(content)
        digest = hashlib.sha256(content).digest() if tag < 0 else None
        found.append((digest, frame, len(content), xxhash.xxh64_intdigest(frame)))
    return found


# ---- The archive

class Frames:
    """A writer of frames, which keeps the rows of their chunks."""

    def __init__(self, file):
        self.file, self.offset = file, 0
        self.digests = bytearray()
        self.offsets, self.stored = array.array('Q'), array.array('Q')
        self.sizes, self.checksums = array.array('Q'), array.array('q')
        self.numbers = {}  # the numbers of the chunks that may come again

    def add(self, digest, frame, size, checksum):
        self.file.write(frame)
        self.digests += digest
        self.offsets.append(self.offset)
        self.stored.append(len(frame))
        self.sizes.append(size)
        self.checksums.append(checksum - 2**64 if checksum >= 2**63 else checksum)
        self.offset += len(frame)
        return len(self.sizes)

    def add_content(self, content):
        digest = hashlib.sha256(content).digest()
        if digest not in self.numbers:
            frame = frame_of(content)
            self.numbers[digest] = self.add(digest, frame, len(content), xxhash.xxh64_intdigest(frame))
        return self.numbers[digest]

    def rows(self):
        for index, (offset, stored, size, checksum) in enumerate(
                zip(self.offsets, self.stored, self.sizes, self.checksums)):
            yield index + 1, bytes(self.digests[32 * index:32 * index + 32]), offset, stored, size, checksum


class Archive:
    def __init__(self, members, is_second, processes):
        self.labels = ('large-2', 'small-2') if is_second else ('large', 'small')
        trees = min(400, max(100, members // 2500))
        outputs = (members - TREE_MEMBERS * trees) // 2
        large = max(1, members // 1000)
        if outputs <= large:
            raise ValueError(f'{members} members are too few: at least 2000 are needed')
        # The second archive shares the upper half of the first one's numbers.
        self.small = self._range(outputs - large, is_second)
        self.large = self._range(large, is_second)
        self.trees = self._range(trees, is_second)
        self.extra_action = members - TREE_MEMBERS * trees - 2 * outputs  # 0 or 1
        self.processes = processes

    @staticmethod
    def _range(count, is_second):
        first = count // 2 if is_second else 0
        return range(first, first + count)

    def write(self, path):
        temporary = path + '.partial'
        with multiprocessing.Pool(self.processes) as self.pool, open(temporary, 'wb', buffering=1 << 20) as file:
            self._find_outputs()
            self.frames = Frames(file)
            self._write_outputs()
            self._write_trees()
            image = self._image()
            self._write_trailer(file, image)
        os.rename(temporary, path)

    # Outputs, ordered by digest; they take 40 bytes of memory per output.

    def _find_outputs(self):
        blocks = [range(at, min(at + BATCH, self.small.stop)) for at in range(self.small.start, self.small.stop, BATCH)]
        found = []
        for block, digests in zip(blocks, self.pool.imap(digests_of_small, blocks)):
            found += [digests[32 * i:32 * i + 32] + struct.pack('>q', number) for i, number in enumerate(block)]
        self.large_sizes = {}
        groups = range(self.large.start // synthetic.GROUP, (self.large.stop - 1) // synthetic.GROUP + 1)
        for group in self.pool.imap(digests_of_group, groups):
            for large, (digest, size) in group.items():
                if large in self.large:
                    found.append(digest + struct.pack('>q', -1 - large))
                    self.large_sizes[large] = size
        found.sort()
        self.outputs = found
        self.places = {}  # from a tag to the output's id
        for place, row in enumerate(found, 1):
            self.places[struct.unpack('>q', row[32:])[0]] = place

    def tags(self):
        return (struct.unpack('>q', row[32:])[0] for row in self.outputs)

    def _write_outputs(self):
        tags = list(self.tags())
        needed = sorted({number for large in self.large for number in
                         synthetic.chunks_of_group(large // synthetic.GROUP)[:synthetic.chunk_count(large)]})
        shared = dict(zip(needed, self.pool.imap(large_frame, needed)))
        numbers = {}
        self.streams = {}  # from the id of each output of several chunks to their numbers
        self.first_chunk = array.array('Q')  # per output; a small output has no other
        blocks = [tags[at:at + BATCH] for at in range(0, len(tags), BATCH)]
        place = 0
        for block, frames in zip(blocks, self.pool.imap(own_frames, blocks)):
            for tag, (digest, frame, size, checksum) in zip(block, frames):
                place += 1
                chunks = []
                if tag < 0:
                    large = -1 - tag
                    group = synthetic.chunks_of_group(large // synthetic.GROUP)
                    for number in group[:synthetic.chunk_count(large)]:
                        if number not in numbers:
                            numbers[number] = self.frames.add(*shared[number])
                        chunks.append(numbers[number])
                chunks.append(self.frames.add(digest or self.outputs[place - 1][:32], frame, size, checksum))
                self.first_chunk.append(chunks[0])
                if tag < 0:
                    self.streams[place] = chunks

    def _write_trees(self):
        self.tree_rows, self.download_rows, self.checksum_rows, self.tree_streams = [], [], [], []
        self.manifests = []
        for place, number in enumerate(self.trees, 1):
            module, files, manifest, h1 = synthetic.tree(number)
            content = b''.join(content for _, content in files)
            if len(content) > synthetic.CUT_LEAST:
                raise ValueError(f'the tree of {module} would need a cut')
            manifest_chunk = self.frames.add_content(manifest)
            stream = len(self.outputs) + place
            self.tree_streams.append((stream, self.frames.add_content(content)))
            self.manifests.append(hashlib.sha256(manifest).digest())
            self.tree_rows.append((place, module, h1, len(files), 0, len(content), manifest_chunk, stream, SMALL_ONLY))
            for kind, value in synthetic.downloads(module, h1):
                self.download_rows.append((module, kind, len(value) if value else 0, value, None, SMALL_ONLY))
            self.checksum_rows.append((*synthetic.checksum_file(module, h1), SMALL_ONLY))

    # The index

    def action_rows(self):
        rows = []
        for tag, place in self.places.items():
            if tag >= 0:
                rows.append((synthetic.action_id(tag), place, BOTH if tag % 50 == 0 else SMALL_ONLY))
            else:
                rows.append((synthetic.action_id(-1 - tag, is_large=True), place, LARGE_ONLY))
        if self.extra_action:
            rows.append((hashlib.sha256(b'extra action').digest(), self.places[self.small.start], SMALL_ONLY))
        rows.sort()
        return rows

    def size_of(self, place):
        tag = struct.unpack('>q', self.outputs[place - 1][32:])[0]
        return self.large_sizes[-1 - tag] if tag < 0 else self.frames.sizes[self.first_chunk[place - 1] - 1]

    def _digest(self, actions, sets):
        """Returns the digest of the members that the given sets of sources hold."""
        digest, held = hashlib.sha256(b'castore 1\n'), bytearray(len(self.outputs) + 1)
        for identifier, place, sources in actions:
            if sources in sets:
                held[place] = 1
                digest.update(b'action %s %s\n' % (identifier.hex().encode(), self.outputs[place - 1][:32].hex().encode()))
        for place, row in enumerate(self.outputs, 1):
            if held[place]:
                digest.update(b'output %s %d\n' % (row[:32].hex().encode(), self.size_of(place)))
        if SMALL_ONLY in sets:
            for row, manifest in zip(self.tree_rows, self.manifests):
                digest.update(f'tree {manifest.hex()} {row[2].hex()} {row[1]}\n'.encode())
            for module, kind, _, value, _, _ in self.download_rows:
                name = '0' * 64 if kind == 'zip' else hashlib.sha256(value).hexdigest()
                digest.update(f'download {name} {kind} {module}\n'.encode())
            for path, value, _ in self.checksum_rows:
                digest.update(f'checksum {hashlib.sha256(value).hexdigest()} {path}\n'.encode())
        return digest.digest()

    def _stream_rows(self):
        for place in range(1, len(self.outputs) + 1):
            for position, chunk in enumerate(self.streams.get(place) or [self.first_chunk[place - 1]]):
                yield place, position, chunk
        for stream, chunk in self.tree_streams:
            yield stream, 0, chunk

    def _image(self):
        actions = self.action_rows()
        digests = [self._digest(actions, sets) for sets in ((LARGE_ONLY, BOTH), (SMALL_ONLY, BOTH))]
        variables = (('GOARCH', 'amd64'), ('GOOS', 'linux'), ('GOVERSION', 'go1.25.5'))
        rows = {
            'archive': [('digest', self._digest(actions, (LARGE_ONLY, BOTH, SMALL_ONLY))), ('format', 1)],
            'source': [(number, label, digest) for number, (label, digest) in enumerate(zip(self.labels, digests), 1)],
            'environment': [(source, *variable) for source in (1, 2) for variable in variables],
            'source_set': [(LARGE_ONLY, 1), (BOTH, 1), (BOTH, 2), (SMALL_ONLY, 2)],
            'chunk': self.frames.rows(),
            'stream': self._stream_rows(),
            'output': ((place, row[:32], self.size_of(place), None, 'other')
                       for place, row in enumerate(self.outputs, 1)),
            'action': actions,
            'tree': self.tree_rows,
            'download': self.download_rows,
            'checksum_file': self.checksum_rows,
        }
        database = sqlite3.connect(':memory:')
        database.executescript(f'PRAGMA page_size={PAGE}; PRAGMA secure_delete=ON; PRAGMA application_id={APPLICATION_ID}; '
                               f'PRAGMA user_version=1; {"; ".join(SCHEMA)};')
        for table, values in rows.items():
            columns = len(database.execute(f'SELECT * FROM {table}').description)
            database.executemany(f'INSERT INTO {table} VALUES({",".join("?" * columns)})', values)
        database.commit()
        image = bytearray(database.serialize())
        for at, value in ((24, 1), (92, 1), (96, WRITER_VERSION)):
            image[at:at + 4] = value.to_bytes(4, 'big')
        return image

    def _write_trailer(self, file, image):
        end = self.frames.offset
        start = -(-(end + 8 + HEADER) // PAGE) * PAGE
        size = start + len(image) + 25
        file.write(struct.pack('<4sI', b'\x5c\x2a\x4d\x18', size - end - 8))
        file.write(bytes(start - HEADER - end - 8))
        file.write(struct.pack('<8sIIQQ', b'CASTORE\n', 1, 0, end, len(image)) + hashlib.sha256(image).digest())
        file.write(image)
        file.write(b'Start-Of-SQLite3-' + struct.pack('>Q', start))

    @property
    def raw_bytes(self):
        """Returns the content bytes of all members."""
        outputs = sum(self.size_of(place) for place in range(1, len(self.outputs) + 1))
        return outputs + sum(row[5] for row in self.tree_rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--members', type=int, required=True)
    parser.add_argument('--second', action='store_true')
    parser.add_argument('--processes', type=int, default=min(2, len(os.sched_getaffinity(0))))
    parser.add_argument('file')
    arguments = parser.parse_args()
    try:
        archive = Archive(arguments.members, arguments.second, arguments.processes)
        archive.write(arguments.file)
    except (OSError, ValueError) as error:
        sys.exit(f'make_archive: {arguments.file}: {error}')
    some = archive.outputs[archive.places[archive.small.start] - 1][:32].hex()
    print(json.dumps({'members': arguments.members, 'bytes': os.path.getsize(arguments.file),
                      'raw_bytes': archive.raw_bytes, 'outputs': len(archive.outputs), 'trees': len(archive.trees),
                      'output': some}))


if __name__ == '__main__':
    main()
