"""A model of a disk that loses power: what a recorded program may leave, as POSIX allows it.

A recording (recorder.c) is a list of effects and of syncs. An effect is one of these:

- bytes in a file, or a new length of it
- a new mode or time of a file or directory
- names in a directory: something is made, linked, renamed or removed

An effect is certain once its file or directory was synced after it. A sync of a file does not make the file's
name certain; a sync of the directory does. A rename is one effect: both of its names change, or neither does.
Every effect that is not certain may be lost, in any combination. A file whose bytes are lost has its old length
or the new one, and then zeros in their place.
"""
import collections
import os
import pathlib
import stat
import urllib.parse

Entry = collections.namedtuple('Entry', 'kind mode time content')  # what has a path in a state


class Node:
    """A file, directory or symbolic link: how it was before the recording, and the effects on it."""

    def __init__(self, kind, mode, content=b'', time=None):
        self.kind, self.mode, self.content, self.time = kind, mode, content, time
        self.entries, self.live, self.effects, self.cache = {}, {}, [], {}


class Effect:
    """The change by one call; `kind` is bytes, length, mode, time or names."""

    def __init__(self, number, call, kind, value, *nodes):
        self.number, self.call, self.kind, self.value, self.nodes = number, call, kind, value, nodes
        self.certain = None  # the number of the call that made it certain
        for node in nodes:
            node.effects.append(self)

    def is_certain(self, point):
        return self.certain is not None and self.certain <= point


def scan(path):
    """Returns the nodes of a directory by inode, and the directory's own node."""
    nodes = {}

    def visit(path):
        status = path.lstat()
        inode, mode = status.st_ino, stat.S_IMODE(status.st_mode)
        if inode in nodes:
            return nodes[inode]
        if stat.S_ISDIR(status.st_mode):
            node = nodes[inode] = Node('directory', mode, time=status.st_mtime_ns)
            node.entries = {child.name: visit(child) for child in path.iterdir()}
            node.live = dict(node.entries)
        elif stat.S_ISLNK(status.st_mode):
            node = nodes[inode] = Node('link', 0o777, os.readlink(path).encode())
        else:
            node = nodes[inode] = Node('file', mode, path.read_bytes(), status.st_mtime_ns)
        return node

    root = visit(pathlib.Path(path))
    return nodes, root


def state_of(path):
    """Returns what is in a directory now: {path: Entry}."""
    return Recording(path, *scan(path)).state(0)


class Recording:
    """What a program did in a directory; at a point between 0 and `calls`, the power may fail.

    `ignoring` names calls that are taken as not made.
    """

    def __init__(self, path, nodes, root, record=None, ignoring=()):
        self.path, self.nodes, self.root = str(path), dict(nodes), root
        self.calls = self.syncs = 0
        self.effects, self.unknown = [], []
        if not record:
            return
        data = pathlib.Path(f'{record}.data').read_bytes()
        for line in pathlib.Path(record).read_text().splitlines():
            what, *words = line.split(' ')
            if what not in ignoring and self._is_ours(what, words):
                self.calls += 1
                getattr(self, f'_{what}', self._other)(line, words, data)

    def _is_ours(self, what, words):
        """Returns whether a call changes something in the directory."""
        paths = [word for word in words if word.startswith('/')]
        if paths:
            return any(self._text(path).startswith(self.path + '/') for path in paths)
        return what in ('nameless', 'syncall', 'unknown') or int(words[0]) in self.nodes

    @staticmethod
    def _text(path):
        return os.path.normpath(urllib.parse.unquote(path))

    def _place(self, path):  # the directory and the name of a path, as they are at this call
        *above, name = os.path.relpath(self._text(path), self.path).split('/')
        node = self.root
        for part in above:
            node = node.live[part]
        return node, name

    def _effect(self, line, kind, value, *nodes):
        self.effects.append(Effect(len(self.effects), self.calls, kind, value, *nodes))
        self.effects[-1].line = line

    def _names(self, line, *changes):  # changes: (directory, name, node or None)
        for directory, name, node in changes:
            if node is None:
                directory.live.pop(name, None)
            else:
                directory.live[name] = node
        self._effect(line, 'names', changes, *dict.fromkeys(directory for directory, _, _ in changes))

    # ------------------------------------------------------------ calls

    def _other(self, line, words, data):
        self.unknown.append(line)

    def _make(self, line, inode, kind, mode, path, content=b''):
        node = self.nodes[int(inode)] = Node(kind, mode, content)
        self._names(line, (*self._place(path), node))

    def _create(self, line, words, data):
        self._make(line, words[0], 'file', int(words[1], 8), words[2])

    def _mkdir(self, line, words, data):
        self._make(line, words[0], 'directory', int(words[1], 8), words[2])

    def _symlink(self, line, words, data):
        self._make(line, words[0], 'link', 0o777, words[2], urllib.parse.unquote(words[1]).encode())

    def _nameless(self, line, words, data):
        self.nodes[int(words[0])] = Node('file', int(words[1], 8))

    def _link(self, line, words, data):
        self._names(line, (*self._place(words[1]), self.nodes[int(words[0])]))

    def _remove(self, line, words, data):
        self._names(line, (*self._place(words[0]), None))

    def _rename(self, line, words, data):
        (old, name), new = self._place(words[0]), self._place(words[1])
        self._names(line, (old, name, None), (*new, old.live[name]))

    def _exchange(self, line, words, data):
        (one, first), (other, second) = self._place(words[0]), self._place(words[1])
        self._names(line, (one, first, other.live[second]), (other, second, one.live[first]))

    def _write(self, line, words, data):
        inode, at, count, start = map(int, words)
        self._effect(line, 'bytes', (at, data[start:start + count]), self.nodes[inode])

    def _size(self, line, words, data):
        self._effect(line, 'length', int(words[1]), self.nodes[int(words[0])])

    def _mode(self, line, words, data):
        self._effect(line, 'mode', int(words[1], 8), self.nodes[int(words[0])])

    def _time(self, line, words, data):
        self._effect(line, 'time', int(words[1]), self.nodes[int(words[0])])

    def _hint(self, line, words, data):
        pass  # sync_file_range(2) promises nothing

    def _settle(self, effects):
        self.syncs += 1
        for effect in effects:
            if effect.certain is None:
                effect.certain = self.calls

    def _sync(self, line, words, data):
        self._settle(self.nodes[int(words[0])].effects)

    _datasync = _sync  # whatever else fdatasync(2) leaves, only a time can be lost

    def _syncall(self, line, words, data):
        self._settle(self.effects)

    # ------------------------------------------------------------ states

    def open_effects(self, point):
        """The effects that a loss of power at a point may take."""
        return [e for e in self.effects if e.call <= point and not e.is_certain(point)]

    def state(self, point, lost=frozenset(), zeros=frozenset(), torn=()):
        """Returns what is there after a loss of power: {path: Entry}.

        `lost` are numbers of effects. A lost write whose number is in `zeros` has lengthened its file. `torn`
        gives, for numbers of writes, the count of their bytes that are there.
        """
        self._choice = point, lost, zeros, dict(torn)
        found = {}
        self._visit(self.root, '', found)
        return found

    def _visit(self, node, path, found):
        point, lost, _, _ = self._choice
        names = dict(node.entries)
        for effect in node.effects:
            if effect.kind == 'names' and effect.call <= point and effect.number not in lost:
                for directory, name, other in effect.value:
                    if directory is node:
                        names.pop(name, None) if other is None else names.update({name: other})
        for name, child in names.items():
            inner = f'{path}/{name}' if path else name
            found[inner] = self._entry(child)
            if child.kind == 'directory' and inner.count('/') < 60:
                self._visit(child, inner, found)

    def _entry(self, node):
        point, lost, zeros, torn = self._choice
        key = tuple(
            (e.number, e.number in lost, e.number in zeros, torn.get(e.number)) for e in node.effects
            if e.call <= point and e.kind != 'names')
        if key not in node.cache:
            node.cache[key] = self._made(node, key)
        return node.cache[key]

    def _made(self, node, key):
        content, mode, time = bytearray(node.content), node.mode, node.time
        for number, is_lost, is_zero, count in key:
            effect = self.effects[number]
            if effect.kind == 'bytes':
                at, data = effect.value
                if is_lost and not is_zero:
                    continue
                data, end = (b'' if is_lost else data[:count]), at + len(data)
                content.extend(bytes(max(0, end - len(content))))
                content[at:at + len(data)] = data
                time = None
            elif is_lost:
                continue
            elif effect.kind == 'length':
                content = content[:effect.value] + bytes(max(0, effect.value - len(content)))
            elif effect.kind == 'mode':
                mode = effect.value
            else:
                time = effect.value
        return Entry(node.kind, mode, time, bytes(content))


def write(state, path):
    """Makes the directory of a state."""
    path.mkdir()
    directories = []
    for name, entry in sorted(state.items()):
        place = path / name
        if entry.kind == 'directory':
            place.mkdir()
            directories.append((place, entry))
        elif entry.kind == 'link':
            place.symlink_to(os.fsdecode(entry.content))
        else:
            place.write_bytes(entry.content)
            place.chmod(entry.mode)
            if entry.time is not None:
                os.utime(place, ns=(entry.time, entry.time))
    for place, entry in reversed(directories):
        place.chmod(entry.mode)
        if entry.time is not None:
            os.utime(place, ns=(entry.time, entry.time))
