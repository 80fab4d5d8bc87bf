"""What must be true of the files of the actions and workflows, and the workflows of this repository played."""
import re
import shutil
import subprocess
import unittest

import runner
from expressions import ExpressionError, evaluate
from runner import ROOT, load
from situation import BUILD, CACHECTL, VERSION, Situation

ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
README = ROOT / ".github/actions/README.md"


class Files(unittest.TestCase):
    """All actions and workflows."""

    def test_every_yaml_file_is_read(self):
        files = [file for end in ("yml", "yaml") for file in (ROOT / ".github").rglob(f"*.{end}")]
        self.assertGreater(len(files), 8)
        for file in files:
            self.assertIsInstance(load(file), dict, file)

    def test_every_input_is_used_and_every_used_one_is_declared(self):
        for file in ACTIONS:
            action = load(file)
            used = set(re.findall(r"\binputs\.([a-z0-9-]+)", str(action["runs"])))
            self.assertEqual(used, set(action.get("inputs", {})), file)

    def test_every_input_and_output_is_described_and_stands_in_the_readme(self):
        sections = dict(re.findall(r"^## `(\w+)`[^\n]*\n(.*?)(?=^## |\Z)", README.read_text(), re.M | re.S))
        self.assertEqual(set(sections), {file.parent.name for file in ACTIONS})
        for file in ACTIONS:
            action = load(file)
            for kind in ("inputs", "outputs"):
                for name, value in action.get(kind, {}).items():
                    self.assertTrue(value["description"].strip().endswith("."), f"{file}: {name}")
                    self.assertRegex(sections[file.parent.name], rf"`{name}`", f"{file}: {name}")

    def test_no_script_has_expressions_in_it(self):
        for file in [*ACTIONS, *WORKFLOWS]:
            for run in re.findall(r"'run': (.*?)(?:, '|\})", str(load(file))):
                self.assertNotIn("${{", run, file)

    def test_every_action_of_others_is_pinned_by_its_commit(self):
        for file in [*ACTIONS, *WORKFLOWS]:
            for use in re.findall(r"^\s*(?:- )?uses: (\S.*)$", file.read_text(), re.M):
                if not use.startswith(("$/", f"{runner.OWN}/")):
                    self.assertRegex(use, r"^[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+(\.\d+)*$", file)

    def test_every_use_of_our_own_actions_names_this_version(self):
        files = [*WORKFLOWS, README]
        found = [version for file in files
                 for version in re.findall(rf"{runner.OWN}/\.github/\S+@v([\w.]+)", file.read_text())]
        self.assertGreater(len(found), 4)
        self.assertEqual(set(found), {VERSION})

    def test_cache_has_the_steps_of_restore_and_save(self):
        def plain(name: str) -> list[dict]:
            steps = load(ROOT / f".github/actions/{name}/action.yml")["runs"]["steps"]
            own = {"PATH/": f"PATH/../{name}/"} if name != "cache" else {}
            for step in steps:
                for old, new in own.items():
                    if "run" in step:
                        step["run"] = step["run"].replace(old, new)
                if "INPUT_ARCHIVE" in step.get("env", {}):
                    step["env"]["INPUT_ARCHIVE"] = ""  # `cache` has no such input
            return steps

        middle = [step for step in plain("cache") if "run.sh" in step.get("run", "")]
        self.assertEqual(len(middle), 1)
        self.assertEqual([step for step in plain("cache") if step not in middle], plain("restore") + plain("save"))

    def test_version_of_a_release_must_be_that_of_its_tag(self):
        script = ROOT / ".github/release/version.sh"
        for tag, good in ((f"v{VERSION}", True), (VERSION, False), (f"v{VERSION}.1", False), ("v9.9.9", False)):
            self.assertEqual(subprocess.run([script, tag], capture_output=True).returncode == 0, good, tag)


class Expressions(unittest.TestCase):
    """The expressions of the harness, by which the other tests stand."""

    def test_values_are_those_of_github(self):
        contexts = {"inputs": {"a": "X", "none": ""}, "steps": {"s": {"outputs": {"o": "true"}}}, "github": {}}
        for source, value in {
            "inputs.a == 'x'": True, "inputs.none || 'd'": "d", "steps.s.outputs.o == 'true' && 'y'": "y",
            "steps.s.outputs.other": None, "github.event.pull_request.head": None, "!inputs.none": True,
            "inputs.a != 'x' || (inputs.none == '' && 'it''s')": "it's", "fromJSON('[1]')": [1],
        }.items():
            self.assertEqual(evaluate(source, contexts), value, source)

    def test_slips_of_the_pen_are_errors(self):
        for source in ("inputs.b", "steps.t.outputs.o", "inputs.a ==", "(inputs.a", "nothing()", "a b", "input.a"):
            with self.assertRaises(ExpressionError, msg=source):
                evaluate(source, {"inputs": {"a": ""}, "steps": {}})


class Played(Situation):
    """The workflows of the repository, and the examples of the page on the actions."""

    def test_workflow_ci_builds_and_unites_with_the_actions(self):
        jobs = load(ROOT / ".github/workflows/ci.yml")["jobs"]
        self.services.artifacts.upload("binary", self.copy("cachectl", CACHECTL))
        programs = ROOT / "Tests/actions/programs"
        for file in programs.rglob("*.*"):
            target = self.checkout / "Tests/actions/programs" / file.relative_to(programs)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
        for round in (1, 2):
            for program in jobs["actions"]["strategy"]["matrix"]["program"]:
                fixed = jobs["actions"]["env"] | {"PROGRAM": program}
                job = self.job(*jobs["actions"]["steps"], environment=fixed, matrix={"program": program}, run=round)
                self.assert_good(job)
                if round == 2:
                    self.assertEqual(job.outputs["caches"]["exact"], "true")
                    self.assert_warm(job)
            job = self.job(*jobs["union"]["steps"], run=round)
            self.assert_good(job)
            for artifact in self.services.artifacts.directory.glob("cachectl-*"):
                shutil.rmtree(artifact)

    def test_workflow_of_the_image_packs_providers_of_another_repository(self):
        workflow = load(ROOT / ".github/workflows/iac-runner-base-image.yml")
        jobs = workflow["jobs"]
        self.publish()
        for name in ("aws", "a b"):
            module = self.checkout / "providers" / name
            module.mkdir(parents=True)
            for file in ("go.mod", "go.sum", "app.go"):
                (module / file).write_bytes((self.checkout / file).read_bytes())
        first = self.job(*jobs["providers"]["steps"])
        self.assert_good(first)
        outputs = first.outputs["list"]
        self.assertEqual(outputs, {"list": '["a b","aws"]', "count": "2"})
        (self.checkout / "providers/a b").rename(self.checkout / "providers/gcp")
        for provider in ("aws", "gcp"):
            home = self.directory / "runner/home"
            fixed = workflow["env"] | {"GOCACHE": f"{home}/build", "GOMODCACHE": f"{home}/mod"}
            self.assert_good(self.job(*jobs["provider"]["steps"], environment=fixed, matrix={"provider": provider}))
        steps = jobs["image"]["steps"]
        job = self.job(*steps[:2], {"run": "cachectl verify all.castore"}, needs={"providers": {"outputs": outputs}})
        self.assert_good(job)

    def test_examples_of_the_pages_run(self):
        self.publish()
        tools = self.directory / "tools"  # an image is not built here
        tools.mkdir()
        (tools / "docker").write_text("#!/bin/sh\ntest -s all.castore\n")
        (tools / "docker").chmod(0o755)
        path = {"PATH": f"{tools}:{self.environment['PATH']}"}
        blocks = [block for page in (README, ROOT / "README.md")
                  for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.S) if runner.OWN in block]
        examples = [runner.yaml.safe_load(block) for block in blocks]
        steps = [block for block in examples if isinstance(block, list)]
        self.assertGreaterEqual(len(steps), 2)
        for block in steps:
            for round in (1, 2):
                with self.subTest(block=block, round=round):
                    self.assert_good(self.job(*block, environment=path))
        workflows = [block for block in examples if isinstance(block, dict)]
        self.assertGreaterEqual(len(workflows), 1)
        for workflow in workflows:
            for artifact in self.services.artifacts.directory.iterdir():
                shutil.rmtree(artifact)
            for name, job in workflow["jobs"].items():
                for leg in self.legs(job):
                    with self.subTest(job=name, leg=leg):
                        caches = ("GOCACHE", "GOMODCACHE")  # not those of this machine
                        fixed = {key: str(value) for key, value in job.get("env", {}).items() if key not in caches}
                        self.assert_good(self.job(*job["steps"], job=name, matrix=leg, environment=fixed | path))

    def legs(self, job: dict) -> list[dict]:
        """Returns the legs of a job's matrix, and makes the package that each of them builds."""
        matrix = job.get("strategy", {}).get("matrix", {})
        if not matrix:
            return [{}]
        [(name, values)] = matrix.items()
        for value in values:
            package = self.checkout / f"{name}s" / value
            package.mkdir(parents=True, exist_ok=True)
            (package / "app.go").write_text("package app\n")
        return [{name: value} for value in values]

    def copy(self, name: str, source) -> str:
        target = self.directory / name
        target.write_bytes(source.read_bytes())
        return str(target)


if __name__ == "__main__":
    unittest.main()
