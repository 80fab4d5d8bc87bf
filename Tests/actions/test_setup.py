"""The installation of a released cachectl, with a server on this machine that plays the releases."""
import hashlib
import os
import stat
import unittest

import runner
from situation import BUILD, CACHECTL, VERSION, Situation, release_archive, use

# A program that shows that it ran: nothing of a release may run whose checksum is wrong.
TRAP = b'#!/bin/sh\ntouch "$HOME/ran"\necho 0.0.0\n'


class Setup(Situation):
    """A workflow of another repository, whose runner has no cachectl."""

    def setUp(self):
        super().setUp()
        self.which = {"run": "command -v cachectl && cachectl --version"}

    def ran(self) -> bool:
        return (self.directory / "runner/home/ran").exists()

    def folder(self, repository: str = runner.OWN):
        return self.services.releases.directory / repository / f"releases/download/v{VERSION}"

    def name(self, machine: str = "") -> str:
        return f"cachectl-{VERSION}-linux-{machine or os.uname().machine}.tar.gz"

    def test_release_of_the_actions_own_repository_and_version_is_installed(self):
        self.publish()
        job = self.job(use("setup"), self.which)
        self.assert_good(job)
        self.assertEqual(job.outputs["setup"]["version"], VERSION)
        self.assertTrue(os.access(job.outputs["setup"]["path"], os.X_OK))
        self.assertIn(f"/{runner.OWN}/releases/download/v{VERSION}/{self.name()}", self.services.releases.asked)
        self.assertTrue(os.path.isfile(job.outputs["setup"]["dockerfile"]))

    def test_action_of_the_checkout_itself_takes_the_releases_of_its_repository(self):
        self.publish(repository="me/fork")
        step = {"id": "setup", "uses": "$/.github/actions/setup"}
        self.assert_good(self.job(step, self.which, repository="me/fork"))

    def test_version_may_be_given_with_or_without_v(self):
        self.publish()
        for version in (VERSION, f"v{VERSION}"):
            self.assert_good(self.job(use("setup", version=version), self.which))
        for version in ("latest", "1", "1.2.3/../../evil", "$(touch pwned)"):
            job = self.job(use("setup", version=version))
            self.assertTrue(job.failed)
            self.assertIn("is no version of cachectl", job.said("error"))

    def test_runner_with_an_arm_processor_gets_the_release_for_it(self):
        self.publish(machine="aarch64")
        tools = self.directory / "tools"
        tools.mkdir()
        (tools / "uname").write_text('#!/bin/sh\n[ "$1" = -m ] && echo arm64 || exec /usr/bin/uname "$@"\n')
        (tools / "uname").chmod(0o755)
        job = self.job(use("setup"), self.which,
                       environment={"PATH": f"{tools}:{self.environment['PATH']}"})
        self.assert_good(job)
        self.assertTrue(self.services.releases.asked[0].endswith(self.name("aarch64")))

    def test_missing_release_fails_setup_and_says_where_it_looked(self):
        job = self.job(use("setup"))
        self.assertTrue(job.failed)
        self.assertIn(f"cachectl {VERSION} can't be downloaded from {self.services.releases.url}", job.said("error"))

    def test_missing_release_is_a_cold_build_where_it_is_only_a_cache(self):
        for steps in ([use("restore"), {"run": BUILD}, use("save")], [use("cache", run=BUILD)]):
            job = self.job(*steps)
            self.assert_cold(job)
            self.assertIn("can't be downloaded", job.said("warning"))
            self.assertEqual(self.services.cache.keys, [])

    def test_release_with_a_wrong_checksum_is_refused_before_it_runs(self):
        self.publish(TRAP)
        self.folder().joinpath("SHA256SUMS").write_text(f"{'0' * 64}  {self.name()}\n")
        job = self.job(use("setup"))
        self.assertTrue(job.failed)
        self.assertIn("has the wrong checksum", job.said("error"))
        self.assertFalse(self.ran())
        cold = self.job(use("restore"), {"run": BUILD})
        self.assert_cold(cold)
        self.assertIn("has the wrong checksum", cold.said("warning"))
        self.assertFalse(self.ran())

    def test_release_without_a_checksum_is_refused(self):
        self.publish(TRAP)
        for sums in ("", f"{'0' * 64}  another.tar.gz\n", f"zero  {self.name()}\n"):
            self.folder().joinpath("SHA256SUMS").write_text(sums)
            job = self.job(use("setup"))
            self.assertTrue(job.failed)
            self.assertIn("There is no SHA-256 checksum", job.said("error"))
        self.folder().joinpath("SHA256SUMS").unlink()
        self.assertTrue(self.job(use("setup")).failed)
        self.assertFalse(self.ran())

    def test_pinned_checksum_goes_before_that_of_the_release(self):
        content = self.publish()
        good = hashlib.sha256(content).hexdigest()
        self.folder().joinpath("SHA256SUMS").unlink()
        self.assert_good(self.job(use("setup", sha256=good), self.which))
        job = self.job(use("setup", sha256="f" * 64))
        self.assertTrue(job.failed)
        self.assertIn("has the wrong checksum", job.said("error"))

    def test_truncated_download_is_refused(self):
        content = self.publish()
        self.folder().joinpath(self.name()).write_bytes(content[:-1000])
        self.assertIn("has the wrong checksum", self.job(use("setup")).said("error"))

    def test_mirror_is_used_instead_of_the_repository(self):
        self.publish(repository="mirror")
        job = self.job(use("setup", releases=f"{self.services.releases.url}/mirror/releases/download/"), self.which)
        self.assert_good(job)

    def test_program_from_an_artifact_is_used_though_it_lost_its_mode(self):
        program = self.checkout / "my cachectl"
        program.write_bytes(CACHECTL.read_bytes())
        program.chmod(stat.S_IRUSR)
        job = self.job(use("setup", path="my cachectl"), self.which)
        self.assert_good(job)
        self.assertEqual(self.services.releases.asked, [])

    def test_setup_before_restore_is_what_restore_uses(self):
        self.publish()
        self.assert_cold(self.job(use("setup"), use("restore"), {"run": BUILD}, use("save")))
        asked = len(self.services.releases.asked)
        self.assertEqual(asked, 2, "an archive and its checksum")
        self.assert_warm(self.job(use("setup"), use("cache", run=BUILD)))
        self.assertEqual(len(self.services.releases.asked), 2 * asked)

    def test_output_path_of_setup_may_be_the_input_path_of_restore(self):
        self.publish()
        self.assert_cold(self.job(use("setup"), use("restore", path="${{ steps.setup.outputs.path }}"), {"run": BUILD}))

    def test_runner_without_curl_downloads_with_wget(self):
        self.publish()
        tools = self.directory / "tools"
        tools.mkdir()
        needed = ("awk bash cat chmod cut dirname grep install ln mkdir mktemp mv od rm sed sha256sum tar gzip tr "
                  "uname wget").split()
        for name in needed:
            (tools / name).symlink_to(f"/usr/bin/{name}")
        self.assert_good(self.job(use("setup"), self.which, environment={"PATH": str(tools)}))
        (tools / "wget").unlink()
        job = self.job(use("setup"), environment={"PATH": str(tools)})
        self.assertTrue(job.failed)
        self.assertIn("neither curl nor wget", job.said("error"))


if __name__ == "__main__":
    unittest.main()
