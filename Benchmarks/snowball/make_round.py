#!/usr/bin/env python3
"""Writes the sources of one round of snowball.sh: a program as a commit has left it, and the modules that it
needs, as a file-system GOPROXY. The same round always gives the same files.

usage: make_round.py DIR ROUND ROUNDS-PER-SDK SDK-PACKAGES

Writes DIR/proxy and DIR/app. Each round changes one package of the program, as a commit does; its tests and
everything above it are compiled again. Every ROUNDS-PER-SDK rounds, the program gets the next version of its
SDK, in which every package changes.
"""
import base64
import hashlib
import io
import pathlib
import sys
import zipfile

SDK, TOOLS = 'example.com/sdk', 'example.com/tools'
OWN_PACKAGES = 6
TYPES = 60  # of a package of the SDK


def sdk_package(number, release):
    """A package of the SDK: many types with methods, as those that are made from a service's description."""
    lines = [f'package service{number}', '', 'import (', '\t"encoding/json"', '\t"fmt"', ')', '',
             f'const Release = "{release}"', '']
    for kind in range(TYPES):
        name = f'Resource{kind}'
        fields = [(f'Field{field}', ['string', 'int64', '[]string', 'map[string]string'][(kind + field) % 4])
                  for field in range(8)]
        lines += [f'type {name} struct {{', *[f'\t{field} {type_} `json:"{field.lower()}"`' for field, type_ in fields],
                  '}', '', f'func (r *{name}) Encode() ([]byte, error) {{',
                  f'\tbytes, err := json.Marshal(r)', '\tif err != nil {',
                  f'\t\treturn nil, fmt.Errorf("{name} of %s: %w", Release, err)', '\t}', '\treturn bytes, nil', '}', '',
                  f'func (r *{name}) Same(other *{name}) bool {{', '\tif r == nil || other == nil {', '\t\treturn r == other',
                  '\t}', f'\treturn fmt.Sprint(*r) == fmt.Sprint(*other)', '}', '']
    return '\n'.join(lines)


def tools_package():
    return 'package tools\n\nimport "strings"\n\nfunc Title(text string) string { return strings.ToUpper(text) }\n'


def h1(files):
    lines = ''.join(f'{hashlib.sha256(data).hexdigest()}  {name}\n' for name, data in sorted(files.items()))
    return 'h1:' + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def publish(proxy, module, version, sources):
    """Adds a version of a module to the proxy, and returns its lines of go.sum."""
    sources = {'go.mod': f'module {module}\n\ngo 1.21\n', **sources}
    files = {f'{module}@{version}/{name}': text.encode() for name, text in sources.items()}
    base = proxy / module / '@v'
    write(base / f'{version}.info', f'{{"Version":"{version}","Time":"2024-05-06T07:08:09Z"}}')
    write(base / f'{version}.mod', sources['go.mod'])
    if not (base / f'{version}.zip').exists():
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, 'w', zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        (base / f'{version}.zip').write_bytes(buffer.getvalue())
    own = h1({'go.mod': sources['go.mod'].encode()})
    return f'{module} {version} {h1(files)}\n{module} {version}/go.mod {own}\n'


def own_package(number, changes, services):
    """A package of the program, which uses some services and the package below it."""
    below = f'\t"example.org/app/part{number - 1}"\n' if number else ''
    imports = ''.join(f'\t"{SDK}/service{service}"\n' for service in services)
    uses = ''.join(f'\tuse(&service{service}.Resource{number}{{}})\n' for service in services)
    return (f'package part{number}\n\nimport (\n{below}{imports}\t"{TOOLS}"\n)\n\n// Changes counts the commits.\n'
            f'const Changes = {changes}\n\nvar encoders []interface{{ Encode() ([]byte, error) }}\n\n'
            f'func use(encoder interface{{ Encode() ([]byte, error) }}) {{ encoders = append(encoders, encoder) }}\n\n'
            f'// Run uses the services.\nfunc Run() string {{\n{uses}'
            f'\treturn tools.Title("part") + {f"part{number - 1}.Run()" if number else repr("").replace(chr(39), chr(34))}\n}}\n')


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    root, (turn, per_sdk, packages) = pathlib.Path(sys.argv[1]), map(int, sys.argv[2:])
    proxy, app = root / 'proxy', root / 'app'
    version = f'v1.{turn // per_sdk}.0'
    sums = publish(proxy, SDK, version, {f'service{n}/service.go': sdk_package(n, version) for n in range(packages)})
    sums += publish(proxy, TOOLS, 'v1.0.0', {'tools.go': tools_package()})
    write(app / 'go.mod', f'module example.org/app\n\ngo 1.21\n\nrequire (\n\t{SDK} {version}\n\t{TOOLS} v1.0.0\n)\n')
    write(app / 'go.sum', sums)
    for number in range(OWN_PACKAGES):
        changes = (turn + OWN_PACKAGES - number) // OWN_PACKAGES  # one package changes in each round
        services = range(number, packages, OWN_PACKAGES)
        write(app / f'part{number}/part.go', own_package(number, changes, services))
        write(app / f'part{number}/part_test.go', f'package part{number}\n\nimport "testing"\n\n'
              'func TestRun(t *testing.T) {\n\tif Run() == "" {\n\t\tt.Fatal("nothing")\n\t}\n}\n')
    write(app / 'main.go', 'package main\n\nimport (\n\t"fmt"\n\n'
          f'\t"example.org/app/part{OWN_PACKAGES - 1}"\n)\n\nfunc main() {{ fmt.Println(part{OWN_PACKAGES - 1}.Run()) }}\n')


if __name__ == '__main__':
    main()
