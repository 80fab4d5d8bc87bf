"""The common parts of the tests: a repository with Go code, services, and jobs that build it."""
import functools
import hashlib
import io
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile
import types
import unittest

import runner
from services import Artifacts, Cache, Releases

CACHECTL = pathlib.Path(os.environ["CACHECTL"]).resolve()
GO = pathlib.Path(os.environ["CACHESTORE_GO"]).resolve()
VERSION = subprocess.run([runner.ROOT / ".github/release/version.sh"], text=True, check=True,
                         capture_output=True).stdout.strip()

# A package without a main function compiles in no time, because it needs nothing of Go's library.
PACKAGE = """package app

import "example.com/greeting"

func Greet() string { return greeting.New("world") }
"""
PROGRAM = """package main

import (
\t"fmt"

\t"example.com/app"
)

func main() { fmt.Println(app.Greet()) }
"""
MODULES = {  # PATH@VERSION of the modules that a file proxy offers, and their one file
    "example.com/greeting@v1.2.0": 'package greeting\n\nfunc New(name string) string { return "hello, " + name }\n',
    "example.com/greeting@v1.3.0": 'package greeting\n\nfunc New(name string) string { return "hi, " + name }\n',
}
BUILD = 'go build -x -o /dev/null ./... 2>"$RUNNER_TEMP/build.log"'


def use(action: str, **inputs) -> dict:
    """Returns a step that uses an action of this repository as another repository does."""
    step = {"id": action, "uses": f"{runner.OWN}/.github/actions/{action}@v{VERSION}"}
    return step | ({"with": inputs} if inputs else {})


@functools.cache
def real_cachectl() -> bytes:
    return CACHECTL.read_bytes()


@functools.cache
def release_archive(program: bytes) -> bytes:
    """Returns the archive of a release, with a program as `cachectl`."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz", compresslevel=1) as archive:
        member = tarfile.TarInfo("cachectl")
        member.size, member.mode = len(program), 0o755
        archive.addfile(member, io.BytesIO(program))
    return memory.getvalue()


class Situation(unittest.TestCase):
    """A repository with one Go package and one dependency, on runners whose caches are empty at first."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="cachestore-actions."))
        self.addCleanup(self.remove)
        self.services = types.SimpleNamespace(
            cache=Cache(self.directory / "cache"), artifacts=Artifacts(self.directory / "artifacts"),
            releases=Releases(self.directory / "releases"))
        self.addCleanup(self.services.releases.close)
        self.runs = 0
        self.make_proxy()
        self.checkout = self.directory / "runner/work/app/app"
        self.checkout.mkdir(parents=True)
        self.require("v1.2.0")
        (self.checkout / "app.go").write_text(PACKAGE)

    def remove(self):
        subprocess.run(["chmod", "-R", "u+w", self.directory], check=True)  # the module cache is read-only
        shutil.rmtree(self.directory)

    def make_proxy(self):
        modules = self.directory / "modules"
        for name, content in MODULES.items():
            (modules / name).mkdir(parents=True)
            (modules / name / "go.mod").write_text(f"module {name.split('@')[0]}\n\ngo 1.21\n")
            (modules / name / "greeting.go").write_text(content)
        maker = runner.ROOT / "Tests/image/make-proxy.py"
        subprocess.run(["python3", maker, modules, self.directory / "proxy"], check=True)

    def go(self, *arguments, **variables):
        environment = self.environment | {"HOME": str(self.directory), "GOFLAGS": "-mod=mod"} | variables
        subprocess.run([GO, *arguments], cwd=self.checkout, env=environment, check=True, capture_output=True)

    def require(self, version: str):
        """Makes the program depend on a version of the module, and writes the go.sum file."""
        (self.checkout / "go.sum").unlink(missing_ok=True)
        (self.checkout / "go.mod").write_text(
            f"module example.com/app\n\ngo 1.21\n\nrequire example.com/greeting {version}\n")
        scratch = self.directory / "scratch"
        self.go("mod", "download", "example.com/greeting", GOMODCACHE=str(scratch / "mod"),
                GOCACHE=str(scratch / "build"))

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a runner whose image has Go."""
        return {
            "PATH": f"{GO.parent}:/usr/local/bin:/usr/bin:/bin", "GOPROXY": f"file://{self.directory}/proxy",
            "GOSUMDB": "off", "GOTOOLCHAIN": "local", "GOTELEMETRY": "off", "CGO_ENABLED": "0", "TZ": "UTC",
        }

    def job(self, *steps: dict, environment: dict | None = None, **facts) -> runner.Job:
        """Runs a job on a fresh runner, whose caches are empty."""
        self.runs += 1
        home = self.directory / "runner/home"
        if home.exists():
            subprocess.run(["chmod", "-R", "u+w", home], check=True)
            shutil.rmtree(home)
        job = runner.Job(self.directory / "runner", self.services, self.environment | (environment or {}),
                         **({"run": self.runs} | facts))
        return job.run(list(steps))

    def publish(self, program: bytes | None = None, machine: str = "", repository: str = runner.OWN) -> bytes:
        """Makes the release of this version, by default with the real cachectl, and returns its archive."""
        name = f"cachectl-{VERSION}-linux-{machine or os.uname().machine}.tar.gz"
        content = release_archive(program or real_cachectl())
        sums = f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()
        self.services.releases.add(repository, VERSION, {name: content, "SHA256SUMS": sums})
        return content

    def compiled(self, job: runner.Job) -> list[str]:
        """Returns the packages that the job's build compiled."""
        log = (job.temporary / "build.log").read_text()
        return re.findall(r"/compile .* -p (\S+) ", log)

    def assert_good(self, job: runner.Job):
        self.assertFalse(job.failed, job.log)
        self.assertEqual(job.said("error"), "", job.log)

    def assert_cold(self, job: runner.Job):
        self.assert_good(job)
        self.assertIn("example.com/greeting", self.compiled(job), job.log)

    def assert_warm(self, job: runner.Job):
        self.assert_good(job)
        self.assertEqual(self.compiled(job), [], job.log)
