#!/usr/bin/env python3
"""Writes the modules that the end-to-end tests use, as a file-system GOPROXY, and the programs that they
build.

    make_workspace.py DIR     writes DIR/proxy and DIR/programs/{alpha,beta,gamma,hello,tiny,worker,report},
                              with complete go.sum files
"""
import base64, hashlib, io, json, os, re, sys, zipfile

PROXY_TIME = "2024-05-06T07:08:09Z"


def escaped(text): return re.sub("[A-Z]", lambda letter: "!" + letter[0].lower(), text)


def go_mod(path, *requirements):
    lines = [f"\t{module} {version}\n" for module, version in requirements]
    return f"module {path}\n\ngo 1.21\n" + (f"\nrequire (\n{''.join(lines)})\n" if lines else "")


def noise(seed, count):
    """Returns text that hardly compresses, the same in every run."""
    pieces = (hashlib.sha256(f"{seed} {number}".encode()).hexdigest() + "\n" for number in range(count // 65 + 1))
    return "".join(pieces)[:count]


def library(version):
    extra = "// Twice is new in v1.1.0.\nfunc Twice(text string) string { return Shout(text) + Shout(text) }\n"
    files = {
        "go.mod": go_mod("example.com/lib"),
        "lib.go": 'package lib\n\nimport "strings"\n\nfunc Shout(text string) string { return strings.ToUpper(text) }\n',
        "LICENSE": "Do as you like.\n",
        "docs/table.txt": noise("table", 700_000),
        "empty/nothing.txt": "",
    }
    if version == "v1.1.0": files["twice.go"] = "package lib\n\n" + extra
    return files


MODULES = {
    ("example.com/lib", "v1.0.0"): library("v1.0.0"),
    ("example.com/lib", "v1.1.0"): library("v1.1.0"),
    # Upper-case letters are escaped in GOMODCACHE: `!upper!case`.
    ("example.com/UpperCase/Kit", "v0.9.0-rc.1"): {
        "go.mod": go_mod("example.com/UpperCase/Kit"),
        "kit.go": "package Kit\n\nfunc Answer() int { return 42 }\n",
        "Deep/Är/ünïcode.txt": "names need not be ASCII\n",
    },
    # The zip has no go.mod; the proxy makes one up.
    ("example.com/legacy", "v2.1.0+incompatible"): {
        "legacy.go": 'package legacy\n\nconst Motto = "still here"\n',
    },
    ("example.com/asm", "v0.3.0"): {
        "go.mod": go_mod("example.com/asm"),
        "add.go": "//go:build amd64\n\npackage asm\n\nfunc Add(a, b int64) int64\n",
        "add_amd64.s": '#include "textflag.h"\n\nTEXT ·Add(SB), NOSPLIT, $0-24\n\tMOVQ a+0(FP), AX\n'
                       "\tADDQ b+8(FP), AX\n\tMOVQ AX, ret+16(FP)\n\tRET\n",
        "add_other.go": "//go:build !amd64\n\npackage asm\n\nfunc Add(a, b int64) int64 { return a + b }\n",
    },
    # This module uses C if cgo is enabled, and Go if not.
    ("example.com/native", "v0.2.0"): {
        "go.mod": go_mod("example.com/native"),
        "native_cgo.go": "//go:build cgo\n\npackage native\n\n/*\nstatic int twice(int number) { return 2 * number; }\n*/\n"
                         'import "C"\n\nconst Language = "C"\n\n'
                         "func Twice(number int) int { return int(C.twice(C.int(number))) }\n",
        "native_pure.go": '//go:build !cgo\n\npackage native\n\nconst Language = "Go"\n\n'
                          "func Twice(number int) int { return 2 * number }\n",
    },
    # This module has a pseudo-version, a requirement of its own, and an output that is cut into several
    # chunks.
    ("example.com/deep/v3", "v3.0.1-0.20240506070809-0123456789ab"): {
        "go.mod": go_mod("example.com/deep/v3", ("example.com/lib", "v1.0.0")),
        "deep.go": 'package deep\n\nimport (\n\t_ "embed"\n\n\t"example.com/lib"\n)\n\n//go:embed data.txt\nvar Data string\n\n'
                   'func Name() string { return lib.Shout("deep") }\n',
        "data.txt": noise("data", 5_000_000),
    },
}

MAIN = "package main\n\nimport (\n{imports})\n\nfunc main() {{\n{body}}}\n"
DEEP = ("example.com/deep/v3", "v3.0.1-0.20240506070809-0123456789ab")
NATIVE = ("example.com/native", "v0.2.0")
TEST = 'package main\n\nimport "testing"\n\nfunc TestProgram(t *testing.T) { main() }\n'
TESTED = {"worker", "report"}
PROGRAMS = {
    "alpha": (
        ["encoding/json", "os", "", "example.com/UpperCase/Kit", "example.com/asm", "example.com/lib"],
        '\t_ = json.NewEncoder(os.Stdout).Encode([]any{lib.Shout("alpha"), Kit.Answer(), asm.Add(1, 2)})\n',
        [("example.com/UpperCase/Kit", "v0.9.0-rc.1"), ("example.com/asm", "v0.3.0"), ("example.com/lib", "v1.0.0")],
    ),
    "beta": (
        ["os", "text/template", "", "example.com/deep/v3", "example.com/legacy", "example.com/lib"],
        '\tt := template.Must(template.New("").Parse("{{.}}\\n"))\n'
        '\t_ = t.Execute(os.Stdout, []any{lib.Twice("beta"), legacy.Motto, deep.Name(), len(deep.Data)})\n',
        [DEEP, ("example.com/legacy", "v2.1.0+incompatible"), ("example.com/lib", "v1.1.0")],
    ),
    "gamma": (
        ["fmt", "", "example.com/UpperCase/Kit", "example.com/lib"],
        '\tfmt.Println(lib.Shout("gamma"), Kit.Answer())\n',
        [("example.com/UpperCase/Kit", "v0.9.0-rc.1"), ("example.com/lib", "v1.0.0")],
    ),
    # This program shares nothing with the others but the standard library.
    "hello": (["fmt"], '\tfmt.Println("hello")\n', []),
    # These two share much of the standard library and of the modules. They have tests, and C if cgo is
    # enabled.
    "worker": (
        ["encoding/json", "os", "os/user", "", "example.com/UpperCase/Kit", "example.com/asm", "example.com/lib",
         "example.com/native"],
        "\t_, _ = user.Current()\n"
        '\t_ = json.NewEncoder(os.Stdout).Encode([]any{lib.Twice("worker"), Kit.Answer(), asm.Add(1, 2), native.Language, native.Twice(21)})\n',
        [("example.com/UpperCase/Kit", "v0.9.0-rc.1"), ("example.com/asm", "v0.3.0"), ("example.com/lib", "v1.1.0"), NATIVE],
    ),
    "report": (
        ["os", "text/template", "", "example.com/asm", "example.com/deep/v3", "example.com/legacy", "example.com/lib",
         "example.com/native"],
        '\tt := template.Must(template.New("").Parse("{{.}}\\n"))\n'
        '\t_ = t.Execute(os.Stdout, []any{lib.Twice("report"), legacy.Motto, deep.Name(), asm.Add(1, 2), native.Language, native.Twice(21)})\n',
        [("example.com/asm", "v0.3.0"), DEEP, ("example.com/legacy", "v2.1.0+incompatible"), ("example.com/lib", "v1.1.0"), NATIVE],
    ),
    # This program uses as little of the standard library as possible; it is built again and again.
    "tiny": (["example.com/lib"], '\tprintln(lib.Shout("tiny"))\n', [("example.com/lib", "v1.0.0")]),
}


def h1(files):
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file: file.write(content)


def mod_of(path, files): return files.get("go.mod", f"module {path}\n").encode()


def zip_files(path, version, files): return {f"{path}@{version}/{name}": text.encode() for name, text in files.items()}


def zip_bytes(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items(): file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def write_proxy(proxy):
    versions = {}
    for (path, version), files in MODULES.items():
        base = f"{proxy}/{escaped(path)}/@v"
        write(f"{base}/{escaped(version)}.info", json.dumps({"Version": version, "Time": PROXY_TIME}).encode())
        write(f"{base}/{escaped(version)}.mod", mod_of(path, files))
        write(f"{base}/{escaped(version)}.zip", zip_bytes(zip_files(path, version, files)))
        versions.setdefault(base, []).append(version)
    for base, list_ in versions.items(): write(f"{base}/list", "".join(f"{version}\n" for version in list_).encode())


def write_programs(programs):
    for name, (imports, body, requirements) in PROGRAMS.items():
        lines = "".join(f'\t"{package}"\n' if package else "\n" for package in imports)
        write(f"{programs}/{name}/main.go", MAIN.format(imports=lines, body=body).encode())
        if name in TESTED: write(f"{programs}/{name}/main_test.go", TEST.encode())
        write(f"{programs}/{name}/go.mod", go_mod(f"example.org/{name}", *requirements).encode())
        sums = []
        for path, version in sorted({*requirements, ("example.com/lib", "v1.0.0")} if requirements else []):
            files = MODULES[path, version]
            sums.append(f"{path} {version} {h1(zip_files(path, version, files))}\n")
            sums.append(f"{path} {version}/go.mod {h1({'go.mod': mod_of(path, files)})}\n")
        if sums: write(f"{programs}/{name}/go.sum", "".join(sums).encode())


if __name__ == "__main__":
    if len(sys.argv) != 2: sys.exit(__doc__)
    write_proxy(f"{sys.argv[1]}/proxy")
    write_programs(f"{sys.argv[1]}/programs")
