"""Archives of registries and servers that jobs begin with, from the real servers of Tests/remote."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from runner import ROOT
from situation import BUILD, CACHECTL, Situation, use

APP = BUILD.replace("./...", ".")  # without the package `second`
SERVERS = ROOT / "Tests/remote/servers.py"


def setUpModule():
    global servers, facts
    directory = tempfile.TemporaryDirectory(prefix="cachestore-actions-servers.")
    unittest.addModuleCleanup(directory.cleanup)
    servers = subprocess.Popen([sys.executable, SERVERS, "--directory", directory.name], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    unittest.addModuleCleanup(lambda: servers.communicate(timeout=60))
    facts = json.loads(servers.stdout.readline())


def run(*arguments) -> str:
    return subprocess.run([CACHECTL, *arguments], check=True, text=True, capture_output=True).stdout


class Bases(Situation):
    """Jobs that begin with a release's archive."""

    def setUp(self):
        super().setUp()
        self.repository = f"oci://{facts['registry']['host']}/{self._testMethodName.replace('_', '-')}"

    def build(self, *, run: str = BUILD, save: dict | None = None, environment: dict | None = None, **restore):
        return self.job(use("restore", **({"path": str(CACHECTL)} | restore)), {"run": run},
                        use("save", **(save or {})), environment=environment)

    def pack(self, label: str, run: str = BUILD) -> pathlib.Path:
        """Runs a job that stores nothing, and returns its archive."""
        job = self.build(run=run, name=label, save={"when": "never"})
        self.assert_good(job)
        file = self.directory / f"{label}.castore"
        file.write_bytes(pathlib.Path(job.outputs["save"]["archive"]).read_bytes())
        return file

    def release(self) -> str:
        """Pushes the union of two jobs, `app` and `utf8`, and returns its address."""
        (self.checkout / "second").mkdir()
        (self.checkout / "second/second.go").write_text(
            'package second\n\nimport "unicode/utf8"\n\nvar Valid = utf8.ValidString\n')
        utf8, app = self.pack("utf8", "go build unicode/utf8"), self.pack("app", APP)
        run("union", utf8, app, "-o", self.directory / "all.castore")
        run("push", self.directory / "all.castore", f"{self.repository}:latest")
        return f"{self.repository}:latest"

    def assert_nothing_said(self, job):
        self.assert_good(job)
        self.assertEqual(job.annotations, [], job.log)

    def outcome(self, job) -> tuple[str, ...]:
        return tuple(job.outputs["restore"][name] for name in ("restored", "exact", "matched-key"))

    # ------------------------------------------------------------ which archive is restored

    def test_first_job_begins_with_the_base_and_later_ones_with_what_is_stored(self):
        base = self.release()
        first = self.build(base=base, run=APP)
        self.assert_warm(first)
        self.assert_nothing_said(first)
        self.assertEqual(self.outcome(first), ("true", "false", ""))
        self.assertIn(f"so the archive `{base}` takes its place", first.log)
        self.assertIn("The restore of ", first.summary)
        self.assertEqual(self.services.cache.keys, [], "the base has all that the job used")

        second = self.build(base=base)
        self.assert_nothing_said(second)
        self.assertEqual(self.compiled(second), ["example.com/app/second"])
        self.assertEqual(self.services.cache.keys, [], second.log)

        self.require("v1.3.0")
        third = self.build(base=base)
        self.assert_nothing_said(third)
        self.assertEqual(sorted(self.compiled(third)), ["example.com/app", "example.com/app/second", "example.com/greeting"])
        self.assertEqual(len(self.services.cache.keys), 1)
        run("push", self.directory / "utf8.castore", base)
        fourth = self.build(base=base)
        self.assert_warm(fourth)
        self.assertEqual(self.outcome(fourth), ("true", "true", self.services.cache.keys[0]))
        self.assertNotIn(base, fourth.log)

    def test_base_completes_the_cache_of_another_job(self):
        base = self.release()
        self.build(run="go build unicode/utf8", name="other", save={"when": "always"})
        job = self.build(base=base, name="app", run=APP)
        self.assert_warm(job)
        self.assert_nothing_said(job)
        self.assertEqual(self.outcome(job), ("true", "false", self.services.cache.keys[0]))
        self.assertIn(f"so the archive `{base}` completes it", job.log)
        self.assertEqual(len(self.services.cache.keys), 2, "the job has a cache of its own from then on")
        gone = self.build(base=f"{self.repository}:none", name="third", run=APP)
        self.assert_warm(gone)
        self.assertIn("so there is only that cache", gone.said("warning"))
        self.assertEqual(self.outcome(gone)[0], "true")

    def test_base_that_moved_on_completes_the_own_cache_of_another_go_sum(self):
        base = self.release()
        self.build(run=APP)
        self.require("v1.3.0")
        run("push", self.pack("next", APP), base)
        job = self.build(base=base, run=APP)
        self.assert_warm(job)
        self.assertEqual(self.outcome(job), ("true", "false", self.services.cache.keys[0]))
        self.assertEqual(len(self.services.cache.keys), 2)

    def test_lists_of_labels_may_have_lines_and_blanks(self):
        base = self.release()
        for only in ("app, utf8", "app\nutf8\n", " app ,\n\n utf8,", "\tutf8,app\r\n"):
            with self.subTest(only=only):
                job = self.build(base=f" {base}\n", only=only, run=APP)
                self.assert_warm(job)
                self.assert_nothing_said(job)
                self.assertEqual(self.services.cache.keys, [])

    def test_only_some_labels_of_the_base(self):
        base = self.release()
        job = self.build(base=base, only="app")
        self.assert_good(job)
        self.assertEqual(self.outcome(job)[0], "true")
        self.assertEqual(sorted(self.compiled(job)), ["example.com/app/second", "unicode/utf8"])
        self.assertEqual(len(self.services.cache.keys), 1, "the label has not what the job used, though the base does")
        self.assert_warm(self.build(base=base, only="app"))

        del self.services.cache.entries[:]
        both = self.build(base=base, only="app,utf8")
        self.assertEqual(self.compiled(both), ["example.com/app/second"])
        wrong = self.build(base=base, only="gcp")
        self.assert_cold(wrong)
        self.assertIn(f"The archive `{base}` (input `base`) can't be read", wrong.said("warning"))
        self.assertIn("choose among its sources: app, utf8", wrong.said("warning"))

    def test_given_archive_in_a_registry_is_restored_instead_of_a_stored_cache(self):
        base = self.release()
        self.build(run="go list .")
        self.assertEqual(len(self.services.cache.keys), 1)
        job = self.build(archive=base, run=APP)
        self.assert_warm(job)
        self.assert_nothing_said(job)
        self.assertEqual(len(self.services.cache.keys), 1, job.log)
        file = self.directory / "all.castore"
        part = self.build(archive=str(file), only="app", run=APP)
        self.assert_warm(part)
        self.assertEqual(self.outcome(part)[0], "true")

    def test_one_step_begins_with_the_base(self):
        base = self.release()
        job = self.job(use("cache", path=str(CACHECTL), base=base, only="app", run="go build -x . 2>build.log"))
        self.assert_nothing_said(job)
        self.assertNotIn("/compile ", (self.checkout / "build.log").read_text())
        self.assertEqual(job.outputs["cache"]["restored"], "true")

    # ------------------------------------------------------------ what is damaged or missing

    def test_damaged_cache_is_completed_from_the_base_and_replaced(self):
        base = self.release()
        whole = self.build()
        file = self.services.cache.entries[0][2]
        content = file.read_bytes()
        for damage, words in ((content[:len(content) // 2], "can't be restored, so the archive"),
                              (content[:20] + bytes([content[20] ^ 0xFF]) + content[21:], "what is whole of it is")):
            with self.subTest(words=words):
                del self.services.cache.entries[1:]
                file.write_bytes(damage)
                job = self.build(base=base, run=APP)
                self.assert_warm(job)
                self.assertIn(words, job.said("warning"))
                self.assertEqual(self.outcome(job), ("true", "false", whole.outputs["restore"]["key"]))
                self.assertIn(f"the archive `{base}` is restored, too", job.said("warning"))
                self.assertEqual(len(self.services.cache.keys), 2, "the damaged cache is replaced")
                self.assertNotIn("cold build", job.summary)
        del self.services.cache.entries[1:]  # the damaged one stays
        job = self.build(base=f"{self.repository}:none", run=APP)
        self.assertIn("so builds compile the rest", job.said("warning"))
        self.assertNotIn("cold build", job.summary, "a part of the cache was restored")

    def test_base_that_cannot_be_read_is_a_warning_and_a_cold_build(self):
        self.release()
        gone = "oci://127.0.0.1:9/acme/caches"
        for base, words in ((f"{self.repository}:none", "none"), (gone, "127.0.0.1:9"), ("no such.castore", "There is no"),
                            ("oci://", "oci://"), ("oci://a b/c", "oci://a b/c"), ("--help", "There is no archive")):
            with self.subTest(base=base):
                del self.services.cache.entries[:]
                job = self.build(base=base)
                self.assert_cold(job)
                self.assertIn("cold build", job.summary)
                self.assertIn(words, job.said("warning"))
                self.assertIn("so builds compile everything", job.said("warning"))
                self.assertEqual(self.outcome(job)[0], "false")
                self.assertEqual(len(self.services.cache.keys), 1)

    def test_base_with_damage_is_restored_in_part_or_not_at_all(self):
        self.release()
        content = bytearray((self.directory / "app.castore").read_bytes())
        content[20] ^= 0xFF
        for place, words in ((self.directory, "what is whole of it is restored, and builds compile the rest"),
                             (pathlib.Path(facts["files"]), "can't be read, so builds compile everything")):
            with self.subTest(words=words):
                del self.services.cache.entries[:]
                file = place / "damaged.castore"
                file.write_bytes(content)
                afar = f"{facts['nginx']['http']}/damaged.castore"
                job = self.build(base=afar if place != self.directory else str(file))
                self.assert_good(job)
                self.assertIn(words, job.said("warning"))
                self.assertEqual(self.outcome(job)[0], "false")
                self.assertEqual(len(self.services.cache.keys), 1)

    def test_damaged_local_archive_is_restored_in_part_with_labels_too(self):
        self.release()
        content = bytearray((self.directory / "all.castore").read_bytes())
        content[20] ^= 0xFF
        (self.directory / "damaged.castore").write_bytes(content)
        job = self.build(base=str(self.directory / "damaged.castore"), only="app,utf8")
        self.assert_good(job)
        self.assertIn("what is whole of it is restored", job.said("warning"))

    def test_local_base_may_be_replaced_meanwhile(self):
        self.release()
        for command in (f"rm {self.directory}/all.castore", f"mv {self.directory}/utf8.castore {self.directory}/all.castore"):
            with self.subTest(command=command):
                job = self.build(base=str(self.directory / "all.castore"), run=f"{APP}; {command}")
                if command.startswith("rm"):
                    run("union", self.directory / "app.castore", self.directory / "utf8.castore", "-o",
                        self.directory / "all.castore")
                self.assert_nothing_said(job)
                self.assertEqual(self.services.cache.keys, [], "the base had all that the job used")

    def test_base_that_takes_too_long_is_given_up(self):
        tools = self.directory / "tools"
        tools.mkdir()
        (tools / "timeout").write_text('#!/bin/sh\nexec /usr/bin/timeout 0.1 sleep "$1"\n')
        (tools / "timeout").chmod(0o755)
        job = self.build(base=f"{self.repository}:x", environment={"PATH": f"{tools}:{self.environment['PATH']}"})
        self.assert_cold(job)
        self.assertIn("not fetched within 10 minutes", job.said("warning"))

    def test_full_disk_fails_no_job(self):
        for script in ("restore/prepare.sh", "restore/apply.sh", "save/pack.sh"):
            with self.subTest(script=script):
                temporary = self.directory / script.replace("/", "-")
                temporary.mkdir()
                facts = {"RUNNER_TEMP": str(temporary), "GITHUB_OUTPUT": "/dev/full", "GITHUB_RUN_ID": "1",
                         "GITHUB_PATH": "/dev/full", "HOME": str(temporary), "INPUT_PATH": str(CACHECTL)}
                job = subprocess.run(["bash", ROOT / ".github/actions" / script], cwd=self.checkout, text=True,
                                     env=self.environment | facts, capture_output=True)
                self.assertEqual(job.returncode, 0, job.stderr)
                self.assertIn("::warning", job.stdout)

    # ------------------------------------------------------------ secrets

    def test_secrets_of_an_address_are_not_printed(self):
        self.release()
        (pathlib.Path(facts["files"]) / "all.castore").write_bytes((self.directory / "all.castore").read_bytes())
        for name, restored in (("all.castore", "true"), ("none.castore", "false")):
            del self.services.cache.entries[:]
            job = self.build(base=f"{facts['nginx']['http']}/{name}?signature=hunter2")
            self.assert_good(job)
            self.assertEqual(self.outcome(job)[0], restored, job.log)
            self.assertIn(name, job.log)
            self.assertNotIn("hunter2", job.log + job.summary)
        host = facts["registry"]["host"]
        for base in (f"oci://somebody:hunter2@{host}/caches:latest", f"https://u:hunter2/x@{host}/y", f"https://u:hunter2?a@{host}/x",
                     f"https://u:hunter2#a@{host}/x", "ftp://u:hunter2@h/x", " https://h.invalid/x?s=hunter2", "s3://b/k?X=hunter2",
                     f"oci:/u:hunter2@{host}/x", f"https://{host}/x?a=@hunter2", "oci://u:hunter2@h.invalid/x@sha256:" + "0" * 64):
            with self.subTest(base=base):
                del self.services.cache.entries[:]
                job = self.build(base=base)
                self.assert_cold(job)
                self.assertIn("(input `base`)", job.said("warning"))
                self.assertNotIn("hunter2", job.log + job.summary)

    def test_token_is_for_fetching_alone_and_a_refused_one_is_left_out(self):
        app = self.pack("app")
        calls, program = self.directory / "calls", self.directory / "cachectl"
        program.write_text(f"""#!/bin/bash
echo "$1 ${{GITHUB_TOKEN-none}}" >>{calls}
[[ $1 != pull ]] || {{
    [[ -z ${{GITHUB_TOKEN-}} && $2 == *public* ]] || {{
        echo "error: cannot read \`$2\`: the server answered ${{2##*-}} Forbidden" >&2
        exit 1
    }}
    cp {app} "${{3#*=}}"
    exit
}}
exec {CACHECTL} "$@"
""")
        for base, restored, pulls in (("oci://ghcr.io/acme/public-403", "true", ["pull t", "pull "]),
                                      ("oci://ghcr.io/acme/other-401", "false", ["pull t", "pull "]),
                                      ("oci://ghcr.io/acme/other-503", "false", ["pull t"]),
                                      ("oci://quay.io/acme/public-403", "false", ["pull t"])):
            with self.subTest(base=base):
                calls.unlink(missing_ok=True)
                del self.services.cache.entries[:]
                job = self.build(base=base, path=str(program), environment={"token": "x"})  # a name of the script's own
                self.assertEqual(self.outcome(job)[0], restored, job.log)
                lines = calls.read_text().splitlines()
                self.assertEqual([line for line in lines if line.startswith("pull")], pulls)
                self.assertEqual({line.split()[1] for line in lines if not line.startswith("pull")}, {"none"})
                self.assertEqual("packages: read" in job.said("warning"), restored == "false" and "503" not in base)
        calls.unlink()
        del self.services.cache.entries[:]
        self.build(base="oci://ghcr.io/acme/public-403", path=str(program), token="")
        self.assertIn("pull ", calls.read_text().splitlines())


if __name__ == "__main__":
    unittest.main()
