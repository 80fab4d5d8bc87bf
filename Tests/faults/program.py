"""A go command for `cachectl prog`: it asks for entries as Go does, and looks at each file that it is told of.

The requests go one after the other, each after the answer to the last one, so that two runs make the same calls.
"""
import base64
import collections
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import threading
import time

import caches

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / 'Oracle'))
import gocache  # noqa: E402

CACHE = 'served'  # GOCACHE, which has the entry `bufio`
# What is asked for, in this order: entries of the archives and of GOCACHE, what nobody has, and what was put.
GETS = ['fmt', 'bufio', 'os', 'absent', 'net stdout', 'made', 'fmt']
MADE = hashlib.shake_256(b'made').digest(150_000)  # more than a pipe holds, and more than is read at once
PATIENCE = 30  # seconds, after which a run hangs

Done = collections.namedtuple('Done', 'returncode stderr hits wrong')


def output(name):
    """Returns what an action has made, or nothing if nobody has made it."""
    if name.endswith(' stdout'):
        return caches.printed(name.removesuffix(' stdout'))
    return MADE if name == 'made' else None if name == 'absent' else caches.package(name)


class Ended(Exception):
    """The program gives no more answers."""


class Client:
    """One run of the program.

    `hits` lists the requests that were answered well; `wrong` says which answer was not true.
    """

    def __init__(self, words, directory, environment):
        environment = environment | {'GOCACHE': str(directory / CACHE)}
        self.errors = (directory.parent / f'{directory.name}.errors').open('w+b')
        self.program = subprocess.Popen(words, cwd=directory, env=environment, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.errors)
        self.number, self.hits, self.wrong, self.files = 0, [], None, {}
        self.has_hung = False

    def run(self):
        watch = threading.Timer(PATIENCE, self.give_up)
        watch.start()
        try:
            self.talk()
        except Ended:
            pass
        finally:
            for pipe in (self.program.stdin, self.program.stdout):
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass
            status = self.program.wait()
            watch.cancel()
        if self.has_hung:
            raise subprocess.TimeoutExpired('cachectl prog', PATIENCE)
        self.errors.seek(0)
        text = self.errors.read()
        self.errors.close()
        pathlib.Path(self.errors.name).unlink()
        return Done(status, text, self.hits, self.wrong)

    def give_up(self):
        self.has_hung = True
        self.program.kill()

    def talk(self):
        greeting = self.line()
        if greeting != {'ID': 0, 'KnownCommands': ['get', 'put', 'close']}:
            self.wrong = f'the first line is {greeting}'
            return
        for name in GETS[:-2]:
            self.get(name)
        self.put('made', MADE)
        for name in GETS[-2:]:
            self.get(name)
        # All files must be there until the program has closed.
        for path, content in self.files.items():
            self.look(path, content)
        answer = self.ask({'Command': 'close'})
        if answer != {'ID': self.number}:
            self.wrong = self.wrong or f'the answer to close is {answer}'
        self.hits.append('close')

    def line(self):
        try:
            text = self.program.stdout.readline()
        except OSError:
            text = b''
        if not text.endswith(b'\n'):
            raise Ended
        try:
            return json.loads(text)
        except ValueError:
            self.wrong = self.wrong or f'a line is no JSON: {text[:100]}'
            raise Ended from None

    def ask(self, request, body=None):
        self.number += 1
        lines = [json.dumps({'ID': self.number} | request)]
        if body:
            lines.append(f'"{base64.b64encode(body).decode()}"')
        try:
            self.program.stdin.write(''.join(f'{line}\n\n' for line in lines).encode())
            self.program.stdin.flush()
        except BrokenPipeError:
            raise Ended from None
        answer = self.line()
        if answer.get('ID') != self.number:
            self.wrong = self.wrong or f'the answer to request {self.number} is {answer}'
        return answer

    def get(self, name):
        answer = self.ask({'Command': 'get', 'ActionID': identity(name.encode())})
        if answer.keys() <= {'ID', 'Err'} or answer == {'ID': self.number, 'Miss': True}:
            return
        content = output(name)
        if content is None:
            self.wrong = self.wrong or f'the answer to a get of what nobody has is {answer}'
        elif (answer['OutputID'], answer['Size']) != (identity(content), len(content)):
            self.wrong = self.wrong or f'the answer to a get of {name} is {answer}'
        else:
            self.hits.append(f'get {name}')
            self.look(answer['DiskPath'], content)

    def put(self, name, content):
        answer = self.ask({'Command': 'put', 'ActionID': identity(name.encode()), 'OutputID': identity(content),
                           'BodySize': len(content)}, content)
        if answer.get('Err'):
            return
        self.hits.append(f'put {name}')
        self.look(answer['DiskPath'], content)

    def look(self, path, content):
        self.files[path] = content
        try:
            is_right = pathlib.Path(path).read_bytes() == content
        except OSError:
            is_right = False
        # The files of a program that was just killed may vanish with it.
        if not is_right and self.is_alive():
            self.wrong = self.wrong or f'the file that was named is not right: {path}'

    def is_alive(self):
        time.sleep(0.01)
        return self.program.poll() is None


def identity(content):
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def faults(directory, may_leave):
    """Returns what is wrong in GOCACHE; temporary files are not if they may be left."""
    found = gocache.faults(directory / CACHE)
    return [fault for fault in found if not (may_leave and fault.startswith('.castore-'))]


def comparable(state):
    """Returns a state without the time that a put writes into its entry."""
    name = hashlib.sha256(b'made').hexdigest()
    path = f'{CACHE}/{name[:2]}/{name}-a'
    return {key: (what[0], 'a time') if key == path else what for key, what in state.items()}


def judge(done, wanted, before, state, killed, left):
    """Says what is wrong after a run with a fault, or nothing.

    `wanted` is the run without a fault, and `left` what is wrong in GOCACHE.
    """
    text = done.stderr.decode(errors='replace')
    if done.wrong:
        return done.wrong
    if done.returncode < 0 and not killed:
        return f'died of signal {-done.returncode}'
    if done.returncode not in (0, 1) and not killed:
        return f'status {done.returncode}'
    if done.returncode == 1 and not re.search('error: .*(`|go command|standard)', text, re.DOTALL):
        return 'status 1 without an error that names something'
    if done.returncode == 0 and 'close' not in done.hits:
        return 'status 0 without an answer to each request'
    if done.returncode == 0 and (lost := [hit for hit in wanted.hits if hit not in done.hits]):
        if 'warning: ' not in text:
            return f'{lost} without a warning'
    if left:
        return f'in GOCACHE, {left[0]}'
    if killed:
        return None
    for path in state.keys() | before.keys():
        if not path.startswith(f'{CACHE}/') and state.get(path) != before.get(path):
            return f'{path} is {state.get(path)}, before {before.get(path)}'
    return None
