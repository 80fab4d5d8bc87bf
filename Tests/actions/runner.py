"""A runner of GitHub Actions that plays jobs on this machine, for the tests of the actions.

It reads the steps as GitHub does: the environment files, outputs of several lines, `if`, `continue-on-error`,
composite actions with inputs and outputs, and annotations in the log. Actions of others are played by
services.py. What GitHub would only warn of, such as an unknown input, is an error here.
"""
import os
import pathlib
import re
import shutil
import subprocess

import yaml

from expressions import ExpressionError, evaluate, fill, text, truth

ROOT = pathlib.Path(__file__).resolve().parents[2]
OWN = "OWNER/cachectl"  # the name under which other repositories use the actions
STOPPED = re.compile(r"^::stop-commands::(\S+)$.*?(?:^::\1::$|\Z)", re.MULTILINE | re.DOTALL)
ANNOTATION = re.compile(r"^::(error|warning|notice)(?: [^:]*)?::(.*)$", re.MULTILINE)


def load(path: pathlib.Path) -> dict:
    return yaml.safe_load(path.read_text())


def read_pairs(file: pathlib.Path) -> dict[str, str]:
    """Reads GITHUB_ENV or GITHUB_OUTPUT: lines `name=value`, and `name<<END` before lines up to END."""
    pairs, lines = {}, file.read_text().split("\n")
    while lines:
        line = lines.pop(0)
        if not line:
            continue
        name, long, end = line.partition("<<")
        if long and "=" not in name:
            value = []
            while lines and lines[0] != end:
                value.append(lines.pop(0))
            if not lines:
                raise ValueError(f"{file.name}: the value of {name} does not end")
            lines.pop(0)
            pairs[name] = "\n".join(value)
        elif "=" in line:
            name, value = line.split("=", 1)
            pairs[name] = value
        else:
            raise ValueError(f"{file.name}: cannot read `{line}`")
    return pairs


class Job:
    """One job on a fresh runner, and everything that it said."""

    def __init__(self, directory: pathlib.Path, services, environment: dict[str, str], *, repository: str = "me/app",
                 event: str = "push", head: str = "", job: str = "build", run: int = 1, attempt: int = 1,
                 matrix: dict | None = None, needs: dict | None = None):
        self.directory, self.services = directory, services
        self.workspace, self.temporary = directory / "work/app/app", directory / "work/_temp"
        shutil.rmtree(self.temporary, ignore_errors=True)
        for path in (self.workspace, self.temporary, directory / "home", directory / "work/_actions"):
            path.mkdir(parents=True, exist_ok=True)
        self.github = {
            "event_name": event, "repository": repository, "ref": "refs/heads/main", "workflow": "test", "token": "t",
            "run_attempt": str(attempt),
            "event": {"pull_request": {"head": {"repo": {"full_name": head}}}} if head else {},
        }
        self.matrix, self.needs = matrix, needs or {}
        self.path, self.failed = [], False
        self.log, self.summary, self.annotations, self.outputs = "", "", [], {}
        self.environment = environment | {
            "HOME": str(directory / "home"), "CI": "true", "GITHUB_ACTIONS": "true", "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.temporary), "GITHUB_WORKSPACE": str(self.workspace), "GITHUB_JOB": job,
            "GITHUB_REPOSITORY": repository, "GITHUB_REPOSITORY_OWNER": repository.split("/")[0],
            "GITHUB_RUN_ID": str(run), "GITHUB_RUN_ATTEMPT": str(attempt), "GITHUB_EVENT_NAME": event,
            "GITHUB_REF_NAME": "main", "GITHUB_SERVER_URL": services.releases.url,
        }
        self.count = 0

    # ------------------------------------------------------------ steps

    def run(self, steps: list[dict]) -> "Job":
        """Runs the steps of a job, and returns the job."""
        self.run_steps(steps, inputs=None, action=None, environment={})
        return self

    def run_steps(self, steps, inputs, action, environment) -> dict:
        """Runs steps of the job or of a composite action, and returns their context `steps`."""
        context, failed = {}, False
        outer = self.failed
        for step in steps:
            contexts = self.contexts(context, inputs, environment)
            condition = str(step.get("if", "success()"))
            condition = re.sub(r"^\s*\$\{\{(.*)\}\}\s*$", r"\1", condition)
            status = {
                "success": lambda: not (failed or outer), "failure": lambda: failed or outer, "always": lambda: True,
                "cancelled": lambda: False,
            }
            asks = re.search(r"\b(success|failure|always|cancelled)\(\)", condition)
            wanted = truth(evaluate(condition, contexts, status)) and (bool(asks) or not (failed or outer))
            result = {"outputs": {}, "outcome": "skipped", "conclusion": "skipped"}
            if wanted:
                own = environment | {name: text(fill(value, contexts)) for name, value in step.get("env", {}).items()}
                contexts["env"] = self.environment | own
                outputs, good = self.run_step(step, contexts, own, action)
                result = {"outputs": outputs, "outcome": "success" if good else "failure"}
                good = good or step.get("continue-on-error") is True
                result["conclusion"] = "success" if good else "failure"
                failed = failed or not good
            if "id" in step:
                context[step["id"]] = result
        if action is None:
            self.failed = self.failed or failed
            self.outputs |= {name: step["outputs"] for name, step in context.items()}
        else:
            context[None] = failed
        return context

    def contexts(self, steps: dict, inputs, environment) -> dict:
        contexts = {
            "github": self.github, "runner": {"temp": str(self.temporary), "os": "Linux", "arch": "X64"},
            "env": self.environment | environment, "steps": steps, "matrix": self.matrix, "needs": self.needs,
        }
        return contexts if inputs is None else contexts | {"inputs": inputs}

    def run_step(self, step, contexts, environment, action) -> tuple[dict, bool]:
        if "run" in step:
            if action is not None and "shell" not in step:
                raise ValueError(f"a step of a composite action needs `shell`: {step}")
            return self.run_script(step, contexts, environment, action)
        name, _, reference = step["uses"].partition("@")
        given = {key: text(fill(value, contexts)) for key, value in step.get("with", {}).items()}
        if name.startswith("$/"):
            return self.run_action(ROOT / name[2:], given, environment)
        if name.startswith(OWN + "/"):
            return self.run_action(self.fetch(reference) / name.removeprefix(OWN + "/"), given, environment)
        try:
            return self.play(name, given)
        except OSError as error:
            self.say(f"::error::{name}: {error}\n")
            return {}, False

    def run_script(self, step, contexts, environment, action) -> tuple[dict, bool]:
        self.count += 1
        files = {}
        for kind in ("ENV", "OUTPUT", "PATH", "STEP_SUMMARY"):
            files[kind] = self.temporary / f"_runner_file_commands/{kind.lower()}_{self.count}"
            files[kind].parent.mkdir(exist_ok=True)
            files[kind].write_text("")
        script = self.temporary / f"step_{self.count}.sh"
        script.write_text(text(fill(step["run"], contexts)))
        shell = ["--noprofile", "--norc", "-eo", "pipefail"] if step.get("shell") == "bash" else ["-e"]
        place = self.workspace / text(fill(step.get("working-directory", "."), contexts))
        variables = self.environment | environment | {f"GITHUB_{kind}": str(file) for kind, file in files.items()}
        variables["PATH"] = ":".join([*self.path, variables["PATH"]])
        if action is not None:
            variables["GITHUB_ACTION_PATH"] = str(action)
        process = subprocess.run(["bash", *shell, str(script)], cwd=place, env=variables, text=True, errors="replace",
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=600)
        self.say(process.stdout)
        self.environment |= read_pairs(files["ENV"])
        self.path = files["PATH"].read_text().split()[::-1] + self.path
        self.summary += files["STEP_SUMMARY"].read_text()
        return read_pairs(files["OUTPUT"]), process.returncode == 0

    def run_action(self, directory: pathlib.Path, given: dict, environment) -> tuple[dict, bool]:
        action = load(directory / "action.yml")
        declared = action.get("inputs", {})
        if unknown := set(given) - set(declared):
            raise ExpressionError(f"{directory.name} has no input {', '.join(unknown)}")
        defaults = self.contexts({}, None, environment)
        inputs = {name: given.get(name, text(fill(value.get("default", ""), defaults)))
                  for name, value in declared.items()}
        steps = self.run_steps(action["runs"]["steps"], inputs, directory, environment)
        failed = steps.pop(None)
        contexts = self.contexts(steps, inputs, environment)
        outputs = {name: text(fill(value["value"], contexts)) for name, value in action.get("outputs", {}).items()}
        return outputs, not failed

    def fetch(self, reference: str) -> pathlib.Path:
        """Copies the repository to where the runner keeps actions of other repositories."""
        target = self.directory / "work/_actions" / OWN / reference
        if not target.exists():
            shutil.copytree(ROOT / ".github", target / ".github")
            (target / "Sources/cachectl/Output").mkdir(parents=True)
            for name in ("Sources/cachectl/Output/Version.swift", "Dockerfile.merged"):
                shutil.copyfile(ROOT / name, target / name)
        return target

    def say(self, output: str) -> None:
        self.log += output
        for level, message in ANNOTATION.findall(STOPPED.sub("", output)):
            plain = message.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
            self.annotations.append((level, plain))

    # ------------------------------------------------------------ actions of others

    def play(self, name: str, given: dict) -> tuple[dict, bool]:
        cache, artifacts = self.services.cache, self.services.artifacts
        if name == "actions/cache/restore":
            fallbacks = [line.strip() for line in given["restore-keys"].splitlines() if line.strip()]
            found = cache.find(given["key"], fallbacks, given["path"])
            return {"cache-primary-key": given["key"], "cache-matched-key": found or "",
                    "cache-hit": "true" if found == given["key"] else ""}, True
        if name == "actions/cache/save":
            if problem := cache.save(given["key"], given["path"]):
                self.say(f"::warning::{problem}\n")
            return {}, True
        if name == "actions/upload-artifact":
            artifacts.upload(given["name"], str(self.workspace / given["path"]), given.get("overwrite") == "true")
            return {}, True
        if name == "actions/download-artifact":
            artifacts.download(self.workspace / given["path"], given.get("name", ""), given.get("pattern", ""),
                               given.get("merge-multiple") == "true")
            return {}, True
        if name in ("actions/checkout", "actions/setup-go"):
            return {}, True  # the tests have done this
        raise ValueError(f"nobody plays the action {name}")

    # ------------------------------------------------------------ what the tests ask

    def said(self, level: str) -> str:
        """Returns all messages of a level, one after another."""
        return "\n".join(message for kind, message in self.annotations if kind == level)
