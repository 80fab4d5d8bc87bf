#!/usr/bin/env python3
"""make-large.py DIR --go GO [--size BYTES]: fills caches with one huge package beside small ones, by real builds.

Some SDKs have a package whose compiled form is about 1 GB. This script gets such an output from the Go toolchain
within seconds: the package embeds one file. The file's bytes are those of the small packages' compiled forms, in
another order; in each region, another permutation gives each byte another value. So they compress as compiled code
does, and no region repeats another.

The caches are DIR/go-build and DIR/go-mod. The latter has one small module, from a proxy of files. DIR/complete
is written last; if it names the same size, the script does nothing."""
import argparse
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile

MODULE, VERSION = 'large.example/base', 'v1.0.0'
PACKAGES = 12  # of the module
STANDARD = ('encoding/json', 'fmt', 'regexp', 'text/template')
REGION = 1 << 20  # the bytes that have one permutation


def package(number):
    """Returns the source of a small package, which depends on the standard library."""
    functions = ''.join(f'''
// Value{i} is one of many small functions.
func Value{i}(m map[string]int, s string) (string, error) {{
\tfor k, v := range m {{
\t\tif len(k) > {i} && v%{i + 2} == {number} {{
\t\t\treturn fmt.Sprintf("%s %d {i}", strings.Repeat(k, {i + 1}), v), nil
\t\t}}
\t}}
\treturn "", fmt.Errorf("no value {number}.{i} of %q", s)
}}
''' for i in range(60))
    return f'package p{number}\n\nimport (\n\t"fmt"\n\t"strings"\n)\n{functions}'


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def make_proxy(proxy):
    """Makes a module proxy (https://go.dev/ref/mod#goproxy-protocol) of files, with one module."""
    versions = proxy / MODULE / '@v'
    mod = f'module {MODULE}\n\ngo 1.21\n'
    write(versions / 'list', f'{VERSION}\n')
    write(versions / f'{VERSION}.info', f'{{"Version":"{VERSION}","Time":"2020-01-01T00:00:00Z"}}')
    write(versions / f'{VERSION}.mod', mod)
    with zipfile.ZipFile(versions / f'{VERSION}.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f'{MODULE}@{VERSION}/go.mod', mod)
        for number in range(PACKAGES):
            archive.writestr(f'{MODULE}@{VERSION}/p{number}/p.go', package(number))


def make_program(source):
    """Writes a module with the huge package, still without its file, and with small ones beside it."""
    write(source / 'go.mod', f'module large.example/program\n\ngo 1.21\n\nrequire {MODULE} {VERSION}\n')
    imports = ''.join(f'\t_ "{name}"\n' for name in
                      (*STANDARD, *(f'{MODULE}/p{number}' for number in range(PACKAGES))))
    write(source / 'small' / 'small.go', f'package small\n\nimport (\n{imports})\n')
    write(source / 'sdk' / 'sdk.go', 'package sdk\n\nimport _ "embed"\n\n'
                                     '//go:embed content.bin\nvar content string\n\n'
                                     '// Size returns the number of bytes.\nfunc Size() int { return len(content) }\n')


def compiled(cache):
    """Returns the compiled packages of a build cache, one after another."""
    pieces = []
    for path in sorted(cache.glob('*/*-d')):
        content = path.read_bytes()
        if content.startswith(b'!<arch>\n'):
            pieces.append(content)
    return b''.join(pieces)


def write_content(path, material, size):
    """Writes a file that compresses as `material` does, without repeating itself."""
    source = random.Random('large')
    if len(material) < 4 * REGION:
        sys.exit(f'make-large: only {len(material)} bytes of compiled packages to take from')
    with open(path, 'wb') as f:
        while size:
            count = min(size, REGION)
            start = source.randrange(len(material) - count)
            values = bytes(source.sample(range(256), 256))
            f.write(material[start:start + count].translate(values))
            size -= count


def build(go, directory, source, proxy, package_name):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(('GO', 'CGO_'))}
    environment.update(GOCACHE=str(directory / 'go-build'), GOMODCACHE=str(directory / 'go-mod'),
                       GOPROXY=proxy.as_uri(), GOSUMDB='off', GOTOOLCHAIN='local', GOFLAGS='-mod=mod',
                       GOENV='off', CGO_ENABLED='0')
    subprocess.run([go, 'build', package_name], cwd=source, env=environment, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('directory', type=pathlib.Path)
    parser.add_argument('--go', required=True)
    parser.add_argument('--size', type=int, default=10**9)
    options = parser.parse_args()
    if not 4 * REGION <= options.size < 2 * 10**9:  # the compiler embeds no file of 2 GB
        parser.error('--size is a number from 4194304 to 2000000000')
    directory, complete = options.directory.resolve(), options.directory / 'complete'
    if complete.exists() and complete.read_text() == f'{options.size}\n':
        return
    if directory.exists():
        subprocess.run(['chmod', '-R', 'u+rwX', directory], check=True)  # modules are read-only
        shutil.rmtree(directory)
    directory.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=directory) as temporary:
        source, proxy = pathlib.Path(temporary, 'source'), pathlib.Path(temporary, 'proxy')
        make_proxy(proxy)
        make_program(source)
        build(options.go, directory, source, proxy, './small')
        write_content(source / 'sdk' / 'content.bin', compiled(directory / 'go-build'), options.size)
        build(options.go, directory, source, proxy, './sdk')
    largest = max(path.stat().st_size for path in (directory / 'go-build').glob('*/*-d'))
    if largest < options.size:
        sys.exit(f'make-large: the largest output has {largest} bytes, and the embedded file {options.size}')
    complete.write_text(f'{options.size}\n')


if __name__ == '__main__':
    main()
