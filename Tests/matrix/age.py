#!/usr/bin/env python3
"""Makes caches older: moves back the times of everything in them, and the time in trim.txt.

usage: age.py DAYS DIRECTORY…
"""

import os
import sys


def age(path: str, seconds: int) -> None:
    """Moves back the access and modification times of one file, link or directory."""
    status = os.lstat(path)
    moved = seconds * 1_000_000_000
    os.utime(path, ns=(status.st_atime_ns - moved, status.st_mtime_ns - moved), follow_symlinks=False)


def age_trim(path: str, seconds: int) -> None:
    """Moves back the time of the last trim, unless trim.txt is a link to a file that keeps no time."""
    if os.path.islink(path) or not os.path.exists(path):
        return
    with open(path, "r+", encoding="ascii") as file:
        time = int(file.read())
        file.seek(0)
        file.write(str(time - seconds))
        file.truncate()


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    seconds = int(sys.argv[1]) * 86400
    for top in sys.argv[2:]:
        age_trim(os.path.join(top, "trim.txt"), seconds)
        for folder, directories, files in os.walk(top, topdown=False):
            for name in directories + files:
                age(os.path.join(folder, name), seconds)
        age(top, seconds)


main()
