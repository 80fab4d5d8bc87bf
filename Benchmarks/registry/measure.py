#!/usr/bin/env python3
"""Measures cachectl with a registry beside skopeo, for registry.sh, which says what must hold."""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from compare_run import Failure, Runner, fresh, remove, size_of  # noqa: E402
from tables import megabytes, table  # noqa: E402

# The name, and the options of servers.py.
NETWORKS = {'plain loopback': [], '100 MB/s, 10 ms': ['--rate', '100000000', '--latency', '0.01']}
GOALS = {'sent': 1.1, 'fetched': 1.05, 'restore': 1.1, 'layers': 1.0}


@contextlib.contextmanager
def registry(directory, options):
    """Runs the servers of the tests, and gives the host of the registry, the directory of its content, and the address
    and the directory of a web server."""
    servers = HERE.parent.parent / 'Tests/remote/servers.py'
    with subprocess.Popen([sys.executable, servers, '--directory', directory, *options], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        try:
            facts = json.loads(process.stdout.readline())
            # Only the proxy shapes.
            host = (facts['proxy']['registry'] if options else facts['registry'])['host']
            web = facts['proxy']['nginx']['url'] if options else facts['nginx']['http']
            yield host, directory / 'registry', web, facts['files']
        finally:
            process.stdin.close()


class Bench:
    def __init__(self, arguments):
        self.cachectl, self.only, self.scratch = arguments.cachectl, arguments.only, arguments.scratch
        self.all = arguments.work / 'all.castore'
        self.run = Runner(self.scratch / 'log')
        self.old, self.part, new = (self.scratch / f'{name}.castore' for name in ('old', 'part', 'new'))
        packs = sorted((arguments.work / 'packs').glob('*.castore'))
        others = [pack for pack in packs if pack.stem != self.only]
        if not others or len(others) == len(packs):
            sys.exit(f'registry: `{self.only}` is not one of several archives in {arguments.work}/packs')
        self.command('union', *others, '-o', self.old)
        self.command('select', self.all, '--only', self.only, '-o', self.part)
        self.command('difference', self.all, self.old, '-o', new)
        self.new_bytes = new.stat().st_size
        every, part = (self.command('info', path)['totals'] for path in (self.all, self.part))
        # The frames, and the index of the whole archive, which tells where they are.
        self.wanted_bytes = part['frame_bytes'] + every['file_bytes'] - every['frame_bytes']

    def words(self, *arguments):
        return [self.cachectl, *map(str, arguments), '--quiet', '--json']

    def command(self, *arguments):
        """Runs cachectl, and returns what it reports."""
        words = self.words(*arguments)
        process = subprocess.run(words, stdout=subprocess.PIPE, env=self.environment())
        if process.returncode:
            raise Failure(f'status {process.returncode} of {" ".join(words)}')
        return json.loads(process.stdout)

    def environment(self):
        # What is read from afar is kept beside what is written.
        return {**os.environ, 'TMPDIR': str(self.scratch)}

    def timed(self, *arguments):
        """Measures cachectl, and returns the figures and what it reports."""
        output = self.scratch / 'report.json'
        self.run.settle()
        figures = self.run(['env', f'TMPDIR={self.scratch}', *self.words(*arguments)], output=output)
        return figures, json.loads(output.read_text())

    def skopeo(self, source, target):
        line = 'skopeo copy --quiet --preserve-digests --src-tls-verify=false --dest-tls-verify=false'
        return f'{line} {source} {target}'

    def restoring(self, archive, name):
        root = fresh(self.scratch / name)
        return root, ['restore', archive, '--gocache', root / 'build', '--gomodcache', root / 'mod', '--no-go',
                      '--only', self.only]

    def turn(self, number, servers, figures):
        """Measures everything once, in a repository of its own."""
        host, content, web, files = servers
        place = f'{host}/run-{number}'

        def note(way, measured):
            figures.setdefault(way, []).append({key: measured[key] for key in ('wall', 'cpu')})

        # The new union over its predecessor, and beside it.
        self.command('push', self.old, f'oci://{place}:v1')
        before = size_of(content)[1]
        measured, report = self.timed('push', self.all, f'oci://{place}:v2', '--onto', 'v1')
        note('push --onto', measured)
        figures['sent'] = [{'reported': report['sent_bytes'], 'stored': size_of(content)[1] - before}]
        measured, _ = self.timed('push', self.all, f'oci://{host}/whole-{number}:v2')
        note('push', measured)

        # One provider out of the union that was pushed onto, and just its bytes by skopeo.
        root, words = self.restoring(f'oci://{host}/whole-{number}:v2', 'restored')
        measured, report = self.timed(*words)
        note('restore --only', measured)
        figures.setdefault('fetched', []).append({key: report[key] for key in ('fetched_bytes', 'requests')})
        # A request costs a web server less than a registry.
        os.symlink(self.all, f'{files}/all.castore')
        third, words = self.restoring(f'{web}/all.castore', 'restored-web')
        measured, _ = self.timed(*words)
        note('restore --only, from nginx', measured)
        remove(third)
        self.command('push', self.part, f'oci://{place}:part')
        copy = fresh(self.scratch / 'copy')
        other, words = self.restoring('"$archive"', 'restored-other')
        local = ' '.join(word if word == '"$archive"' else f"'{word}'" for word in self.words(*words))
        measured = self.run.measure(
            f'{self.skopeo(f"docker://{place}:part", f"dir:{copy}")} && archive=$(ls -S {copy}/* | head -n 1) && {local}')
        note('skopeo copy, restore', measured)
        if size_of(root) != size_of(other):
            raise Failure(f'`restore --only` gives {size_of(root)} files and bytes, and the other way {size_of(other)}')
        remove(root, other, copy)

        # The whole archive.
        copy = self.scratch / 'copy.castore'
        measured, _ = self.timed('pull', f'oci://{host}/whole-{number}:v2', '-o', copy)
        note('pull', measured)
        if subprocess.run(['cmp', copy, self.all]).returncode:
            raise Failure('`pull` gives another file')
        remove(copy)
        copy = fresh(self.scratch / 'copy')
        note('skopeo copy', self.run.measure(self.skopeo(f'docker://{host}/whole-{number}:v2', f'dir:{copy}')))
        remove(copy)

        # The image.
        measured, report = self.timed('layers', self.all, '--push', f'oci://{host}/image-{number}:v1')
        note('layers --push', measured)
        layout = self.scratch / 'layout'
        words = ' '.join(f"'{word}'" for word in self.words('layers', self.all, '-o', layout))
        note('layers, skopeo copy', self.run.measure(
            f'{words} && {self.skopeo(f"oci:{layout}", f"docker://{host}/other-{number}:v1")}'))
        digests = [json.loads(subprocess.run(
            ['skopeo', 'inspect', '--tls-verify=false', f'docker://{host}/{name}-{number}:v1'], check=True,
            stdout=subprocess.PIPE).stdout)['Digest'] for name in ('image', 'other')]
        if digests[0] != digests[1]:
            raise Failure('`layers --push` gives another image')
        remove(layout)


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def judge(bench, figures, times):
    """Returns the ratios that have a goal, by name."""
    sent, fetched = figures['sent'][0], figures['fetched']
    ratios = {'sent': max(sent.values()) / bench.new_bytes,
              'fetched': median(fetched, 'fetched_bytes') / bench.wanted_bytes}
    if times:
        def ratio(way, other):
            return median(figures[way], 'wall') / median(figures[other], 'wall')
        ratios |= {'restore': ratio('restore --only', 'skopeo copy, restore'),
                   'layers': ratio('layers --push', 'layers, skopeo copy')}
    return ratios


def show(bench, network, figures, ratios):
    print(network + '\n')
    peers = {'restore --only': 'skopeo copy, restore', 'restore --only, from nginx': 'skopeo copy, restore',
             'pull': 'skopeo copy', 'layers --push': 'layers, skopeo copy'}
    rows = [('way', 'wall s', 'CPU s', '× skopeo')]
    for way, taken in figures.items():
        if way in ('sent', 'fetched'):
            continue
        peer = peers.get(way)
        ratio = f'{median(taken, "wall") / median(figures[peer], "wall"):.2f}' if peer else ''
        rows.append((way, f'{median(taken, "wall"):.2f}', f'{median(taken, "cpu"):.2f}', ratio))
    table(rows)
    sent, fetched = figures['sent'][0], figures['fetched']
    print(f'push --onto: {megabytes(sent["reported"])} MB sent, {megabytes(sent["stored"])} MB more in the registry; '
          f'new members: {megabytes(bench.new_bytes)} MB')
    print(f'restore --only {bench.only}: {megabytes(median(fetched, "fetched_bytes"))} MB in '
          f'{median(fetched, "requests"):.0f} requests; needed: {megabytes(bench.wanted_bytes)} MB')
    print('; '.join(f'{name} {value:.2f} × (goal {GOALS[name]}, {"met" if value <= GOALS[name] else "MISSED"})'
                    for name, value in ratios.items()) + '\n')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--cachectl', required=True)
    for name in ('work', 'scratch', 'json'):
        parser.add_argument(f'--{name}', required=True, type=pathlib.Path)
    parser.add_argument('--only', required=True)
    parser.add_argument('--runs', required=True, type=int)
    parser.add_argument('--short', action='store_true')
    arguments = parser.parse_args()
    missed, document = [], {}
    try:
        bench = Bench(arguments)
        for network, options in list(NETWORKS.items())[:1 if arguments.short else None]:
            figures = {}
            for number in range(1, 2 if arguments.short else arguments.runs + 1):
                # skopeo knows what a registry had in an earlier run, and would not send it again.
                with registry(fresh(arguments.scratch / 'servers'), options) as servers:
                    bench.turn(number, servers, figures)
            ratios = judge(bench, figures, not arguments.short)
            show(bench, network, figures, ratios)
            document[network] = {'figures': figures, 'ratios': ratios}
            missed += [f'{name} on {network}' for name, value in ratios.items() if value > GOALS[name]]
    except Failure as failure:
        sys.exit(f'registry: {failure}')
    document['new_bytes'], document['wanted_bytes'] = bench.new_bytes, bench.wanted_bytes
    arguments.json.write_text(json.dumps(document, indent=1) + '\n')
    if missed:
        sys.exit(f'registry: missed: {", ".join(missed)}')


if __name__ == '__main__':
    main()
