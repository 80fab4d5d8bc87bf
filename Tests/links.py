#!/usr/bin/env python3
"""Checks that the links in all Markdown files of the repository lead somewhere.

A link to a file or directory must name one that is there, in its very case, and a link to a heading must name
a heading of that page. A link of the form <doc:Page> must name a page of the documentation, and a link to
this repository on GitHub a file of it. The check needs no network: links to other sites are not followed.
"""
import functools
import pathlib
import re
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / 'Sources/CacheStore/CacheStore.docc'
REPOSITORY = 'https://github.com/OWNER/cachectl/'


def markdown():
    """Returns all Markdown files, without those of build directories and of Git."""
    return [path for path in sorted(ROOT.rglob('*.md'))
            if not any(part == '.git' or part.startswith('.build') for part in path.relative_to(ROOT).parts)]


def prose(text):
    """Returns a page without its blocks and spans of code; the numbers of lines stay."""
    def blank(match):
        return '\n' * match.group(0).count('\n')
    text = re.sub(r'^( *)(```+|~~~+)[^\n]*\n.*?^\1\2[^\S\n]*$', blank, text, flags=re.M | re.S)
    text = re.sub(r'<!--.*?-->', blank, text, flags=re.S)
    return re.sub(r'(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)', blank, text, flags=re.S)


@functools.cache
def anchors(path):
    """Returns the anchors that GitHub gives to the headings of a page."""
    text = re.sub(r'^( *)(```+|~~~+)[^\n]*\n.*?^\1\2[^\S\n]*$', '', path.read_text(), flags=re.M | re.S)
    found = []
    for title in re.findall(r'^#{1,6} +(.+?)(?: +#+)?$', text, re.M):
        title = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', title).replace('`', '').replace('*', '')
        slug = re.sub(r'[^\w\- ]', '', title.lower()).replace(' ', '-')
        number = sum(1 for other in found if re.fullmatch(rf'{re.escape(slug)}(?:-\d+)?', other))
        found.append(f'{slug}-{number}' if slug in found else slug)
    return set(found)


def is_there(path):
    """Returns whether a path names a file or directory of the repository, in its very case."""
    if not path.is_relative_to(ROOT):
        return False
    place = ROOT
    for part in path.relative_to(ROOT).parts:
        if not place.is_dir() or part not in {entry.name for entry in place.iterdir()}:
            return False
        place /= part
    return True


def fault(page, target):
    """Returns the fault of a link from a page to a target, or `None`."""
    if target.startswith(REPOSITORY):
        match = re.match(r'(?:blob|tree)/(?:main|HEAD)/(.*)', target.removeprefix(REPOSITORY))
        if not match:
            return None
        page, target = ROOT / 'README.md', match.group(1)
    elif target.startswith('doc:'):
        name, _, heading = target.removeprefix('doc:').partition('#')
        other = CATALOGUE / f'{name}.md'
        if not is_there(other):
            return 'there is no such page of the documentation'
        # DocC keeps the case of headings in its anchors.
        if heading and heading.lower() not in anchors(other):
            return f'{other.name} has no such heading'
        return None
    elif re.match(r'[a-z][a-z0-9+.-]*:', target, re.I):
        return None
    name, _, heading = urllib.parse.unquote(target).partition('#')
    other = pathlib.Path(page.parent, name).resolve() if name else page
    if not is_there(other):
        return 'there is no such file'
    if heading and other.suffix == '.md' and heading not in anchors(other):
        return f'{other.relative_to(ROOT)} has no such heading'
    return None


def main():
    faults, count = [], 0
    for page in markdown():
        text = prose(page.read_text())
        links = [(match.start(), match.group(1)) for match in re.finditer(r'\]\(<?([^\s)>]+)>?(?: "[^"]*")?\)', text)]
        links += [(match.start(), match.group(1)) for match in re.finditer(r'^\[[^\]]+\]: <?([^\s>]+)>?', text, re.M)]
        links += [(match.start(), match.group(1)) for match in re.finditer(r'<((?:doc|https?):[^\s>]+)>', text)]
        links += [(match.start(), match.group(1)) for match in re.finditer(r'\b(?:href|src)="([^"]+)"', text)]
        count += len(links)
        for start, target in sorted(links):
            if reason := fault(page, target):
                line = text[:start].count('\n') + 1
                faults.append(f'{page.relative_to(ROOT)}:{line}: the link to {target} leads nowhere: {reason}')
    return faults if count else ['no links found in any Markdown file']


if __name__ == '__main__':
    faults = main()
    print(*faults, sep='\n', end='\n' if faults else '', file=sys.stderr)
    sys.exit(1 if faults else 0)
