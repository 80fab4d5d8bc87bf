"""What may be left after a loss of power: judges of archives, image layouts and caches.

A judge gets the state of a directory, as diskmodel.py describes it, and returns a word: `new`, `old` or `none`,
or a sentence that begins with WRONG.
"""
import hashlib
import json
import re

SEALED = 4_000_000_000 * 10**9  # nanoseconds; the times after it are those that a seal gives
TIMED = ('trim.txt', 'castore-restored.txt')  # these hold the time of a run


def below(state, path):
    """Returns the part of a state below a path."""
    return {name[len(path) + 1:]: entry for name, entry in state.items() if name.startswith(f'{path}/')}


def look(state, path=None):
    """Returns what can be compared between runs: {path: what}."""
    found = {}
    for name, entry in (below(state, path) if path else state).items():
        # Go makes the directories of a tree read-only for their owner, but not with -modcacherw.
        is_tree = entry.kind == 'directory' and re.search('(^|/)mods/(?!cache/)[^@]+@', name)
        what = [entry.kind, f'{entry.mode & ~0o200 if is_tree else entry.mode:o}']
        what.append('a time' if name.split('/')[-1] in TIMED else hashlib.sha256(entry.content).hexdigest())
        is_inner = re.search('-d/[^/]+$', name)  # of a program, Go looks at the time of its directory alone
        what.append('sealed' if entry.time is not None and entry.time > SEALED and not is_inner else '')
        found[name] = tuple(what)
    return found


def difference(found, wanted):
    """Says in one sentence how two looks differ; nothing if they are the same."""
    for name in sorted(found.keys() | wanted.keys()):
        if name.endswith('.lock') and name not in wanted:
            continue  # Go's lock, which a restore makes where a part of the module was there before
        if found.get(name) != wanted.get(name):
            return f'{name} is {found.get(name)}, not {wanted.get(name)}'
    return None


class Judge:
    """A judge that compares the output at `path` before and after the command.

    Whatever else was there must be as it was, apart from temporary files.
    """

    def __init__(self, path, before, after):
        self.path, self.before, self.after = path, before, after
        self.old, self.new = self.output(before), self.output(after)

    def output(self, state):
        entry = state.get(self.path)
        return entry and (entry.kind, entry.content)

    def is_output(self, name):
        return name == self.path or name.startswith(f'{self.path}/') or self.path.startswith(f'{name}/')

    def judge(self, state, has_returned):
        for name, entry in self.before.items():
            if not self.is_output(name) and (name not in state or state[name].content != entry.content):
                return f'WRONG: {name} is lost or changed'
        for name in state.keys() - self.before.keys():
            if not self.is_output(name) and not re.search(r'(^|/)\.castore-[^/]*\.tmp(/|$)', name):
                return f'WRONG: {name} is left'
        word = self.word(state)
        if word == 'none' and self.old is not None:
            return 'WRONG: the old output is gone, and there is no new one'
        if has_returned and word in ('old', 'none'):
            return f'WRONG: the command has ended well, and there is {word} output'
        return word

    def word(self, state):
        found = self.output(state)
        if found == self.new:
            return 'new'
        if found is None:
            return 'none'
        return 'old' if found == self.old else self.fault(state)

    def fault(self, state):
        return f'WRONG: the archive has {len(state[self.path].content)} bytes that are neither the new nor the old'


class LayoutJudge(Judge):
    """A judge of an image layout: its index is whole, and so is every blob that the index leads to."""

    def output(self, state):
        if self.path not in state:
            return None
        return {name: entry.content for name, entry in below(state, self.path).items()}

    def fault(self, state):
        files = {name: entry.content for name, entry in below(state, self.path).items()}

        def blob(descriptor):
            algorithm, value = descriptor['digest'].split(':')
            content = files.get(f'blobs/{algorithm}/{value}')
            if content is None:
                raise ValueError(f'a blob is missing: {value[:12]}')
            if len(content) != descriptor['size'] or hashlib.sha256(content).hexdigest() != value:
                raise ValueError(f'a blob is damaged: {value[:12]}')
            return content

        try:
            if 'oci-layout' not in files or not json.loads(files['oci-layout'])['imageLayoutVersion']:
                raise ValueError('no oci-layout')
            for descriptor in json.loads(files['index.json'])['manifests']:
                manifest = json.loads(blob(descriptor))
                for inner in [manifest['config'], *manifest['layers']]:
                    blob(inner)
        except (KeyError, ValueError) as error:
            return f'WRONG: the layout is not whole: {error}'
        return 'WRONG: the layout is neither the new nor the old'


def lost(state, before, after, path):
    """Says which file that was there and right is lost or changed."""
    for name, entry in below(before, path).items():
        name = f'{path}/{name}'
        if name in after and after[name].content == entry.content and not name.endswith(TIMED):
            if name not in state or state[name].content != entry.content:
                return f'{name} was right, and is lost or changed'
    return None


def unseen(state, after, cache='out/cache', modules='out/mods'):
    """Returns what Go would use although it is wrong: it looks at lengths and markers, and at no content."""
    for name, entry in state.items():
        match = re.fullmatch(rf'{cache}/../([0-9a-f]{{64}})-a', name)
        if match and re.fullmatch(rb'v1 [0-9a-f]{64} [0-9a-f]{64} [ 0-9]{20} [ 0-9]{20}\n', entry.content):
            output = entry.content[68:132].decode()
            for path in (f'{cache}/{output[:2]}/{output}-d', *(
                    n for n in after if n.startswith(f'{cache}/{output[:2]}/{output}-d/'))):
                there, right = state.get(path), after.get(path)
                if there and right and there.kind == 'file' and len(there.content) == len(right.content) \
                        and there.content != right.content:
                    return 'an output of the right length'
    for name, entry in after.items():
        match = re.match(rf'{modules}/((?!cache/)[^@]+)@([^/]+)', name)
        if match and entry.kind == 'file' and match[0] in state:
            is_partial = f'{modules}/cache/download/{match[1]}/@v/{match[2]}.partial' in state
            if not is_partial and (name not in state or state[name].content != entry.content):
                return 'a module tree without a marker'
    return None
