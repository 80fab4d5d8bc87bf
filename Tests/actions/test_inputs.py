"""Names, paths and texts that may be anything: in inputs, in matrices, and in what cachectl prints."""
import os
import re
import subprocess
import unittest

import runner
from situation import BUILD, CACHECTL, Situation, use

COMMON = runner.ROOT / ".github/actions/common.sh"
LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
NAMES = [
    "build", "Build", "a-b", "a b", "a/b", "a  b", "./cmd/app", "cmd/app", "日本", "中国", "", "-x", "--help", ".", "..",
    "...", "@", "a@", "a,b", "a\nb", "a\n", "a", "a\rb", "$(id)", "`id`", "*", "%0A", "::set-output name=a::b", "a" * 64,
    "a" * 65, "a" * 66, "é" * 64, "cache", "restored", "\\", "\"", "a-0123456789ab",
]
EVIL = "a\n::error::pwned\n::set-output name=x::y\n$(touch pwned)`touch pwned` *, %0A/../"


def shell(script: str, directory, *arguments: str) -> str:
    """Returns what a script prints that uses the functions of all actions."""
    environment = {"PATH": "/usr/bin:/bin", "RUNNER_TEMP": str(directory), "LC_ALL": os.environ.get("LC_ALL", "C.UTF-8")}
    command = ["bash", "-c", f'source "$0"; {script}', COMMON, *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


class Words(Situation):
    """The functions for names and messages."""

    def word(self, text: str) -> str:
        return shell('word "$1"', self.directory, text)

    def test_every_name_makes_a_label_of_its_own(self):
        words = {name: self.word(name) for name in NAMES}
        for name, word in words.items():
            self.assertTrue(LABEL.fullmatch(word), f"{name!r}: {word!r}")
        self.assertEqual(len(set(words.values())), len(NAMES), words)

    def test_valid_names_stay_and_words_that_were_made_are_no_names(self):
        for name in ("build", "go1.25", "A_b-c.d", "a" * 64):
            self.assertEqual(self.word(name), name)
        made = self.word("日本")
        self.assertNotEqual(self.word(made), made)

    def test_warnings_are_escaped_annotations_and_few(self):
        log = self.directory / "log"
        log.write_text("".join(f"warning: {number} %0A ::error::x\nhint: do it\n" for number in range(30)))
        lines = shell('relay "$1" "so: "', self.directory, str(log)).splitlines()
        self.assertEqual(len(lines), 6)
        self.assertEqual(lines[0], "::warning title=cachectl::so: 0 %250A ::error::x")
        self.assertEqual(lines[5], "::warning title=cachectl::so: 25 more warnings are in the log of this step.")
        log.write_text("error: no warning\n")
        self.assertEqual(shell('relay "$1"', self.directory, str(log)), "")

    def test_log_that_holds_commands_is_shown_without_their_effect(self):
        log = self.directory / "log"
        log.write_text("::error::a\n::stop-commands::x\n::x::\n::warning::b\n")
        shown = shell('show "$1"', self.directory, str(log))
        self.assertEqual(runner.ANNOTATION.findall(runner.STOPPED.sub("", shown)), [])
        self.assertIn("::warning::b", shown)


class Inputs(Situation):
    """Jobs with inputs that may be anything."""

    def build(self, restore: dict | None = None, save: dict | None = None, **facts):
        return self.job(use("restore", **({"path": str(CACHECTL)} | (restore or {}))), {"run": BUILD},
                        use("save", **(save or {})), **facts)

    def test_caches_of_all_names_and_prefixes_are_stored_and_found(self):
        for inputs in ({"name": "./cmd/app"}, {"name": EVIL}, {"prefix": EVIL}, {"prefix": "-x", "name": "-x"}):
            with self.subTest(inputs=inputs):
                first = self.build(inputs)
                self.assert_good(first)
                self.assertEqual(first.outputs["save"]["stored"], "true", first.log)
                key = self.services.cache.keys[-1]
                self.assertRegex(key, r"^[A-Za-z0-9._@-]+$")
                second = self.build(inputs)
                self.assert_warm(second)
                self.assertEqual(second.outputs["restore"]["matched-key"], key)
                self.assertEqual(second.outputs["restore"]["exact"], "true")
        self.assertEqual(list(self.checkout.rglob("pwned")), [])

    def test_legs_of_a_matrix_have_caches_of_their_own(self):
        legs = [{"go": "1", "tags": ["a", "b"]}, {"go": "2", "tags": ["a", "b"]}]
        for leg in legs:
            self.assertEqual(self.build(matrix=leg).outputs["save"]["stored"], "true")
        for leg, key in zip(legs, self.services.cache.keys):
            self.assertIn(f"-build-go-{leg['go']}-tags-a-b-", key)
            self.assertEqual(self.build(matrix=leg).outputs["restore"]["matched-key"], key)
        self.assertIn("-build@", self.build().outputs["restore"]["key"], "without a matrix, the job's id alone")

    def test_paths_that_look_like_options_are_paths(self):
        (self.checkout / "-x").mkdir()
        for name in ("go.mod", "go.sum"):
            (self.checkout / "-x" / name).write_bytes((self.checkout / name).read_bytes())
        (self.checkout / "-v.log").write_text("")
        inputs = {"directory": "-x"}
        job = self.build(inputs, {"when": "never", "log": "-v.log", "artifact": "a"})
        self.assert_good(job)
        said = job.said("warning").splitlines()
        self.assertEqual(len(said), 2, said)
        self.assertIn("yet, so builds compile everything", said[0])
        self.assertIn("the log does not tell", said[1], "the empty log was found and read")
        archive = next(self.services.artifacts.directory.glob("a/*.castore"))
        (self.checkout / "-o.castore").write_bytes(archive.read_bytes())
        self.assert_warm(self.build({"archive": "-o.castore"}))

    def test_artifact_of_any_name_is_uploaded(self):
        for artifact in ("cachectl-./cmd/app", EVIL, "..", "two words"):
            with self.subTest(artifact=artifact):
                self.assert_good(self.build(save={"artifact": artifact, "when": "never"}))
        names = sorted(path.name for path in self.services.artifacts.directory.iterdir())
        self.assertEqual(len(names), 4)
        self.assertIn("two words", names)
        self.assertTrue(any(name.startswith("cachectl-.-cmd-app-") for name in names), names)

    def test_jobs_named_as_the_files_of_the_actions_pack(self):
        for name in ("cache", "restored"):
            self.assert_good(self.build({"name": name}, {"artifact": name, "when": "never"}))
            self.assertTrue(list(self.services.artifacts.directory.glob(f"{name}/{name}.castore")))

    def test_wrong_when_costs_only_the_storing(self):
        job = self.build(save={"when": "sometimes", "artifact": "a"})
        self.assert_good(job)
        self.assertIn("The input `when` is `sometimes`", job.said("warning"))
        self.assertEqual(self.services.cache.keys, [])
        self.assertTrue(list(self.services.artifacts.directory.glob("a/*.castore")))

    def test_warnings_of_a_pack_are_annotations(self):
        job = self.job({"run": "mkdir -p ~/.cache/go-build/00; echo no > ~/.cache/go-build/00/$(printf %064d 0)-a"},
                       use("restore", path=str(CACHECTL)), {"run": BUILD + "; rm -rf ~/go/pkg/mod || true"},
                       use("save", when="never"))
        self.assert_good(job)
        printed = re.findall(r"^warning: (.*)$", job.log, re.M)
        self.assertGreater(len(printed), 1, job.log)
        for warning in printed:
            self.assertIn(warning, job.said("warning"))


if __name__ == "__main__":
    unittest.main()
