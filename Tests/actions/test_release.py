"""The archive of a release: made by the script that makes it on GitHub, and installed by the action."""
import hashlib
import os
import subprocess
import tarfile
import tempfile
import unittest

import runner
from runner import ROOT
from situation import BUILD, CACHECTL, VERSION, Situation, release_archive, use

NAME = f"cachectl-{VERSION}-linux-{os.uname().machine}.tar.gz"

# Plays Docker with buildx: says which binary each platform's context holds, and which images make the index.
DOCKER = r"""#!/bin/bash
set -eu
[[ $1 == buildx ]]
case $2 in
    build)
        while (($#)); do
            case $1 in
                --platform) platform=$2 ;;
                --build-context) context=${2#prebuilt=} ;;
                --metadata-file) metadata=$2 ;;
                --target) [[ $2 == binary ]] ;;
            esac
            shift
        done
        echo "$platform holds $(cat "$context/cachectl")" >>"$LOG"
        digest=aa
        [[ $platform == linux/amd64 ]] || digest=bb
        printf '{\n  "containerimage.digest": "sha256:%s",\n  "image.name": "x"\n}\n' $digest >"$metadata"
        ;;
    imagetools)
        if [[ $3 == create ]]; then echo "${@:3}" >>"$LOG"; else echo sha256:0123; fi
        ;;
esac
"""


class Release(Situation):
    """A release of the cachectl that the tests use, which is a static binary."""

    def build(self) -> bytes:
        """Runs the release's build step, up to the compiler, and returns the archive that it makes."""
        with tempfile.TemporaryDirectory(dir=self.directory) as out:
            subprocess.run([ROOT / ".github/release/build.sh", out, CACHECTL], check=True, capture_output=True)
            self.assertEqual(os.listdir(out), [NAME])
            subprocess.run([ROOT / ".github/release/checksums.sh", out], check=True, capture_output=True)
            with open(f"{out}/{NAME}", "rb") as archive, open(f"{out}/SHA256SUMS") as sums:
                content, line = archive.read(), sums.read()
            self.assertEqual(line, f"{hashlib.sha256(content).hexdigest()}  {NAME}\n")
            self.services.releases.add(runner.OWN, VERSION + "-test", {NAME: content})
            (self.directory / "SHA256SUMS").write_text(line)
            return content

    def test_archive_has_the_binary_the_licence_man_pages_and_completions(self):
        self.build()
        file = self.services.releases.directory / runner.OWN / f"releases/download/v{VERSION}-test" / NAME
        with tarfile.open(file) as archive:
            members = {member.name: member for member in archive.getmembers()}
        for name in ("cachectl", "LICENSE", "man/man1/cachectl.1", "man/man1/cachectl-pack.1",
                     "completions/bash/cachectl", "completions/zsh/_cachectl", "completions/fish/cachectl.fish"):
            self.assertIn(name, members)
            self.assertGreater(members[name].size, 0, name)
        self.assertEqual({(member.uid, member.gid) for member in members.values()}, {(0, 0)})
        self.assertEqual(members["cachectl"].mode, 0o755)
        self.assertEqual(members["LICENSE"].mode, 0o644)

    def test_one_commit_gives_the_same_archive_twice(self):
        first = self.build()
        (self.services.releases.directory / runner.OWN / f"releases/download/v{VERSION}-test").rename(
            self.directory / "first")
        self.assertEqual(first, self.build())

    def test_installed_release_packs_and_restores(self):
        content = self.build()
        self.services.releases.add(runner.OWN, VERSION, {
            NAME: content, "SHA256SUMS": (self.directory / "SHA256SUMS").read_bytes()})
        self.assert_cold(self.job(use("cache", run=BUILD)))
        self.assert_warm(self.job(use("cache", run=BUILD)))

    def test_image_is_made_of_the_archives_of_both_architectures(self):
        release, tools, log = (self.directory / name for name in ("release", "tools", "docker.log"))
        release.mkdir()
        tools.mkdir()
        for machine in ("x86_64", "aarch64"):
            (release / f"cachectl-{VERSION}-linux-{machine}.tar.gz").write_bytes(release_archive(machine.encode()))
        (tools / "docker").write_text(DOCKER)
        (tools / "docker").chmod(0o755)
        image = subprocess.run(
            [ROOT / ".github/release/image.sh", release, "registry/name"], check=True, capture_output=True, text=True,
            env={"PATH": f"{tools}:/usr/bin:/bin", "LOG": str(log)})
        self.assertEqual(image.stdout, "sha256:0123\n")
        self.assertEqual(log.read_text().splitlines(), [
            "linux/amd64 holds x86_64", "linux/arm64 holds aarch64",
            f"create --tag registry/name:{VERSION} registry/name@sha256:aa registry/name@sha256:bb"])

    def test_binary_with_libraries_is_refused(self):
        build = subprocess.run([ROOT / ".github/release/build.sh", self.directory / "out", "/usr/bin/git"],
                               capture_output=True, text=True)
        self.assertNotEqual(build.returncode, 0)
        self.assertIn("is linked dynamically", build.stderr)
        self.assertEqual(os.listdir(self.directory / "out"), [])


if __name__ == "__main__":
    unittest.main()
