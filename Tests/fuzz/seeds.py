#!/usr/bin/env python3
"""Makes the archives on which inputs are built, and the seeds of all fuzz targets.

    seeds.py CACHECTL

Tests/fuzz/bases/two.castore is the union of two packs of tiny caches. Tests/fuzz/corpus/TARGET/ gets the seeds, each
named after its content. All are in the repository: run this again only where the format changes.
"""
import base64, gzip, hashlib, io, json, os, pathlib, shutil, struct, subprocess, sys, tarfile, tempfile, zipfile
import zstandard

HERE = pathlib.Path(__file__).resolve().parent
GO = """#!/bin/sh
[ "$1" = env ] || exit 1
cat <<'END'
{"CGO_ENABLED": "0", "GOAMD64": "v1", "GOARCH": "amd64", "GOFLAGS": "-trimpath", "GOOS": "linux", "GOVERSION": "go1.25.5",
 "GOMODCACHE": "/go/mod", "GOROOT": "/usr/local/go"}
END
"""

def sha(content): return hashlib.sha256(content).digest()
def hash1(files):
    lines = b"".join(b"%s  %s\n" % (sha(content).hex().encode(), name.encode()) for name, content in sorted(files))
    return b"h1:" + base64.b64encode(sha(lines))
def write(path, content, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)

# ---- Caches
def entry(action, output, size): return b"v1 %s %s %20d %20d\n" % (sha(action).hex().encode(), output.hex().encode(), size, 1700000000)
def add_entry(cache, action, content, executable=None):
    output, name = sha(content), sha(action).hex()
    write(cache / name[:2] / f"{name}-a", entry(action, output, len(content)))
    place = cache / output.hex()[:2] / f"{output.hex()}-d"
    write(place / executable if executable else place, content, 0o755 if executable else 0o644)
def add_module(cache, path, version, files, parts=("info", "mod", "ziphash", "tree")):
    escaped = "".join("!" + letter.lower() if letter.isupper() else letter for letter in path)
    downloads = cache / "cache/download" / escaped / "@v"
    named = [(f"{path}@{version}/{name}", content) for name, content in files.items()]
    write(downloads / f"{version}.info", b'{"Version":"%s","Time":"2024-01-02T03:04:05Z"}' % version.encode())
    write(downloads / f"{version}.mod", files.get("go.mod", b"module %s\n" % path.encode()))
    write(downloads / f"{version}.ziphash", hash1(named))
    if "tree" in parts:
        for name, content in files.items(): write(cache / f"{escaped}@{version}" / name, content, 0o755 if name == "run" else 0o444)
    if "zip" in parts: write(downloads / f"{version}.zip", zipped(named))
def zipped(files, method=zipfile.ZIP_DEFLATED):
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", method) as file:
        for name, content in files: file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, method)
    return result.getvalue()
HEADER = b"go object linux amd64 go1.25.5 GOAMD64=v1 X:regabiwrappers\nbuild id \"a\"\n\n!\n"
def package(main=False):
    text = HEADER if not main else HEADER.replace(b"\n\n", b"\nmain\n\n")
    strings = b"go:cuinfo.packagename.example.com/m" + b"/src/m.go"
    blocks = [0] * 19
    base = 8 + 8 + 4 + 4 * 19
    files = base + len(strings)
    blocks[0:3], blocks[3] = [base, files, files], files + 8
    blocks[4:19] = [files + 8 + 21] * 15
    record = struct.pack("<II", 9, base + 35) # the file's name: its length and place
    symbol = struct.pack("<II", 35, base) + bytes(13)
    goobj = b"\0go120ld" + bytes(8) + struct.pack("<I", 0) + struct.pack("<19I", *blocks) + strings + record + symbol
    def member(name, content): return b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name, 0, 0, 0, b"644", len(content)) + content + b"\n" * (len(content) % 2)
    return b"!<arch>\n" + member(b"__.PKGDEF", text) + member(b"_go_.o", text + goobj)

def make_bases(cachectl, work):
    go = work / "go"
    write(go, GO.encode(), 0o755)
    def pack(label, fill):
        build, modules = work / label / "build", work / label / "mod"
        fill(build, modules)
        write(modules / "cache/download/sumdb/sum.golang.org/tile/8/0/000", bytes(range(64)))
        archive = work / f"{label}.castore"
        subprocess.run([cachectl, "pack", "--quiet", "--label", label, "--go", go, "--gocache", build, "--gomodcache", modules, "-o", archive,
                        "--keep", "all"], check=True)
        return archive
    tree = {"go.mod": b"module example.com/Upper/m\n", "LICENSE": b"a licence\n", "m.go": b"package m\n", "run": b"#!/bin/sh\n", "a/b.go": b"package b\n"}
    def first(build, modules):
        add_entry(build, b"1", package())
        add_entry(build, b"2", b"#!/bin/sh\n", "tool")
        add_entry(build, b"3", b"")
        add_entry(build, b"4", b"go index v2\n" + bytes(40))
        add_module(modules, "example.com/Upper/m", "v1.0.0", tree)
        add_module(modules, "example.com/zipped", "v0.1.0-pre.1", {"go.mod": b"module example.com/zipped\n"}, ("zip",))
    def second(build, modules):
        add_entry(build, b"1", package())
        add_entry(build, b"5", package(main=True))
        add_module(modules, "example.com/Upper/m", "v1.0.0", tree)
        add_module(modules, "example.com/other", "v1.2.3", {"go.mod": b"module example.com/other\n", "o.go": b"package o\n"})
        write(modules / "cache/download/sumdb/sum.golang.org/lookup/example.com/other@v1.2.3", b"1\nother\n")
    archives = [pack("aws", first), pack("gcp", second)]
    (HERE / "bases").mkdir(exist_ok=True)
    subprocess.run([cachectl, "union", "--quiet", "--force", *archives, "-o", HERE / "bases/two.castore"], check=True)

# ---- Seeds
def tar(*files, form=tarfile.PAX_FORMAT):
    result = io.BytesIO()
    with tarfile.open(fileobj=result, mode="w", format=form) as file:
        for name, kind, target in files:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mode, info.size = kind, target, 0o755, 3 if kind == tarfile.REGTYPE else 0
            file.addfile(info, io.BytesIO(b"abc"))
    return result.getvalue().rstrip(b"\0") + bytes(1024)
def tars():
    directories = [("var", tarfile.DIRTYPE, ""), ("var/cache", tarfile.DIRTYPE, ""), ("etc/f", tarfile.REGTYPE, ""), ("lib", tarfile.SYMTYPE, "usr/lib")]
    yield tar(*directories)
    yield tar(("n" * 120 + "/é", tarfile.REGTYPE, ""), ("h", tarfile.LNKTYPE, "etc/f"), form=tarfile.PAX_FORMAT)
    yield tar(("n" * 120 + "/n", tarfile.SYMTYPE, "t" * 130), form=tarfile.GNU_FORMAT)
    yield tar(("var/.wh.cache", tarfile.REGTYPE, ""), ("var/.wh..wh..opq", tarfile.REGTYPE, ""), form=tarfile.USTAR_FORMAT)
def layouts():
    manifest, config = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.config.v1+json"
    layer = next(tars())
    def layout(*documents): return b"\n%%\n".join(documents)
    image = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=/bin"]},
                        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha(layer).hex()]}}, separators=(",", ":")).encode()
    def described(kind, number, more=""): return f'{{"mediaType":"{kind}",@{number}{more}}}'
    def manifest_of(types): return (f'{{"schemaVersion":2,"config":{described(config, 2)},"layers":[{described(types, 3)}]}}').encode()
    tag = ',"annotations":{"org.opencontainers.image.ref.name":"latest"}'
    platform = ',"platform":{"os":"linux","architecture":"amd64"}'
    index = f'{{"schemaVersion":2,"manifests":[{described(manifest, 1, tag)}]}}'.encode()
    plain = "application/vnd.oci.image.layer.v1.tar"
    yield layout(index, manifest_of(plain), image, layer)
    yield layout(index, manifest_of(plain + "+gzip"), image, gzip.compress(layer, mtime=0))
    yield layout(index, manifest_of(plain + "+zstd"), image, zstandard.compress(layer))
    yield layout(f'{{"manifests":[{{"mediaType":"application/vnd.oci.image.index.v1+json",@1}}]}}'.encode(),
                 f'{{"manifests":[{described(manifest, 2, platform)}]}}'.encode(),
                 manifest_of(plain).replace(b"@3", b"@4").replace(b"@2", b"@3"), image, layer)
def frames():
    for content in (b"", b"abc", bytes(2000), bytes(range(256)) * 8):
        frame = zstandard.ZstdCompressor(level=1, write_checksum=True).compress(content)
        yield len(content).to_bytes(3, "big") + frame
    yield b"\0\0\3" + zstandard.ZstdCompressor(write_content_size=False).compress(b"abc") # as streams have it
def zips():
    files = [("example.com/m@v1.0.0/" + name, content) for name, content in (("go.mod", b"module example.com/m\n"), ("a/m.go", b"package m\n" * 20))]
    yield zipped(files)
    yield zipped(files, zipfile.ZIP_STORED)
    yield zipped([*files, ("example.com/m@v1.0.0/d/", b"")])
def seeds():
    two = (HERE / "bases/two.castore").read_bytes()
    start = int.from_bytes(two[-8:], "big")
    yield "trailer", [two[:0] + small for small in trailers()]
    yield "index", [b"", bytes([0, 0, 24, 3, 0, 0, 0, 1]), bytes([1, 0, 5, 0, 9]), bytes([4, 15, 200, 7, 1, 2, 3, 4, 5, 6, 7, 8]), bytes([(len(two) - start) // 4096, 0])]
    yield "edits", edits()
    yield "manifest", [b"f 3 a\n", b"f 0 LICENSE\nf 21 go.mod\nx 10 run\n", b"f 12 a/b/c.go\nf 999999999999999999 a/b/d.go\n", "f 1 é\n".encode()]
    yield "entry", [entry(b"1", sha(b"2"), 10), b"v1 " + entry(b"1", sha(b"2"), 2**63 - 1)[3:], b"1700000000\ngo1.25.5\n", b"1800000000\n"]
    yield "package", [package(), package(main=True), b"!<arch>\n", b"\x7fELF", b"go index v2\n"]
    yield "log", [b"WORK=/tmp/go-build1\nmkdir -p $WORK/b001/\ncat >/tmp/go-build1/b001/importcfg << 'EOF'\n# import config\npackagefile fmt=/c/ab/x-d\nEOF\n"
                  b"cd /src\n/go/pkg/tool/compile -o $WORK/b001/_pkg_.a -p example.com/m -complete ./m.go\n/go/pkg/tool/buildid -w $WORK/b001/_pkg_.a\n",
                  b"example.com/m\nexample.com/m/b\nok  \texample.com/m\t0.003s\nFAIL\texample.com/n [build failed]\n",
                  b'{"ImportPath":"example.com/m","Action":"build-output","Output":"# example.com/m\\n"}\n{"Action":"output","Package":"p","Output":"ok  \\tp\\t(cached)\\n"}\n']
    yield "sums", [b"example.com/M v1.0.0 h1:" + base64.b64encode(sha(b"")) + b"\nexample.com/M v1.0.0/go.mod h1:" + base64.b64encode(sha(b"1")) + b"\n",
                   b"h1:" + base64.b64encode(sha(b"")), b"module example.com/m\n\ngo 1.25\n\nrequire (\n\texample.com/a v1.0.0\n\tb.c/d v0.1.0 // indirect\n)\nreplace b.c/d => ../d\n",
                   b'{"GOOS":"linux","GOARCH":"amd64","GOFLAGS":"-tags=a,b \'-ldflags=-s -w\'","GOVERSION":"go1.25.5","GOAMD64":"v1","CGO_ENABLED":"1","GODEBUG":"a=1","GOFIPS140":"off"}',
                   b'{"Version":"v1.0.0"}', b"v1.0.0.mod\nv1.10.0-pre.2.mod\nv1.2.0+incompatible.mod\n", b"GOFLAGS=-mod=mod\nGOPROXY=off\n", b'PRETTY_NAME="Debian 12"\n',
                   b"-tags=a -trimpath '-gcflags=all=-N -l'", b"example.com/!m@v1.0.0"]
    yield "words", [b"*.go\na/m.go", b"[!a-c]?\\*\nd.*", b"example.com/*@v1.?\nexample.com/m@v1.0", b"500MB", b"1.5GiB", b"2026-11-22T10:00:00Z", b"1700000000", b"aws,gcp"]
    yield "program", list(talks())
    yield "tar", list(tars())
    yield "layer", [part for stream in tars() for part in (stream, gzip.compress(stream, mtime=0), zstandard.compress(stream))]
    yield "layout", list(layouts())
    yield "zip", list(zips())
    yield "zstd", list(frames())
def talks():
    """What go commands write to a program, with actions of bases/two.castore."""
    def coded(content): return base64.b64encode(content).decode()
    def request(number, command, **fields): return json.dumps({"ID": number, "Command": command, **fields}, separators=(",", ":")).encode() + b"\n\n"
    def get(number, action): return request(number, "get", ActionID=coded(sha(action)))
    def put(number, action, content, field="OutputID"):
        head = request(number, "put", ActionID=coded(sha(action)), **{field: coded(sha(content))}, BodySize=len(content))
        return head + (b'"' + base64.b64encode(content) + b'"\n' if content else b"")
    close = request(9, "close")
    yield b"".join(get(number, b"%d" % number) for number in range(1, 7)) + close
    yield get(1, b"1") + get(2, b"1") # the program ends with its input
    yield put(1, b"7", b"made") + get(2, b"7") + put(3, b"8", b"made") + put(4, b"7", b"") + get(5, b"7") + close
    yield put(1, b"1", b"other") + get(2, b"1") + put(3, b"6", b"old name", "ObjectID") + request(4, "more") + close
    yield put(1, b"7", package())[:-40]
    yield request(1, "put", ActionID=coded(sha(b"7")), OutputID=coded(sha(b"8")), BodySize=4) + b'"bWFkZQ=="\n' + close
def trailers():
    """Ends of archives without frames, whose index is one page."""
    for version in (1, 2, 3):
        page = b"SQLite format 3\0".ljust(4096, b"\0")
        header = struct.pack("<8sIIQQ32s", b"CASTORE\n", version, 0, 0, 4096, sha(page))
        yield struct.pack("<II", 0x184D2A5C, 8192 + 25 - 8) + bytes(4096 - 72) + header + page + struct.pack(">17sQ", b"Start-Of-SQLite3-", 4096)
def edits():
    """Programs of one edit each: every table's first cells get another value, and every other kind of edit once."""
    for table in range(11):
        for column in range(4): yield bytes([0, 0, table, 0, column, 0, table + column])
    for kind in range(3, 12):
        for row in range(2): yield bytes([0, kind, 4 + row, row, 1, 0, 4, 97, 98, 99, 100])
    yield bytes([1, 5, 7, 0])
    yield bytes([2, 9, 0, 4, 2, 0])
    for name in range(0, 66, 5): yield bytes([0, 11, 0, 0, 0, name])

def main():
    with tempfile.TemporaryDirectory() as work: make_bases(os.path.abspath(sys.argv[1]), pathlib.Path(work))
    for target, contents in seeds():
        folder = HERE / "corpus" / target
        shutil.rmtree(folder, ignore_errors=True)
        for content in contents: write(folder / hashlib.sha1(content).hexdigest()[:12], content)

if __name__ == "__main__":
    if len(sys.argv) != 2: sys.exit(__doc__.strip())
    main()
