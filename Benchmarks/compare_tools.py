"""The contenders of compare-peers.py: how each packs a tree, restores it, checks its archive, and lists it.

A command is a line for bash. Every tool packs `tree` into `archive`, and restores it into `target`, an empty
directory. `archive` may be a file, or a directory that holds whatever the tool needs.
"""
import dataclasses
import shlex
import shutil
import subprocess

PASSWORD = 'cachestore'  # restic requires one


@dataclasses.dataclass(frozen=True)
class Tool:
    name: str  # the name for --peers
    title: str
    programs: tuple  # the programs that must be installed
    pack: str
    restore: str
    prepare: str = ''  # before packing, not timed
    verify: str = ''
    list: str = ''
    package: str = ''  # the Debian package, for --install
    slow: bool = False

    def missing(self):
        return [program for program in self.programs if not shutil.which(program)]


def command(template, **paths):
    return template.format(**{name: shlex.quote(path) for name, path in paths.items()})


def tar(name, title, options, slow=False):
    window = ' --long=27' if '--long' in options else ''
    return Tool(name, title, ('tar', 'zstd'), slow=slow,
                pack=f'tar -C {{tree}} -cf - . | zstd {options} -T0 -q -o {{archive}}',
                restore=f'zstd -q -dc{window} {{archive}} | tar -C {{target}} -xf -',
                verify=f'zstd -q -t{window} {{archive}}',
                list=f'zstd -q -dc{window} {{archive}} | tar -tf -')


BORG = 'BORG_BASE_DIR={archive}.base BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes borg'
RESTIC = f'RESTIC_PASSWORD={PASSWORD} restic --quiet --no-cache -r {{archive}}'

PEERS = (
    tar('tar-zstd-3', 'tar | zstd -3', '-3'),
    tar('tar-zstd-1', 'tar | zstd -1', '-1'),
    tar('tar-zstd-long', 'tar | zstd -3 --long=27', '-3 --long=27'),
    tar('tar-zstd-19', 'tar | zstd -19 --long=27', '-19 --long=27', slow=True),
    Tool('cp', 'cp -a', ('cp',), pack='cp -a {tree} {archive}', restore='cp -a {archive}/. {target}'),
    Tool('squashfs', 'squashfs, zstd 3', ('mksquashfs', 'unsquashfs'), package='squashfs-tools',
         pack='mksquashfs {tree} {archive} -comp zstd -Xcompression-level 3 -no-progress -quiet',
         restore='unsquashfs -force -no-progress -quiet -dest {target} {archive}',
         list='unsquashfs -l {archive}'),
    Tool('erofs', 'erofs, lz4hc', ('mkfs.erofs', 'fsck.erofs'), package='erofs-utils',
         pack='mkfs.erofs -zlz4hc {archive} {tree}',
         restore='fsck.erofs --extract={target} --force {archive}'),  # it has no checksums to verify
    Tool('casync', 'casync', ('casync',), package='casync',
         prepare='mkdir {archive}',
         pack='casync make --with=unix --store={archive}/store.castr {archive}/tree.caidx {tree}',
         restore='casync extract --with=unix --store={archive}/store.castr {archive}/tree.caidx {target}',
         list='casync list --store={archive}/store.castr {archive}/tree.caidx'),
    Tool('restic', 'restic', ('restic',), package='restic',
         prepare=f'{RESTIC} init',
         pack=f'cd {{tree}} && {RESTIC} backup .',
         restore=f'{RESTIC} restore latest --target {{target}}',
         verify=f'{RESTIC} check --read-data',
         list=f'{RESTIC} ls latest'),
    Tool('borg', 'borg, zstd 3', ('borg',), package='borgbackup',
         prepare=f'mkdir {{archive}}.base && {BORG} init -e none {{archive}}',
         pack=f'cd {{tree}} && {BORG} create -C zstd,3 {{archive}}::tree .',
         restore=f'cd {{target}} && {BORG} extract {{archive}}::tree',
         verify=f'{BORG} check --verify-data {{archive}}',
         list=f'{BORG} list {{archive}}::tree'),
)

VERSIONS = {
    'tar': 'tar --version', 'zstd': 'zstd --version', 'cp': 'cp --version', 'cc': 'cc --version',
    'mksquashfs': 'mksquashfs -version', 'mkfs.erofs': 'mkfs.erofs -V', 'casync': 'casync --version',
    'restic': 'restic version', 'borg': 'borg --version',
}


def versions(cachectl):
    """Returns the first line that each installed program prints about its version."""
    found = {'cachectl': [cachectl, '--version']}
    found.update((name, line.split()) for name, line in VERSIONS.items() if shutil.which(name))
    lines = {}
    for name, argv in found.items():
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        text = (done.stdout + done.stderr).strip()
        lines[name] = text.splitlines()[0] if text else f'no version (status {done.returncode})'
    return lines
