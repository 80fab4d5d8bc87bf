"""Functions that run and measure commands for compare-peers.py."""
import hashlib
import os
import subprocess
import sys
import time

# This program takes memory, touches all of it, and ends.
TOUCH = 'import mmap, sys; mmap.mmap(-1, int(sys.argv[1]), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)'


class Failure(Exception):
    """The error for a command that failed, or that did not do its job."""


def threads():
    return len(os.sched_getaffinity(0))


def remove(*paths):
    for path in paths:
        if os.geteuid() != 0 and os.path.isdir(path):  # directories of caches need not be writable
            subprocess.run(['chmod', '-R', 'u+rwX', path], check=False)
        subprocess.run(['rm', '-rf', path], check=True)


def fresh(path):
    """Makes an empty directory in place of an older one."""
    remove(path)
    os.makedirs(path)
    return path


def size_of(path):
    """Returns the number of files in a tree (or one file) and their bytes."""
    if os.path.isfile(path):
        return 1, os.path.getsize(path)
    count = total = 0
    for folder, _, names in os.walk(path):
        count += len(names)
        total += sum(os.lstat(os.path.join(folder, name)).st_size for name in names)
    return count, total


def warm(*paths):
    """Reads everything once, so that the first contender does not pay for a cold page cache."""
    for path in paths:
        for folder, _, names in os.walk(path):
            for name in names:
                with open(os.path.join(folder, name), 'rb') as f:
                    while f.read(1 << 20):
                        pass


def digest(path):
    checksum = hashlib.sha256()
    with open(path, 'rb') as f:
        while piece := f.read(1 << 20):
            checksum.update(piece)
    return checksum.digest()


class Runner:
    """A runner of commands, one at a time, with their output in a log."""

    def __init__(self, log):
        self.log = log
        self.memory = 0  # the most that a command may take, including its share of the page cache, in bytes
        self.cold = False  # whether inputs are read from the disk, and not from the page cache

    def __call__(self, command, cwd=None, output=None, input=None):
        """Runs a program (a list) or a line for bash, and returns its wall seconds, CPU seconds and peak of
        memory.

        The CPU seconds are the sum over all its processes. The peak is that of the largest process, in
        bytes."""
        argv = command if isinstance(command, list) else ['bash', '-c', f'set -euo pipefail; {command}']
        with open(self.log, 'wb') as log, open(output or os.devnull, 'wb') as out, \
                open(input or os.devnull, 'rb') as source:
            start = time.perf_counter()
            with subprocess.Popen(argv, stdin=source, stdout=out, stderr=log, cwd=cwd) as process:
                _, status, usage = os.wait4(process.pid, 0)
                wall = time.perf_counter() - start
                process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            with open(self.log, 'rb') as log:
                lines = log.read().decode(errors='replace').strip().splitlines()
            raise Failure(f'status {process.returncode}: {lines[-1] if lines else "no message"}')
        return {'wall': wall, 'cpu': usage.ru_utime + usage.ru_stime, 'peak': usage.ru_maxrss * 1024}

    def settle(self):
        """Prepares a measurement.

        No command should wait for data that another has written, nor for a host that gives memory to this
        machine only when it is touched."""
        os.sync()
        with open('/proc/meminfo', encoding='utf-8') as f:
            sizes = {line.split(':')[0]: int(line.split()[1]) << 10 for line in f}
        count = min(self.memory, sizes.get('MemAvailable', 0) // 2) >> 20 << 20
        if count:
            subprocess.run([sys.executable, '-c', TOUCH, str(count)], check=True)
        if self.cold:
            with open('/proc/sys/vm/drop_caches', 'w', encoding='ascii') as f:
                f.write('3\n')

    def measure(self, command):
        """Does the same as a call, after everything has settled."""
        self.settle()
        return self(command)

    def rest(self, seconds):
        """Writes everything to disk, and waits until deletions have no more effect."""
        os.sync()
        time.sleep(seconds)
