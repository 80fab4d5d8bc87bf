#!/usr/bin/env python3
"""Compares `verify` with the independent reader of archives, Tests/Oracle/castore.py, on inputs of fuzz targets.

    compare.py FUZZ [INPUT]...

FUZZ is the program that Tests/fuzz.sh builds. The inputs are those of the target `edits`; without any, those in the
repository and those that Tests/fuzz.sh has kept. One line per kind of difference tells which of the two refuses
archives that the other accepts, why, and how often; the archives of the first stay in a directory that is named.
"""
import collections, os, pathlib, re, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Oracle"))
import castore

def judged(archive):
    try: return castore.problems_of(str(archive), fast=True)
    except Exception as error: sys.exit(f"castore.py fails: {error!r}: {archive}")
def kind(text): return re.sub(r"[0-9a-f]{64}|\d+|`[^`]*`", "…", text)

def main():
    if len(sys.argv) < 2: sys.exit(__doc__.strip())
    state = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "cachestore/fuzz"
    inputs = sys.argv[2:] or [str(file) for folder in (HERE / "found/edits", HERE / "corpus/edits", state / "corpus/edits")
                              if folder.is_dir() for file in sorted(folder.iterdir())]
    work = pathlib.Path(tempfile.mkdtemp(prefix="castore-compare."))
    environment = os.environ | {"CACHESTORE_FUZZ_KEEP": str(work), "SWIFT_BACKTRACE": "enable=no", "ASAN_OPTIONS": "detect_leaks=0"}
    def run(batch):
        """Runs inputs in one process or, if one of them ends it, each in its own; the archive is kept before that."""
        status = subprocess.run([sys.argv[1], "edits", *batch], env=environment, stderr=subprocess.DEVNULL).returncode
        if status and len(batch) > 1: [run([file]) for file in batch]
    for start in range(0, len(inputs), 25): run(inputs[start:start + 25])
    archives = sorted(work.glob("*.castore"))
    found, both = collections.defaultdict(list), 0
    for archive in archives:
        words = archive.with_suffix(".verify").read_text(errors="replace").splitlines()
        other = judged(archive)
        both += bool(words) == bool(other)
        if words and not other: found["only verify refuses", kind(words[0])].append(archive)
        if other and not words: found["only castore.py refuses", kind(other[0])].append(archive)
    for (who, why), files in sorted(found.items(), key=lambda item: -len(item[1])): print(f"{len(files):6} {who}: {why}: {files[0]}")
    print(f"{len(archives)} archives, {both} judged alike, {len(found)} kinds of differences")
    sys.exit(bool(found) or not archives)

if __name__ == "__main__": main()
