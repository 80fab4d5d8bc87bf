#!/usr/bin/env python3
"""plot.py RESULTS.json PICTURE.svg: plots CPU per member and peak memory over the number of members, with
logarithmic axes.

The colours have middle brightness and the background is transparent, so that the picture is legible on white
and on black.
"""
import json
import math
import sys
from xml.sax.saxutils import escape

COLOURS = {'info': '#3b82f6', 'first member': '#8b8b8b', 'union': '#e0622d', 'restore small': '#2a9d55', 'verify': '#b565d8',
           'restore all': '#c29b1d'}
INK = '#808890'
WIDTH, HEIGHT = 940, 400
TOP, BOTTOM, PANEL, LEFTS = 52, 348, 300, (58, 520)
LINE = 16  # the distance between two labels


def decades(low, high):
    return [10 ** power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]


def short(number):
    for size, letter in ((1e6, ' M'), (1e3, ' k')):
        if number >= size:
            return f'{number / size:g}{letter}'
    return f'{number:g}'


def text(x, y, words, anchor='start', colour=INK, weight='normal'):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-weight="{weight}">'
            f'{escape(words)}</text>')


def line(x1, y1, x2, y2, opacity):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{INK}" stroke-opacity="{opacity}"/>')


def spread(places):
    """Moves touching labels apart, as little as possible: returns {name: y}."""
    names = sorted(places, key=places.get)
    ys = [places[name] for name in names]
    for _ in range(200):
        for i in range(len(ys) - 1):
            if (gap := LINE - (ys[i + 1] - ys[i])) > 0.01:
                ys[i] -= gap / 2
                ys[i + 1] += gap / 2
    return dict(zip(names, ys))


def panel(left, title, series, sizes):
    """Draws one pair of axes: `series` is {name: [(members, value)…]}."""
    values = [value for points in series.values() for _, value in points]
    ticks = decades(min(values), max(values))
    if len(ticks) == 1:
        ticks.append(ticks[0] * 10)
    low, high = math.log10(ticks[0]), math.log10(ticks[-1])
    first, last = math.log10(min(sizes)), math.log10(max(sizes))

    def x_of(members):
        return left + PANEL * (math.log10(members) - first) / (last - first or 1)

    def y_of(value):
        return BOTTOM - (BOTTOM - TOP) * (math.log10(value) - low) / (high - low)

    parts = [text(left - 40, 24, title, weight='bold')]
    for tick in ticks:
        parts += [line(left, y_of(tick), left + PANEL, y_of(tick), 0.35), text(left - 8, y_of(tick) + 4, f'{tick:g}', 'end')]
    for members in sizes:
        parts += [line(x_of(members), BOTTOM, x_of(members), BOTTOM + 5, 0.8),
                  text(x_of(members), BOTTOM + 20, short(members), 'middle')]
    parts.append(text(left + PANEL / 2, BOTTOM + 40, 'members', 'middle'))
    for name, points in series.items():
        path = ' '.join(f'{x_of(members):.1f},{y_of(value):.1f}' for members, value in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
        parts += [f'<circle cx="{x_of(members):.1f}" cy="{y_of(value):.1f}" r="3" fill="{COLOURS[name]}"/>'
                  for members, value in points]
    for name, y in spread({name: y_of(points[-1][1]) for name, points in series.items()}).items():
        parts.append(text(left + PANEL + 8, y + 4, name, colour=COLOURS[name]))
    return parts


def draw(results):
    sizes = sorted({row['members'] for row in results['summary']})
    figures = (('CPU µs per member', lambda row: row['cpu_per_member'] * 1e6), ('peak memory, MiB', lambda row: row['peak'] / 2**20))
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
             'font-family="system-ui, \'Liberation Sans\', Helvetica, Arial, sans-serif" font-size="13">',
             f'<title>CPU per member and peak memory, {short(sizes[0])} to {short(sizes[-1])} members</title>']
    for left, (title, value) in zip(LEFTS, figures):
        series = {}
        for row in results['summary']:
            # A value too short to tell from the start of a process has no place on a logarithmic axis.
            if value(row) > 0:
                series.setdefault(row['verb'], []).append((row['members'], value(row)))
        parts += panel(left, title, series, sizes)
    return '\n'.join([*parts, '</svg>', ''])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding='utf-8') as f:
        results = json.load(f)
    with open(sys.argv[2], 'w', encoding='utf-8') as f:
        f.write(draw(results))


if __name__ == '__main__':
    main()
