#!/usr/bin/env python3
"""The architecture map of the sources, and the check that the sources keep to the map.

usage: floors.py [--map]     from anywhere; --map prints the map

A folder uses only folders that stand before it in the map. A folder in Operations uses, of the other
operations, only those that the map names. The check reads tokens, not meaning: it looks for names of
top-level types, and for names of members that an extension declares in another folder than the type's.

The check also reports folders that the map does not have, files of more than 400 lines, and lines of more
than 110 columns. It reports messages of the library that name a command or an option of cachectl, because
such words stand in cachectl's Output/RemedyText.swift. Last, it compares the page Design.md with the map,
and looks for the files that the page names.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DESIGN = ROOT / 'Sources/CacheStore/CacheStore.docc/Design.md'
MAXIMUM_LINES, MAXIMUM_COLUMNS = 400, 110
OTHER_PROGRAMS = ('"--version"', '`skopeo copy --format oci`')  # options of a C compiler and of skopeo

# From the ground floor up: the folder, its one line, and the operations that an operation may use.
LIBRARY = [
    ('.', 'errors and their remedies, warnings, progress, JSON values'),
    ('Model', 'values: IDs, keys, rules for names, manifests, profiles, limits of the format'),
    ('Model/Members', 'the member set in memory, its records and numbers, its totals'),
    ('System/Memory', 'settings of the C library\'s allocator, and its search for a byte'),
    ('System/Threads', 'worker threads, and values that threads share'),
    ('System/Files', 'files and directories by descriptor, placement under final names, scratch files'),
    ('System/Processes', 'running another program'),
    ('Content/Hashing', 'SHA-256 and XXH64'),
    ('Content/Compression', 'zstd and gzip'),
    ('Content/Chunking', 'cutting streams into chunks'),
    ('Content/Tar', 'tar files: writing headers, reading members'),
    ('Go/Formats', 'the files of Go\'s caches: entries, layouts, hashes, classes, compiled packages'),
    ('Go/Command', 'asking the go command for its settings'),
    ('Go/Settings', 'the table of settings that decide hits, and its findings and warnings'),
    ('Go/Scan', 'finding the entries of both caches on disk'),
    ('Go/Zips', 'reading and writing module zips'),
    ('Archive/Index', 'the SQLite database at the end of an archive: reader, writer, lookups'),
    ('Archive/Listing', 'members in canonical order, the digest, figures'),
    ('Archive', 'the archive file: trailer, frames, writer, and the ways to read it'),
    ('Operations/Key', 'the name under which the caches of a job are kept'),
    ('Operations/PackageNames', 'names of compiled packages and the modules they belong to'),
    ('Operations/SetAlgebra/Frames', 'frames copied between archives'),
    ('Operations/SetAlgebra', 'union, difference, intersection: one rule for two values',
     'Operations/SetAlgebra/Frames', 'Operations/PackageNames'),
    ('Operations/Selection', 'choosing members by names, sources and classes, with what they need',
     'Operations/SetAlgebra', 'Operations/PackageNames'),
    ('Operations/Pack', 'caches to an archive', 'Operations/SetAlgebra', 'Operations/PackageNames',
     'Operations/Selection'),
    ('Operations/Restore', 'an archive to caches', 'Operations/Selection'),
    ('Operations/CacheProgram', 'serving archives to go commands, and the figures on that',
     'Operations/Restore'),
    ('Operations/Run', 'what a build needs, restored or served', 'Operations/Restore'),
    ('Operations/Seal', 'protecting a build cache in place'),
    ('Operations/Verify', 'checking every byte of an archive'),
    ('Operations/Repair', 'a damaged archive made whole with the content of others',
     'Operations/SetAlgebra', 'Operations/SetAlgebra/Frames', 'Operations/Verify'),
    ('Operations/Explain', 'where bytes are, and how archives differ',
     'Operations/SetAlgebra', 'Operations/PackageNames'),
    ('Operations/Select', 'some members of a union: projection, pruning, budgets',
     'Operations/SetAlgebra', 'Operations/SetAlgebra/Frames', 'Operations/PackageNames',
     'Operations/Selection', 'Operations/Explain'),
    ('Operations/Doctor', 'predicting whether builds hit',
     'Operations/Restore', 'Operations/PackageNames'),
    ('Operations/Image', 'an archive to a container image',
     'Operations/PackageNames', 'Operations/Selection'),
]
COMMAND_LINE = [
    ('Output', 'words, tables and JSON for reports; remedies in words with flags'),
    ('Terminal', 'standard streams, the progress line, signals'),
    ('Options', 'options that commands share'),
    ('Commands', 'one file per command'),
    ('.', 'the entry point, and the manual made from all commands'),
]

REMOTE = [
    ('Addresses', 'names of files on servers and in registries'),
    ('Transport', 'requests: connections, deadlines, redirects, retries, certificates, proxies'),
    ('Files', 'files read in ranges, and files to be sent'),
    ('Credentials', 'what users keep to sign in, and the tokens of registries'),
    ('Registry', 'the protocol of registries: manifests, blobs, uploads, artifacts of archives'),
    ('Operations', 'archives opened by their addresses, pushed and pulled'),
]

MODIFIERS = r'(?:(?:@\w+(?:\([^)]*\))?|public|package|static|final|indirect|mutating|borrowing|consuming|override|nonisolated(?:\(\w+\))?|unsafe) )*'
DECLARATION = re.compile(
    rf'^{MODIFIERS}(?:struct|class|enum|protocol|typealias|actor|func|let|var) (\w+)', re.M)
EXTENSION = re.compile(r'^(?:public )?extension (\w+)')
MEMBER = re.compile(rf'^    {MODIFIERS}(?:func|var|let|struct|class|enum|typealias) (\w+)')
INITIALIZER = re.compile(rf'^    {MODIFIERS}init\??(?:<[^>]*>)?\((\w+)')
ANY_MEMBER = re.compile(r'^ +(?:(?:public|package|private|fileprivate|static|mutating|final|override|consuming) )*'
                        r'(?:private\(set\) )?(?:func|var|let|case) (\w+)', re.M)


def strip(text):
    """Returns Swift code without comments and the text of strings, but with the code in interpolations."""
    def interpolations(match):
        return ' '.join(re.findall(r'\\\(((?:[^()]|\([^()]*\))*)\)', match.group(0)))
    text = re.sub(r'//[^\n]*', '', text)
    text = re.sub(r'""".*?"""', interpolations, text, flags=re.S)
    text = re.sub(r'#".*?"#', '', text)
    return re.sub(r'"(?:\\\((?:[^()]|\([^()]*\))*\)|\\.|[^"\\\n])*"', interpolations, text)


def check_target(target, floors):
    """Returns the faults of one target's folders."""
    base = ROOT / 'Sources' / target
    rank = {name: number for number, (name, *_) in enumerate(floors)}
    allowed = {name: set(uses) for name, _, *uses in floors}
    code, folder, faults = {}, {}, []
    for path in sorted(base.rglob('*.swift')):
        code[path] = strip(path.read_text())
        folder[path] = path.parent.relative_to(base).as_posix()
    for name in sorted(set(folder.values()) - set(rank)):
        faults.append(f'Sources/{target}/{name}: the map in Tests/floors.py has no such folder')
    for name in sorted(set(rank) - set(folder.values())):
        faults.append(f'Sources/{target}/{name}: the map in Tests/floors.py has a folder that is not there')
    if faults:
        return faults

    home = {name: path for path in code for name in DECLARATION.findall(code[path])}
    declared = {}
    for path in code:
        for name in ANY_MEMBER.findall(code[path]):
            declared.setdefault(name, set()).add(path)
    added = {}  # members that an extension in another folder adds, with names that nothing else has
    initializers = {}  # the same for initializers, by the type and the first label
    for path in code:
        extended = None
        for line in code[path].split('\n'):
            if line and not line[0].isspace():
                match = EXTENSION.match(line)
                name_of_extended = match and match.group(1)
                extended = match and home.get(name_of_extended)
            elif extended and folder[extended] != folder[path]:
                if (match := MEMBER.match(line)) and declared.get(match.group(1), {path}) == {path}:
                    added[match.group(1)] = path
                if (match := INITIALIZER.match(line)) and match.group(1) != '_':
                    initializers[name_of_extended, match.group(1)] = path

    for path in code:
        tokens = set(re.findall(r'\w+', code[path]))
        uses = {(home[token], token) for token in tokens & set(home)}
        uses |= {(added[name], name) for name in tokens & set(added) if re.search(rf'\.{name}\b', code[path])}
        uses |= {(there, f'{name}({label}:)') for (name, label), there in initializers.items()
                 if name in tokens and re.search(rf'\b{name}\({label}:', code[path])}
        here = folder[path]
        for used, name in sorted(uses):
            there = folder[used]
            if there == here:
                continue
            is_up = rank[there] > rank[here]
            is_unnamed = (here.startswith('Operations/') and there.startswith('Operations/')
                          and not any((there + '/').startswith(other + '/') for other in allowed[here]))
            if is_up or is_unnamed:
                reason = 'above it' if is_up else 'which the map does not allow it'
                faults.append(f'{path.relative_to(ROOT)}: uses {name} of {there}, {reason}')
    return faults


def check_sizes():
    """Returns the files that are too long, and the lines that are too wide."""
    faults = []
    for top in ('Sources', 'Tests', 'Benchmarks'):
        for path in sorted((ROOT / top).rglob('*.swift')):
            if any(part.startswith('.build') for part in path.parts):
                continue
            lines = path.read_text().splitlines()
            name = path.relative_to(ROOT)
            if len(lines) > MAXIMUM_LINES:
                faults.append(f'{name}: {len(lines)} lines, more than {MAXIMUM_LINES}')
            faults += [f'{name}:{number}: {len(line)} columns, more than {MAXIMUM_COLUMNS}'
                       for number, line in enumerate(lines, 1) if len(line) > MAXIMUM_COLUMNS]
    return faults


def check_words():
    """Returns the messages of the library that name a command or an option of cachectl."""
    faults = []
    for path in sorted((ROOT / 'Sources/CacheStore').rglob('*.swift')):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            code = re.sub(r'(^|\s)//.*', '', line)
            for text in re.findall(r'"(?:\\.|[^"\\])*"', code):
                if re.search(r'(?<!\w)--[a-z]|`cachectl', text) and not any(word in text for word in OTHER_PROGRAMS):
                    faults.append(f'{path.relative_to(ROOT)}:{number}: the message {text} speaks of cachectl')
    return faults


def map_text():
    """Returns the map, from the top floor down."""
    lines = []
    for target, floors in (('CacheStore', LIBRARY), ('CacheStoreRemote', REMOTE), ('cachectl', COMMAND_LINE)):
        lines.append(f'{target}, from the top floor down')
        for name, words, *uses in reversed(floors):
            suffix = f' (uses {", ".join(use.split("/", 1)[1] for use in uses)})' if uses else ''
            lines.append(f'  {name:30} {words}{suffix}')
    return '\n'.join(lines) + '\n'


def check_design():
    """Returns the statements of the page about folders and files that are wrong."""
    text, name = DESIGN.read_text(), DESIGN.relative_to(ROOT)
    faults = []
    if f'```\n{map_text()}```\n' not in text:
        faults.append(f'{name}: its map is not the one that `Tests/floors.py --map` prints')
    for path in sorted(set(re.findall(r'`([\w/+]+\.swift)`', text))):
        if not any((ROOT / 'Sources' / target / path).is_file() for target in ('CacheStore', 'CacheStoreRemote', 'cachectl')):
            faults.append(f'{name}: there is no file {path} in Sources/CacheStore or Sources/cachectl')
    return faults


def main():
    if sys.argv[1:] == ['--map']:
        print(map_text(), end='')
        return
    if sys.argv[1:]:
        sys.exit(__doc__)
    faults = check_target('CacheStore', LIBRARY) + check_target('CacheStoreRemote', REMOTE)
    faults += check_target('cachectl', COMMAND_LINE) + check_sizes()
    faults += check_words() + check_design()
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        sys.exit(f'floors.py: {len(faults)} faults')


if __name__ == '__main__':
    main()
