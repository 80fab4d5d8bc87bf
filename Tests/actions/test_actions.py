"""The actions, each step run as GitHub runs it, with real Go and a real cachectl."""
import pathlib
import random
import shutil
import subprocess
import unittest

from runner import ROOT
from situation import BUILD, CACHECTL, PACKAGE, PROGRAM, Situation, use


class Jobs(Situation):
    """Jobs that restore at their beginning and save at their end."""

    def build(self, *, save: dict | None = None, restore: dict | None = None, run: str = BUILD, **facts):
        restore = {"path": str(CACHECTL)} | (restore or {})
        return self.job(use("restore", **restore), {"run": run}, use("save", **(save or {})), **facts)

    def test_second_job_compiles_nothing(self):
        (self.checkout / "cmd").mkdir()
        (self.checkout / "cmd/main.go").write_text(PROGRAM)
        first = self.build()
        self.assert_cold(first)
        self.assertIn("fmt", self.compiled(first))
        self.assertIn("No cache is stored for go-linux-", first.said("warning"))
        self.assertEqual((first.outputs["restore"]["restored"], first.outputs["restore"]["exact"]), ("false",) * 2)
        self.assertEqual(first.outputs["save"]["stored"], "true")
        self.assertEqual(len(self.services.cache.keys), 1)
        self.assertNotEqual(first.summary.strip(), "")

        second = self.build()
        self.assert_warm(second)
        self.assertEqual(second.annotations, [], second.log)
        self.assertEqual((second.outputs["restore"]["restored"], second.outputs["restore"]["exact"]), ("true",) * 2)
        self.assertEqual(second.outputs["restore"]["matched-key"], self.services.cache.keys[0])
        self.assertEqual(second.outputs["save"]["stored"], "false")
        self.assertEqual(len(self.services.cache.keys), 1, "a cache that is there is not stored again")
        self.assertNotEqual(second.summary.strip(), "")

    def test_changed_go_sum_falls_back_to_the_last_cache_and_stores_a_new_one(self):
        self.build()
        self.require("v1.3.0")
        second = self.build()
        self.assert_good(second)
        self.assertEqual(sorted(self.compiled(second)), ["example.com/app", "example.com/greeting"])
        self.assertEqual(second.outputs["restore"]["matched-key"], self.services.cache.keys[0])
        self.assertEqual(second.outputs["restore"]["exact"], "false")
        self.assertEqual(len(self.services.cache.keys), 2)
        listed = [subprocess.run([CACHECTL, "ls", file], capture_output=True, text=True, check=True).stdout
                  for _, _, file in self.services.cache.entries]
        self.assertEqual([("@v1.2.0" in text, "@v1.3.0" in text) for text in listed], [(True, False), (False, True)],
                         "each archive holds what its job used, and not what the restore brought besides")
        self.assert_warm(self.build())

    def test_truncated_cache_is_a_cold_build_and_the_next_cache_takes_its_place(self):
        self.build()
        file = self.services.cache.entries[0][2]
        content = file.read_bytes()
        for length in (0, 100, len(content) // 2, len(content) - 1):
            with self.subTest(length=length):
                del self.services.cache.entries[1:]
                file.write_bytes(content[:length])
                job = self.build()
                self.assert_cold(job)
                self.assertIn("can't be restored, so builds compile everything", job.said("warning"))
                self.assertEqual(job.outputs["restore"]["restored"], "false")
                self.assertEqual(len(self.services.cache.keys), 2)
                self.assert_warm(self.build())

    def test_cache_with_damaged_content_is_restored_in_part_and_the_next_cache_takes_its_place(self):
        self.build()
        file = self.services.cache.entries[0][2]
        content = bytearray(file.read_bytes())
        content[20] ^= 0xFF  # in the first frame
        file.write_bytes(content)
        job = self.build()
        self.assert_good(job)
        self.assertIn("what is whole of it is restored", job.said("warning"))
        self.assertEqual(job.outputs["restore"]["restored"], "false")
        self.assertEqual(len(self.services.cache.keys), 2)
        self.assert_warm(self.build())

    def test_foreign_file_as_cache_is_a_cold_build(self):
        self.build()
        self.services.cache.entries[0][2].write_bytes(b"\x28\xb5\x2f\xfd" + b"not an archive of ours" * 1000)
        job = self.build()
        self.assert_cold(job)
        self.assertIn("can't be restored", job.said("warning"))

    def test_archive_that_is_there_is_restored_instead_of_a_stored_cache(self):
        first = self.build(save={"when": "never"})
        kept = self.directory / "kept.castore"
        kept.write_bytes(pathlib.Path(first.outputs["save"]["archive"]).read_bytes())
        self.assert_warm(self.build(restore={"archive": str(kept)}))
        missing = self.build(restore={"archive": "no such.castore"})
        self.assert_cold(missing)
        self.assertIn("There is no archive `no such.castore`", missing.said("warning"))

    def test_cache_that_cannot_hit_here_is_a_warning(self):
        self.build(save={"when": "never", "artifact": "other"}, environment={"GOARCH": "arm64"})
        file = next(self.services.artifacts.directory.glob("other/*"))
        job = self.build(restore={"archive": str(file)})
        self.assert_cold(job)
        self.assertIn("is restored, but: ", job.said("warning"))

    def test_when_decides_what_is_stored(self):
        job = self.build(save={"when": "never"})
        self.assertEqual(self.services.cache.keys, [], job.log)
        self.build()
        self.build(save={"when": "always"})
        self.assertEqual(len(self.services.cache.keys), 2)
        self.assert_warm(self.build())
        wrong = self.build(save={"when": "sometimes"})
        self.assert_good(wrong)
        self.assertIn("The input `when` is `sometimes`", wrong.said("warning"))

    def test_cache_of_a_job_that_built_little_is_replaced(self):
        little = self.build(run="go list .")
        self.assertEqual(little.outputs["save"]["stored"], "true")
        second = self.build()
        self.assert_cold(second)
        self.assertEqual((second.outputs["restore"]["exact"], second.outputs["save"]["stored"]), ("true",) * 2)
        third = self.build()
        self.assert_warm(third)
        self.assertEqual(third.outputs["save"]["stored"], "false")

    def enlarge_module(self):
        """Gives the module a large file that can't be compressed."""
        modules, proxy = self.directory / "modules", self.directory / "proxy"
        (modules / "example.com/greeting@v1.2.0/data.bin").write_bytes(random.Random(1).randbytes(1 << 22))
        subprocess.run(["python3", ROOT / "Tests/image/make-proxy.py", modules, proxy], check=True)
        subprocess.run(["chmod", "-R", "u+w", self.directory / "scratch"], check=True)
        shutil.rmtree(self.directory / "scratch")  # with the module as it was
        self.require("v1.2.0")

    def test_large_modules_do_not_hide_that_a_cache_lacks_all_packages(self):
        self.enlarge_module()
        self.build(run="go list .")
        second = self.build()
        self.assert_cold(second)
        self.assertRegex(second.log, r"lacks [0-9] % of what this job used, and [1-9][0-9]+ % of its entries")
        self.assertEqual((second.outputs["restore"]["exact"], second.outputs["save"]["stored"]), ("true",) * 2)
        third = self.build()
        self.assert_warm(third)
        self.assertEqual(third.outputs["save"]["stored"], "false")

    def test_cache_of_modules_alone_is_packed_and_stored_on_demand_only(self):
        job = self.build(run="go mod download")
        self.assert_good(job)
        self.assertIn("This job's GOCACHE has no entries", job.said("notice"))
        self.assertEqual((job.outputs["save"]["stored"], self.services.cache.keys), ("false", []))
        self.assertTrue(pathlib.Path(job.outputs["save"]["archive"]).exists())
        self.build(run="go mod download", save={"when": "always"})
        second = self.build()
        self.assert_cold(second)
        self.assertEqual((second.outputs["restore"]["restored"], second.outputs["save"]["stored"]), ("true",) * 2)
        self.assert_warm(self.build())

    def test_cache_that_holds_more_than_the_job_used_is_not_replaced(self):
        self.build()
        job = self.build(run="go build example.com/greeting")
        self.assert_good(job)
        self.assertEqual((job.outputs["restore"]["exact"], job.outputs["save"]["stored"]), ("true", "false"))

    def test_change_of_the_own_packages_alone_is_not_stored(self):
        (self.checkout / "cmd").mkdir()
        (self.checkout / "cmd/main.go").write_text(PROGRAM)
        self.build()
        (self.checkout / "app.go").write_text(PACKAGE.replace("world", "moon"))
        job = self.build()
        self.assert_good(job)
        self.assertEqual(self.compiled(job), ["example.com/app", "main"])
        self.assertEqual(job.outputs["save"]["stored"], "false", job.log)
        self.assertIn("The restored cache lacks ", job.log)

    def test_given_archive_that_holds_all_is_not_stored_at_each_run(self):
        first = self.build(save={"when": "never"})
        kept = self.directory / "kept.castore"
        kept.write_bytes(pathlib.Path(first.outputs["save"]["archive"]).read_bytes())
        self.build(restore={"archive": str(kept)})
        self.assertEqual(self.services.cache.keys, [])
        self.require("v1.3.0")
        job = self.build(restore={"archive": str(kept)})
        self.assertEqual(job.outputs["save"]["stored"], "true")
        self.assertEqual(job.annotations, [], "no other job replaces the archive")

    def test_jobs_that_replace_each_others_cache_are_told_so(self):
        for name in ("one", "two"):
            (self.checkout / name).mkdir()
            functions = "".join(f"func {name.title()}{number}() int {{ return {number} }}\n" for number in range(99))
            (self.checkout / name / "a.go").write_text(f"package {name}\n\n{functions}")
        self.build(run="go build ./one", restore={"name": "all"})
        job = self.build(run="go build ./two", restore={"name": "all"})
        self.assertEqual((job.outputs["restore"]["exact"], job.outputs["save"]["stored"]), ("true", "true"))
        self.assertIn("share the name `all`", job.said("notice"), job.log)

    def test_caches_of_two_jobs_with_equal_settings_are_two(self):
        self.build(job="build")
        other = self.build(job="lint")
        self.assert_warm(other)  # there is none of its own, and that of `build` fits
        self.assertEqual((other.outputs["restore"]["exact"], other.outputs["save"]["stored"]), ("false", "true"))
        self.assertEqual(len(self.services.cache.keys), 2)
        self.assertIn("-lint@", self.services.cache.keys[1])
        self.assertEqual(self.build(job="build").outputs["restore"]["matched-key"], self.services.cache.keys[0])

    def test_job_that_fails_stores_nothing(self):
        job = self.build(run=BUILD + "; false")
        self.assertTrue(job.failed)
        self.assertEqual(self.services.cache.keys, [])

    def test_job_that_uses_nothing_of_its_cache_stores_nothing(self):
        self.build()
        self.require("v1.3.0")  # so there is another key, which all later jobs would look for
        job = self.build(run="true")
        self.assert_good(job)
        self.assertIn("has used nothing of its restored GOCACHE", job.said("warning"))
        self.assertEqual(len(self.services.cache.keys), 1)
        self.build()
        self.assertEqual(len(self.services.cache.keys), 2)
        self.assert_warm(self.build())

    def test_save_alone_stores_all_that_the_job_built(self):
        self.assert_cold(self.job({"run": BUILD}, use("save", path=str(CACHECTL))))
        self.assert_warm(self.build())

    def test_cache_over_its_budget_is_a_warning(self):
        job = self.build(save={"budget": "1kB"})
        self.assert_good(job)
        self.assertIn("over its budget of 1kB", job.said("warning"))
        self.assertEqual(job.outputs["save"]["over-budget"], "true")
        self.assertEqual(len(self.services.cache.keys), 1)
        job = self.build(save={"budget": "1GB"})
        self.assertEqual((job.said("warning"), job.outputs["save"]["over-budget"]), ("", "false"), job.log)

    def test_wrong_budget_costs_only_the_budget(self):
        for budget in ("much", "500", "-1MB", "--json", "1MB --json", "5 0MB", "\n", "$(id)", "1e9GB"):
            with self.subTest(budget=budget):
                job = self.build(save={"budget": budget, "log": "${{ runner.temp }}/build.log"})
                self.assert_good(job)
                self.assertIn(f"The input `budget` is `{budget}`, which is no size", job.said("warning"))
                self.assertIn("`500MB`, `1.5GB` or `1GiB`", job.said("warning"))
                self.assertEqual(job.outputs["save"]["over-budget"], "false")
                self.assertIn("in the log", job.summary, "the log's part of the page is there")

    def test_log_that_cannot_be_read_costs_only_the_hits_and_misses(self):
        for budget in ("1kB", "much"):
            with self.subTest(budget=budget):
                job = self.build(save={"log": "/proc/self/mem", "budget": budget})  # a file that can't be read
                self.assert_good(job)
                self.assertIn("cannot read: `/proc/self/mem`", job.said("warning"))
                self.assertNotEqual(job.summary.strip(), "", job.log)
                self.assertEqual(job.outputs["save"]["over-budget"], "true" if budget == "1kB" else "false")

    def test_without_go_there_is_no_cache_but_a_warning(self):
        job = self.build(run="true", environment={"PATH": "/usr/bin:/bin"})
        self.assert_good(job)
        self.assertIn("The key of this job's cache can't be made", job.said("warning"))
        self.assertEqual(self.services.cache.keys, [])

    def test_cachectl_that_does_not_run_is_a_warning_and_a_cold_build(self):
        broken = self.directory / "broken"
        broken.write_bytes(CACHECTL.read_bytes()[:1000])
        job = self.build(restore={"path": str(broken)})
        self.assert_cold(job)
        self.assertIn("cachectl does not run here", job.said("warning"))
        missing = self.build(restore={"path": "nowhere/cachectl"})
        self.assert_cold(missing)
        self.assertIn("There is no cachectl at `nowhere/cachectl`", missing.said("warning"))

    def test_inputs_are_never_run_as_commands(self):
        evil = "x\"; touch pwned; echo `touch pwned` $(touch pwned) '\n::error::no%"
        for inputs in ({"name": evil}, {"directory": evil}, {"prefix": evil}, {"archive": evil}):
            with self.subTest(inputs=inputs):
                job = self.build(restore=inputs, save={"budget": evil, "log": evil})
                self.assert_cold(job)
                self.assertEqual(list(self.checkout.rglob("pwned")), [], job.log)


class Trust(Situation):
    """Who may store a cache."""

    def build(self, **facts):
        return self.job(use("restore", path=str(CACHECTL)), {"run": BUILD}, use("save", artifact="a"), **facts)

    def test_pull_request_from_a_fork_only_restores(self):
        self.job(use("restore", path=str(CACHECTL)), {"run": BUILD}, use("save"))
        self.require("v1.3.0")  # so there is something to store
        for head in ("somebody/app", ""):
            with self.subTest(head=head):
                job = self.build(event="pull_request", head=head)
                self.assert_good(job)
                self.assertEqual(job.outputs["restore"]["restored"], "true", "that of the main branch")
                self.assertIn("so no cache is stored", job.said("notice"))
                self.assertEqual(len(self.services.cache.keys), 1)
                shutil.rmtree(self.only_marker("a"))

    def only_marker(self, artifact: str) -> pathlib.Path:
        """Returns the directory of an artifact, which must hold a reason and no archive."""
        directory = self.services.artifacts.directory / artifact
        self.assertEqual([file.name for file in directory.iterdir()], ["build.nothing.txt"])
        self.assertIn("so no cache is stored", (directory / "build.nothing.txt").read_text())
        return directory

    def test_pull_request_from_a_branch_of_the_repository_stores(self):
        job = self.build(event="pull_request", head="me/app")
        self.assert_good(job)
        self.assertEqual(len(self.services.cache.keys), 1)

    def test_events_with_the_rights_of_the_main_branch_store_nothing(self):
        for event in (
            "pull_request_target", "workflow_run", "issue_comment", "repository_dispatch", "pull_request_review",
            "check_run", "deployment_status", "label",
        ):
            with self.subTest(event=event):
                job = self.build(event=event, head="me/app")
                self.assert_good(job)
                self.assertIn(f"The event {event}", job.said("notice"))
                self.assertEqual(self.services.cache.keys, [])
                shutil.rmtree(self.only_marker("a"))


class OneStep(Situation):
    """The action `cache`, which runs the commands between a restore and a save."""

    def build(self, **inputs):
        return self.job(use("cache", **({"path": str(CACHECTL), "run": BUILD} | inputs)))

    def test_second_job_compiles_nothing(self):
        self.assert_cold(self.build())
        second = self.build()
        self.assert_warm(second)
        self.assertEqual(second.outputs["cache"]["restored"], "true")
        self.assertEqual(second.outputs["cache"]["stored"], "false")

    def test_module_in_a_directory_is_built_there(self):
        (self.checkout / "sub dir").mkdir()
        for name in ("go.mod", "go.sum", "app.go"):
            (self.checkout / name).rename(self.checkout / "sub dir" / name)
        self.assert_cold(self.build(directory="sub dir"))
        self.assert_warm(self.build(directory="sub dir"))

    def test_log_is_looked_for_in_the_workspace_and_then_in_the_directory(self):
        (self.checkout / "sub dir").mkdir()
        for name in ("go.mod", "go.sum", "app.go"):
            (self.checkout / name).rename(self.checkout / "sub dir" / name)
        for log in ("x.log", "../x.log"):
            with self.subTest(log=log):
                job = self.build(directory="sub dir", log="x.log", run=f"go build -x ./... 2>{log}")
                self.assert_good(job)
                self.assertNotIn("There is no log", job.said("warning"))
                self.assertIn("in the log", job.summary)
                (self.checkout / "sub dir" / log).unlink()
        missing = self.build(directory="sub dir", log="x.log", run="go build ./...")
        self.assertIn("There is no log `x.log` (input `log`), neither in", missing.said("warning"))

    def test_failing_commands_fail_the_job_and_store_nothing(self):
        for run in ("false\ntrue", "false | true", ""):
            with self.subTest(run=run):
                job = self.build(run=run)
                self.assertTrue(job.failed, job.log)
                self.assertEqual(self.services.cache.keys, [])


class FanIn(Situation):
    """Jobs that upload what they packed, and one that unites it."""

    def fan_out(self):
        for name in ("one", "two"):
            job = self.job(use("cache", path=str(CACHECTL), run=BUILD, name=name, artifact=f"cachectl-{name}",
                               when="never"))
            self.assert_good(job)

    def unite(self, **inputs):
        return self.job(use("union", **({"path": str(CACHECTL), "output": "all.castore"} | inputs)),
                        {"run": "cachectl verify all.castore"})

    def test_union_of_all_artifacts_makes_builds_warm(self):
        self.fan_out()
        job = self.unite(count="2")
        self.assert_good(job)
        self.assertEqual(job.outputs["union"]["count"], "2")
        self.assert_warm(self.job(use("restore", archive="all.castore", path=str(CACHECTL)), {"run": BUILD}))

    def test_missing_artifact_fails_the_job(self):
        none = self.unite()
        self.assertTrue(none.failed)
        self.assertIn("No artifact holds an archive", none.said("error"))
        self.fan_out()
        few = self.unite(count="3")
        self.assertTrue(few.failed)
        self.assertIn("There are 2 archives, not 3", few.said("error"))

    def test_job_that_packed_nothing_is_named_with_its_reason(self):
        self.fan_out()
        # Without Go, there is no key. This leg warns, and does not fail.
        cold = self.job(use("cache", path=str(CACHECTL), run="true", name="./three", artifact="cachectl-three"),
                        environment={"PATH": "/usr/bin:/bin"})
        self.assert_good(cold)
        for inputs in ({}, {"count": "3"}):
            with self.subTest(inputs=inputs):
                job = self.unite(**inputs)
                self.assertTrue(job.failed)
                self.assertRegex(job.said("error"), r"cachectl-three/three-\w+\.nothing\.txt: The key of this job's")
                self.assertFalse((self.checkout / "all.castore").exists())
        job = self.unite(count=" 2 ")
        self.assert_good(job)
        self.assertIn("cachectl-three/", job.said("warning"), "the count allows it, and it is told")

    def test_union_of_jobs_of_a_fork_fails_with_their_reason_first(self):
        inputs = {"path": str(CACHECTL), "run": BUILD, "name": "one", "artifact": "cachectl-one"}
        self.assert_good(self.job(use("cache", **inputs), event="pull_request", head="somebody/app"))
        for count in ("", "1"):
            job = self.unite(count=count)
            self.assertTrue(job.failed)
            self.assertRegex(job.said("error"), r"^cachectl-one/one\.nothing\.txt: These commits come from")
            self.assertNotIn("input `artifact`", job.said("error"))

    def test_wrong_count_fails_the_job(self):
        self.fan_out()
        for count in ("two", "-2", "2.0", "$(id)"):
            job = self.unite(count=count)
            self.assertTrue(job.failed)
            self.assertIn(f"The input `count` is `{count}`, which is no number", job.said("error"))

    def test_hostile_reason_in_an_artifact_is_text(self):
        self.fan_out()
        marker = self.services.artifacts.directory / "cachectl-x"
        marker.mkdir()
        (marker / "x.nothing.txt").write_text("\n::error::pwned\n%0A$(touch pwned)")
        job = self.unite()
        self.assertEqual(len(job.annotations), 1, job.log)
        self.assertIn("::error::pwned %0A$(touch pwned)", job.said("error"))

    def test_job_that_is_run_again_replaces_its_artifact_and_two_jobs_do_not(self):
        inputs = {"path": str(CACHECTL), "run": BUILD, "name": "one", "artifact": "cachectl-one", "when": "never"}
        self.assert_good(self.job(use("cache", **inputs)))
        self.assert_good(self.job(use("cache", **inputs), attempt=2))
        self.assertTrue(self.job(use("cache", **inputs)).failed, "else the caches of one job would be lost")

    def test_damaged_artifact_fails_the_job(self):
        self.fan_out()
        file = next(self.services.artifacts.directory.glob("cachectl-one/*.castore"))
        file.write_bytes(file.read_bytes()[:-100])
        job = self.unite()
        self.assertTrue(job.failed)
        self.assertIn("The archives can't be united", job.said("error"))
        self.assertFalse((self.checkout / "all.castore").exists())


if __name__ == "__main__":
    unittest.main()
