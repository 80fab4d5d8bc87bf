"""Writes the module directories `PATH@VERSION` below one directory as a file-system module proxy.

usage: make-proxy.py MODULES PROXY
"""

import json
import pathlib
import re
import sys
import zipfile


def escaped(path: str) -> str:
    """Returns a module path as Go's caches and proxies write it."""
    return re.sub("[A-Z]", lambda letter: "!" + letter.group().lower(), path)


def write(modules: pathlib.Path, tree: pathlib.Path, proxy: pathlib.Path) -> None:
    path, version = tree.relative_to(modules).as_posix().rsplit("@", 1)
    directory = proxy / escaped(path) / "@v"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{version}.mod").write_bytes((tree / "go.mod").read_bytes())
    information = {"Version": version, "Time": "2025-01-01T00:00:00Z"}
    (directory / f"{version}.info").write_text(json.dumps(information))
    with zipfile.ZipFile(directory / f"{version}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(tree.rglob("*")):
            if file.is_file():
                archive.write(file, f"{path}@{version}/{file.relative_to(tree).as_posix()}")


def main() -> None:
    modules, proxy = (pathlib.Path(argument) for argument in sys.argv[1:])
    for tree in sorted(modules.rglob("*@*")):
        if tree.is_dir():
            write(modules, tree, proxy)


main()
