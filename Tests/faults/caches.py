"""Small caches of Go, made without Go: enough of everything that an archive can hold."""
import base64
import hashlib
import json
import os
import zipfile

TIME = 1_700_000_000


def sha(data):
    return hashlib.sha256(data).hexdigest()


def write(path, data, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)


def entry(cache, name, output):
    """Writes an action entry and its output, as cmd/go/internal/cache does."""
    action, out = sha(name.encode()), sha(output)
    write(cache / out[:2] / f'{out}-d', output)
    text = f'v1 {action} {out} {len(output):20d} {TIME * 10**9:20d}\n'
    write(cache / action[:2] / f'{action}-a', text.encode())


def package(name, size=3000):
    """Returns something like a compiled package."""
    block = hashlib.shake_256(name.encode()).digest(min(size, 1 << 18))
    body = b''.join(block + offset.to_bytes(8, 'big') for offset in range(0, size, len(block)))
    return b'!<arch>\n' + f'go object linux amd64 go1.25.5 X:none\nbuild id "{name}"\n'.encode() + body


def printed(name):
    """Returns what a compiler has printed for a package."""
    return f'./{name}.go\n'.encode()


def build_cache(cache, names, size=3000):
    """Makes a GOCACHE with a compiled package per name, and a few entries of other kinds."""
    write(cache / 'README', b'This directory holds cached build artifacts from the Go build system.\n')
    for name in names:
        entry(cache, name, package(name, size))
        entry(cache, f'{name} stdout', printed(name))
    entry(cache, 'empty', b'')


def h1(files):
    lines = ''.join(f'{sha(data)}  {name}\n' for name, data in sorted(files.items()))
    return 'h1:' + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


def module(cache, path, version, files, tree=True):
    """Makes a module in GOMODCACHE, as a download and, if it is wanted, as a tree."""
    prefix = f'{path}@{version}'
    named = {f'{prefix}/{name}': data for name, data in files.items()}
    download = cache / 'cache/download' / path / '@v'
    write(download / f'{version}.info', json.dumps({'Version': version, 'Time': '2024-01-01T00:00:00Z'}).encode())
    write(download / f'{version}.mod', files['go.mod'])
    write(download / f'{version}.ziphash', h1(named).encode())
    write(download / f'{version}.lock', b'')
    with zipfile.ZipFile(download / f'{version}.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(named.items()):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    if not tree:
        return
    for name, data in files.items():
        write(cache / prefix / name, data, 0o444)
    for directory, _, _ in os.walk(cache / prefix, topdown=False):
        os.chmod(directory, 0o555)


def module_cache(cache, modules, tree=True):
    for path in modules:
        files = {
            'go.mod': f'module {path}\n'.encode(), 'LICENSE': b'free\n',
            'code.go': b'package code\n' + path.encode() * 500, 'inner/deep/more.go': b'package deep\n',
        }
        module(cache, path, 'v1.0.0', files, tree)
