#!/usr/bin/env python3
"""make-module-proxy.py OUT [--debian ROOT] [--splits FILE] [--vendored ROOT:VERSION]...

Turns Go source trees that are already on this machine into a file-system module proxy
(GOPROXY=file://OUT), so that the Go command does real downloads, real checksums and real
extraction without a network.

  --debian ROOT            the tree that golang-*-dev packages install, ROOT/<import path>;
                           versions come from dpkg
  --splits FILE            directories (globs below ROOT) that upstream publishes as modules
                           of their own, but Debian merges into one tree without their go.mod
  --vendored ROOT:VERSION  a source tree with vendor/modules.txt; the modules that it replaces
                           by directories of its own (Kubernetes' staging) get VERSION

Every module is offered in exactly one version, and every go.mod is written without
requirements: `go mod tidy` in the main module finds all of them by import path, and what
else is installed on the machine cannot change a module's bytes. --debian wins over --vendored.
"""
import argparse
import glob
import hashlib
import json
import os
import re
import subprocess
import zipfile

# How many path elements name a repository, per host; three (host/owner/name) where not listed.
REPOSITORY_DEPTH = {
    'google.golang.org': 2, 'cloud.google.com': 2, 'k8s.io': 2, 'sigs.k8s.io': 2, 'rsc.io': 2,
    'go.etcd.io': 2, 'go.mongodb.org': 2, 'go.uber.org': 2, 'go.opentelemetry.io': 2,
    'go.opencensus.io': 1, 'gotest.tools': 1,
}
MAJOR_SUFFIX = re.compile(r'/v([2-9]|[1-9][0-9]+)$')
GOPKG_MAJOR = re.compile(r'^gopkg\.in/.*\.v([0-9]+)$')
WINDOWS_NAMES = {'con', 'prn', 'aux', 'nul'} | {f'{n}{i}' for n in ('com', 'lpt') for i in range(10)}


class Module:
    def __init__(self, path, version, directory, go_line=None):
        self.path, self.version, self.directory, self.go_line = path, version, directory, go_line

    @property
    def has_gomod(self):  # a module with a go.mod may not call itself incompatible
        return not self.version.endswith('+incompatible')

    def gomod(self):
        go = f'\ngo {self.go_line}\n' if self.go_line and self.has_gomod else ''
        return f'module {self.path}\n{go}'


def escape(text):
    """Module paths and versions in file names: upper case X becomes !x."""
    return re.sub('[A-Z]', lambda m: '!' + m.group(0).lower(), text)


def read_gomod(directory):
    """The module path and the go line of directory/go.mod, or None for what it does not have."""
    try:
        with open(os.path.join(directory, 'go.mod'), encoding='utf-8', errors='replace') as f:
            text = f.read()
    except OSError:
        return None, None
    found = [re.search(rf'^{word}\s+"?([^\s"]+)', text, re.M) for word in ('module', 'go')]
    return tuple(m.group(1) if m else None for m in found)


def semantic_version(path, debian_version):
    """A Debian version as a Go version that is legal for this module path."""
    upstream = debian_version.split(':', 1)[-1].rsplit('-', 1)[0]
    really = re.search(r'really([0-9.]+)', upstream)
    upstream = really.group(1) if really else upstream
    numbers = re.match(r'(\d+)(?:\.(\d+))?(?:\.(\d+))?', upstream)
    major, minor, patch = (int(n or 0) for n in numbers.groups()) if numbers else (0, 0, 0)
    suffix = MAJOR_SUFFIX.search(path) or GOPKG_MAJOR.match(path)
    wanted = int(suffix.group(1)) if suffix else None
    snapshot = re.search(r'git(\d{8})', upstream)
    if snapshot and (major, minor, patch) == (0, 0, 0):  # never released: a pseudo-version
        commit = hashlib.sha1(path.encode()).hexdigest()[:12]
        return f'v{wanted or 0}.0.0-{snapshot.group(1)}000000-{commit}'
    if wanted is None and major >= 2:
        return f'v{major}.{minor}.{patch}+incompatible'
    return f'v{major if wanted is None else wanted}.{minor}.{patch}'


def package_of_file(root):
    """File below root -> Debian version of the package that installed it."""
    def query(*arguments):
        return subprocess.run(['dpkg-query', *arguments], capture_output=True, text=True).stdout.splitlines()
    versions = dict(line.split('\t') for line in query('-W', '-f', '${Package}\t${Version}\n', 'golang*'))
    owner = {}
    for line in query('-S', root + '/*'):
        packages, _, path = line.partition(': ')
        owner[path] = versions.get(packages.split(', ')[0].split(':')[0], '0-1')
    return owner


def repository_roots(directory, elements=()):
    """Directories below the Debian tree that stand for whole repositories."""
    if elements:
        depth = REPOSITORY_DEPTH.get(elements[0], 3)
        if GOPKG_MAJOR.match('/'.join(elements)):
            depth = len(elements)
        if len(elements) >= depth:
            yield directory
            return
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        if os.path.isdir(path) and not os.path.islink(path) and not name.startswith('.'):
            yield from repository_roots(path, elements + (name,))


def debian_modules(root, splits):
    owner = package_of_file(root)
    roots = set(d for pattern in splits for d in glob.glob(os.path.join(root, pattern)) if os.path.isdir(d))
    split = set(roots)
    for repository in repository_roots(root):
        roots.add(repository)
        for base, directories, files in os.walk(repository):
            directories[:] = [d for d in directories if d not in ('testdata', 'vendor') and d[0] not in '._']
            if 'go.mod' in files:
                roots.add(base)
    for directory in sorted(roots):
        path = os.path.relpath(directory, root)
        name, go_line = read_gomod(directory)
        if name and re.fullmatch(re.escape(path) + MAJOR_SUFFIX.pattern, name):
            path = name  # imported with a major version that is no directory
        files = (os.path.join(base, f) for base, _, names in os.walk(directory) for f in sorted(names))
        version = semantic_version(path, next((owner[f] for f in files if f in owner), '0-1'))
        if name == path or directory in split:
            version = version.replace('+incompatible', '') if directory in split else version
            yield Module(path, version, directory, go_line)
        else:  # no go.mod, or that of the project it was forked from
            yield Module(path, version, directory)


def vendored_modules(root, own_version):
    with open(os.path.join(root, 'vendor/modules.txt'), encoding='utf-8') as f:
        lines = [line.split() for line in f if line.startswith('# ')]
    for words in lines:
        path, version, target = words[1], words[2], words[words.index('=>') + 1:] if '=>' in words else []
        directory = os.path.join(root, 'vendor', path)
        if target and target[0].startswith('./'):
            directory, version = os.path.normpath(os.path.join(root, target[0])), own_version
        elif len(target) == 2:
            version = target[1]
        if version.startswith('v') and os.path.isdir(directory):
            yield Module(path, version, directory, read_gomod(directory)[1])


def legal(path):
    """What golang.org/x/mod/zip accepts as a file name, a little stricter."""
    return all(element and not element.endswith('.') and element.split('.')[0].lower() not in WINDOWS_NAMES
               and re.fullmatch(r'[\w!#$%&()+,\-.=@\[\]^{}~ ]+', element) for element in path.split('/'))


def files_of(module, roots):
    """(name in the module, path) of every file a module zip holds; other modules are cut out."""
    seen = set()
    for base, directories, files in os.walk(module.directory):
        directories[:] = sorted(
            d for d in directories
            if d not in ('vendor', '.git') and not os.path.islink(os.path.join(base, d))
            and os.path.join(base, d) not in roots and not os.path.exists(os.path.join(base, d, 'go.mod')))
        for file in sorted(files):
            path = os.path.join(base, file)
            name = os.path.relpath(path, module.directory)
            # Names must also differ without regard to case. A link is only followed to a file of the same tree.
            inside = os.path.realpath(path).startswith(os.path.realpath(module.directory) + os.sep)
            if name != 'go.mod' and inside and os.path.isfile(path) and legal(name) and name.lower() not in seen:
                seen.add(name.lower())
                yield name, path


def publish(module, files, out):
    home = os.path.join(out, escape(module.path))
    os.makedirs(os.path.join(home, '@v'), exist_ok=True)
    stem = os.path.join(home, '@v', escape(module.version))
    info = json.dumps({'Version': module.version, 'Time': '2023-01-01T00:00:00Z'})
    pseudo = re.search(r'-\d{14}-[0-9a-f]{12}$', module.version)  # these are never listed
    for path, text in ((os.path.join(home, '@v/list'), '' if pseudo else module.version + '\n'),
                       (os.path.join(home, '@latest'), info), (stem + '.info', info), (stem + '.mod', module.gomod())):
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)

    with zipfile.ZipFile(stem + '.zip.tmp', 'w', zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        def add(name, data):
            entry = zipfile.ZipInfo(f'{module.path}@{module.version}/{name}')  # a fixed date, no mode
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
        if module.has_gomod:
            add('go.mod', module.gomod())
        for name, path in files:
            with open(path, 'rb') as f:
                add(name, f.read())
    os.rename(stem + '.zip.tmp', stem + '.zip')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out')
    parser.add_argument('--debian', metavar='ROOT')
    parser.add_argument('--splits', metavar='FILE')
    parser.add_argument('--vendored', metavar='ROOT:VERSION', action='append', default=[])
    options = parser.parse_args()

    splits = []
    if options.splits:
        with open(options.splits, encoding='utf-8') as f:
            splits = [line.strip() for line in f if line.strip() and not line.startswith('#')]
    modules = {}
    if options.debian:
        for module in debian_modules(options.debian.rstrip('/'), splits):
            modules.setdefault(module.path, module)
    for layer in options.vendored:
        for module in vendored_modules(*layer.rsplit(':', 1)):
            modules.setdefault(module.path, module)

    roots = {m.directory for m in modules.values()}
    count = size = 0
    for module in modules.values():
        files = list(files_of(module, roots))
        if any(name.endswith('.go') for name, _ in files):
            publish(module, files, options.out)
            count += 1
            size += sum(os.path.getsize(path) for _, path in files)
    print(f'{count} modules, {size / 1e6:.0f} MB of sources')


if __name__ == '__main__':
    main()
