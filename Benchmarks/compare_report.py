"""Medians, targets and tables of compare-peers.py."""
import statistics

from tables import megabytes, table

TITLES = {
    'pack': 'pack: the caches of each job; sums over the jobs',
    'union': 'union: what the jobs packed, into one',
    'seal': 'seal: the cp -rn tree of all caches, packed again (cachectl: its union)',
    'restore': 'restore: the tree that cachectl restores from the union, by everyone',
    'layers': 'layers: an image of the union; or one layer of the restored tree, as a stream',
    'prog': 'prog: the gets of one build, answered from the union into a new GOCACHE',
    'verify': 'verify: the union, or that tree packed by the peer',
    'open': 'open: what the index tells, one process at a time; ×: times cachectl info',
}


def summarize(measurements):
    """Returns {verb: {contender: figures}}: medians over the runs, summed over the providers."""
    groups = {}
    for m in measurements:
        groups.setdefault(m['verb'], {}).setdefault(m['contender'], {}).setdefault(m['provider'], []).append(m)
    summary = {}
    for verb, contenders in groups.items():
        for contender, providers in contenders.items():
            def total(key, of=statistics.median):
                return sum(of([m[key] for m in runs]) for runs in providers.values())
            summary.setdefault(verb, {})[contender] = {
                'wall': total('wall'), 'cpu': total('cpu'), 'bytes': total('bytes', max),
                'peak': max(m['peak'] for runs in providers.values() for m in runs),
                'runs': min(map(len, providers.values())),
            }
    return summary


def judge(summary, content_bytes, threads):
    """Returns the targets that the measurements can judge: {verb: {contender: [target…]}}."""
    found = {}

    def target(verb, contender, text, value, met, shown):
        found.setdefault(verb, {}).setdefault(contender, []).append(
            {'target': text, 'value': value, 'met': met, 'shown': shown})

    def at_most(verb, contender, text, value, limit, unit=''):
        target(verb, contender, f'{text} ≤ {limit:g}{unit}', value, value <= limit, f'{value:.3g}{unit}')

    def at_least(verb, contender, text, value, limit, unit=''):
        target(verb, contender, f'{text} ≥ {limit:g}{unit}', value, value >= limit, f'{value:.3g}{unit}')

    def row(verb, contender):
        return summary.get(verb, {}).get(contender)

    for verb in ('pack', 'union', 'prog', 'restore', 'layers', 'verify'):
        if own := row(verb, 'cachectl'):
            at_most(verb, 'cachectl', 'peak', own['peak'] / 2**20, 64 + 8 * threads, ' MiB')

    for verb, limit in (('pack', 1.2), ('restore', 1.15), ('verify', 1.1)):
        if (own := row(verb, 'cachectl')) and (other := row(verb, 'limit')):
            at_most(verb, 'limit', 'cachectl/it: time', own['wall'] / other['wall'], limit)

    own, fast, peer = row('pack', 'cachectl'), row('pack', 'cachectl --level 1'), row('pack', 'tar | zstd -3')
    if peer:
        at_most('pack', 'tar | zstd -3', 'cachectl/it: time', own['wall'] / peer['wall'], 0.85)
        at_most('pack', 'tar | zstd -3', 'size', own['bytes'] / peer['bytes'], 0.78)
        at_least('pack', 'cachectl --level 1', 'faster than tar | zstd -3', peer['wall'] / fast['wall'], 1.5, '×')
        at_most('pack', 'cachectl --level 1', 'size', fast['bytes'] / peer['bytes'], 0.85)
    one, two = row('pack', 'cachectl --jobs 1'), row('pack', 'cachectl --jobs 2')
    if one and two and threads > 1:
        at_least('pack', 'cachectl --jobs 2', 'faster than --jobs 1', one['wall'] / two['wall'], 1.8, '×')

    if own := row('union', 'cachectl'):
        gigabytes = own['bytes'] / 1e9
        at_least('union', 'cachectl', 'stored', gigabytes / own['wall'], 1.5, ' GB/s')
        at_most('union', 'cachectl', 'CPU', own['cpu'] / gigabytes, 0.3, ' s/GB')
        if other := row('union', 'cp of the result'):
            at_most('union', 'cp of the result', 'cachectl/it: time', own['wall'] / other['wall'], 1.5)
        for peer in ('cp -rn', 'tar -x of each'):
            if other := row('union', peer):
                at_least('union', peer, 'cachectl faster', other['wall'] / own['wall'], 20, '×')

    own = row('seal', 'cachectl')
    for peer, limit in (('tar | zstd -3', 0.78), ('tar | zstd -3 --long=27', 0.95)):
        if own and (other := row('seal', peer)):
            at_most('seal', peer, 'cachectl/it: size', own['bytes'] / other['bytes'], limit)

    if own := row('restore', 'cachectl'):
        for peer, limit in (('tar | zstd -3', 1.5), ('squashfs, zstd 3', 1), ('erofs, lz4hc', 1),
                            ('cp -a', 1)):
            if other := row('restore', peer):
                at_least('restore', peer, 'cachectl faster', other['wall'] / own['wall'], limit, '×')

    if own := row('verify', 'cachectl'):
        at_least('verify', 'cachectl', 'content per CPU second', content_bytes / 1e9 / own['cpu'], 1, ' GB')
    own = row('layers', 'cachectl')
    if own and (other := row('layers', 'tar | zstd -3, digests')):
        at_most('layers', 'tar | zstd -3, digests', 'cachectl/it: time', own['wall'] / other['wall'], 1.2)
    # This process opens the archive and reads a member. The targets are 10 ms for the first step, 20 ms for
    # the second.
    if own := row('open', 'cachectl cat, one member'):
        at_most('open', 'cachectl cat, one member', 'both', own['wall'] * 1000, 10, ' ms')
    return found


def ratio(value, base):
    return f'{value / base:.2f}' if base else ''


def peak(count, floor):
    if not count:
        return ''
    return megabytes(count) if count > 1.1 * floor else f'≤ {megabytes(count)}'


def print_verb(verb, contenders, targets, failed, floor):
    own, limit = contenders.get('cachectl') or contenders['cachectl info'], contenders.get('limit')
    header = ['', 'wall s', 'CPU s', 'peak MB', 'MB', 'wall ×', 'CPU ×', 'MB ×', *(['limit ×'] if limit else []),
              'target']
    rows = [header]
    for name, figures in contenders.items():
        judged = '; '.join(f'{t["target"]}: {t["shown"]} {"met" if t["met"] else "MISSED"}'
                           for t in targets.get(name, []))
        digits = 2 if verb != 'open' else 4
        rows.append([name, f'{figures["wall"]:.{digits}f}', f'{figures["cpu"]:.{digits}f}',
                     peak(figures['peak'], floor), megabytes(figures['bytes']) if figures['bytes'] else '',
                     ratio(figures['wall'], own['wall']), ratio(figures['cpu'], own['cpu']),
                     ratio(figures['bytes'], own['bytes']) if figures['bytes'] else '',
                     *([ratio(figures['wall'], limit['wall'])] if limit else []), judged])
    print(TITLES[verb])
    table(rows, left=(0, len(header) - 1))
    for name, reason in failed.items():
        print(f'  failed and not counted: {name}: {reason}\n')


def report(results):
    """Prints one table per verb."""
    machine, corpus = results['machine'], results['corpus']
    print(f'{results["date"]}, {machine["threads"]} threads, {machine["cpu"]}, Linux {machine["kernel"]}, '
          f'{machine["file_system"]}; load {machine["load_before"]:.1f} before, {machine["load_after"]:.1f} after')
    print(f'{", ".join(corpus["providers"])}: {corpus["files"]:,} files, {megabytes(corpus["bytes"])} MB; '
          f'restored {corpus["restored_files"]:,} files, {megabytes(corpus["restored_bytes"])} MB; '
          + ('one run' if results['options']['runs'] == 1 else f'medians of {results["options"]["runs"]} runs'))
    if max(machine['load_before'], machine['load_after'] / 2) > machine['threads']:
        print('This machine was busy: compare CPU seconds. Wall seconds and their ratios mean nothing.')
    print('wall ×, CPU ×, MB ×: times cachectl; limit ×: times the wall time of the limit, a C program that does '
          'the necessary work and no more; '
          f'a peak below {megabytes(machine["peak_floor"])} MB is not seen\n')
    for verb, contenders in results['summary'].items():
        print_verb(verb, contenders, results['targets'].get(verb, {}), results['failed'].get(verb, {}),
                   machine['peak_floor'])
    for name, reason in results['not_measured'].items():
        print(f'not measured: {name} ({reason})')
