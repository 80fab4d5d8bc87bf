#!/usr/bin/env python3
"""Makes a module proxy with the next version of one module: every package of it has a new exported name, and every
Go file a new line, so that all of it and all that imports it is compiled again. Prints the version.

usage: bump-module.py PROXY NEW-PROXY MODULE VERSION
"""

import io
import json
import pathlib
import re
import sys
import zipfile


def escape(text):
    return re.sub("[A-Z]", lambda match: "!" + match[0].lower(), text)


def next_version(version):
    match = re.fullmatch(r"(v\d+\.\d+\.)(\d+)(\+incompatible)?", version)
    if not match:
        sys.exit(f"bump-module.py: {version} is no release: there is no next one")
    return f"{match[1]}{int(match[2]) + 1}{match[3] or ''}"


def is_plain(name, text):
    """Whether a file belongs to its package in every build: no constraint, in its text or its name."""
    stem = name.rsplit("/", 1)[-1].removesuffix(".go")
    return "_" not in stem and "go:build" not in text and "+build" not in text


def bump(source, prefix, version, new):
    """The module's zip at the new version."""
    output, named = io.BytesIO(), set()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as made:
        for entry in sorted(old.infolist(), key=lambda entry: entry.filename):
            data, name = old.read(entry), entry.filename.removeprefix(f"{prefix}@{version}/")
            if name.endswith(".go"):
                text = data.decode()
                directory = name.rpartition("/")[0]
                if directory not in named and not name.endswith("_test.go") and is_plain(name, text):
                    named.add(directory)
                    data += b"\n\n// BumpedVersion is new.\nconst BumpedVersion = %s\n" % json.dumps(new).encode()
                data += b"\n// Changed in %s.\n" % new.encode()
            made.writestr(zipfile.ZipInfo(f"{prefix}@{new}/{name}", (1980, 1, 1, 0, 0, 0)), data)
    return output.getvalue(), len(named)


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    proxy, target, module, version = sys.argv[1:]
    new = next_version(version)
    old = pathlib.Path(proxy, escape(module), "@v")
    made = pathlib.Path(target, escape(module), "@v")
    made.mkdir(parents=True, exist_ok=True)
    data, packages = bump(old / f"{escape(version)}.zip", module, version, new)
    if not packages:
        sys.exit(f"bump-module.py: {module} has no package that can be changed")
    (made / f"{escape(new)}.zip").write_bytes(data)
    (made / f"{escape(new)}.mod").write_bytes((old / f"{escape(version)}.mod").read_bytes())
    (made / f"{escape(new)}.info").write_text(json.dumps({"Version": new, "Time": "2026-01-01T00:00:00Z"}))
    (made / "list").write_text(new + "\n")
    print(new)


if __name__ == "__main__":
    main()
