#!/usr/bin/env python3
"""Checks that the page Troubleshooting.md explains every code that a user can meet.

Each code of a warning, an error, a reason to leave something out, a finding of the doctor or a fault of a
sealed cache must have one row in the table of its kind, with a meaning, a consequence and a remedy. Each row
must belong to a code.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / 'Sources/CacheStore/CacheStore.docc/Troubleshooting.md'

# The heading of a table, the type of its codes, and the file with their list.
KINDS = [
    ('Warnings', 'Warning.Code', 'Warning.swift'),
    ('Errors', 'CacheStoreError.Code', 'CacheStoreError.swift'),
    ('Reasons to leave something out', 'LeftOut.Reason', 'Go/Scan/LeftOut.swift'),
    ('Findings of the doctor', 'Finding.Code', 'Go/Settings/Finding.swift'),
    ('Faults of a sealed cache', 'Seal.Report.Fault.Kind', 'Operations/Seal/Seal+Report.swift'),
]


def codes(kind, file):
    """Returns the names of all codes of one kind: those of its list, and those that an extension adds."""
    name = kind.split('.')[-1]
    pattern = rf'static let \w+(?:: [\w.]+)? = (?:{re.escape(kind)}|{name}|Self)\((?:rawValue: )?"(\w+)"\)'
    texts = [(ROOT / 'Sources/CacheStore' / file).read_text()]
    for path in sorted((ROOT / 'Sources').rglob('*.swift')):
        for match in re.finditer(rf'^extension (?:CacheStore\.)?{re.escape(kind)} \{{\n(.*?)^\}}', path.read_text(),
                                 re.M | re.S):
            texts.append(match.group(1))
    return [name for text in texts for name in re.findall(pattern, text)]


def rows(section):
    """Returns the rows of a section's table as lists of cells, and the row of its headings apart."""
    lines = [line for line in section.split('\n') if line.startswith('|')]
    table = [[cell.strip() for cell in re.split(r'(?<!\\)\|', line)[1:-1]] for line in lines]
    return [row for row in table[1:] if not set(''.join(row)) <= set('-: ')], table[:1]


def main():
    sections = dict(re.findall(r'^## ([^\n]+)\n(.*?)(?=^## |\Z)', PAGE.read_text(), re.M | re.S))
    faults = []
    for heading, kind, file in KINDS:
        expected = codes(kind, file)
        if not expected:
            faults.append(f'Sources/CacheStore/{file}: no codes of {kind} found')
        if heading not in sections:
            faults.append(f'there is no section "{heading}"')
            continue
        table, headings = rows(sections[heading])
        if not headings or [headings[0][0], *headings[0][-3:]] != ['code', 'meaning', 'consequence', 'mend']:
            faults.append(f'"{heading}": the columns of the table are not code, …, meaning, consequence, mend')
        found = [row[0].strip('`') for row in table]
        faults += [f'"{heading}": no row for `{code}` of {kind}' for code in expected if code not in found]
        faults += [f'"{heading}": `{code}` is no code of {kind}' for code in found if code not in expected]
        faults += [f'"{heading}": two rows for `{code}`' for code in sorted(set(found)) if found.count(code) > 1]
        faults += [f'"{heading}": the row of `{row[0].strip("`")}` has an empty cell' for row in table if not all(row)]
    return [f'{PAGE.relative_to(ROOT)}: {fault}' for fault in faults]


if __name__ == '__main__':
    faults = main()
    print(*faults, sep='\n', end='\n' if faults else '', file=sys.stderr)
    sys.exit(1 if faults else 0)
