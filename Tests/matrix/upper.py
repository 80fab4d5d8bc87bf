#!/usr/bin/env python3
"""Lists the files that builds wrote above a layer with restored caches, and fails if a hit was copied up.

usage: upper.py LOWER UPPER     directories that each hold go-build and go-mod

The allowed files are those that Go itself must write:

- README and trim.txt
- entries for the linker's output and for vet's findings: every link, and every vet of a package that the
  command line names, writes them again with another time
- new entries that are not package archives: indexes of the checkout, lists and results
"""

import collections
import os
import stat
import sys


def read(path: str, count: int) -> bytes:
    with open(path, "rb") as file:
        return file.read(count)


def kind_of_output(path: str) -> str:
    """Returns the kind of an output's content."""
    if stat.S_ISDIR(os.lstat(path).st_mode):
        return "executable"
    start = read(path, 64)
    if start.startswith(b"!<arch>"):
        return "package archive"
    if start.startswith(b"go index v"):
        return "module index"
    return "text or facts" if start else "nothing"


def kind_of_rewritten(below: str, top: str, lower: str) -> str:
    """Returns the kind of an action entry of the layer that was copied up.

    A build has found every entry that it looks up."""
    old, new = read(below, 176), read(top, 176)
    output = old[68:132].decode("ascii")
    what = kind_of_output(os.path.join(lower, output[:2], f"{output}-d"))
    if old[:152] != new[:152]:  # all but the time
        return f"FORBIDDEN: action entry, changed, for: {what}"
    # A hit writes no new time; an action that Go runs each time does.
    allowed = {"nothing": "by a link", "text or facts": "by vet or test"}
    return f"action entry, rewritten {allowed[what]}" if what in allowed else f"FORBIDDEN: action entry for: {what}"


def kind(cache: str, path: str, lower: str, upper: str) -> str:
    """Returns the kind of a file of the upper directory."""
    top = os.path.join(upper, path)
    below = os.path.join(lower, path)
    if stat.S_ISCHR(os.lstat(top).st_mode):
        return "FORBIDDEN: deleted from the layer"
    if cache == "go-mod":
        return "FORBIDDEN: file of the module cache"
    if path in ("README", "trim.txt"):
        return path
    if os.path.lexists(below):
        return kind_of_rewritten(below, top, lower) if path.endswith("-a") else "FORBIDDEN: output of the archive"
    if path.endswith("-a"):
        return "action entry, new"
    what = kind_of_output(top)
    forbidden = not path.endswith("-d") or what in ("package archive", "executable")
    return f"FORBIDDEN: new: {what}" if forbidden else f"output, new: {what}"


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    files: collections.Counter[str] = collections.Counter()
    sizes: collections.Counter[str] = collections.Counter()
    forbidden = []
    for cache in ("go-build", "go-mod"):
        lower, upper = (os.path.join(directory, cache) for directory in sys.argv[1:])
        for folder, _, names in os.walk(upper):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), upper)
                what = kind(cache, path, lower, upper)
                files[what] += 1
                sizes[what] += os.lstat(os.path.join(upper, path)).st_size
                if what.startswith("FORBIDDEN"):
                    forbidden.append(f"{cache}/{path}: {what}")
    for what in sorted(files):
        print(f"  {what:44} {files[what]:5} files {sizes[what]:10} bytes")
    print(f"  {'all':44} {sum(files.values()):5} files {sum(sizes.values()):10} bytes")
    if forbidden:
        sys.exit("\n".join(forbidden[:10]))


main()
