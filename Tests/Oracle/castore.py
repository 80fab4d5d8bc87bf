#!/usr/bin/env python3
"""An independent reader of CacheStore archives, written from Format.md and not from the library's source.

    castore.py ls FILE              prints the text whose SHA-256 is the archive's digest
    castore.py check [--fast] FILE  prints one line per breach of the specification (--fast: checks cuts only at the
                                    ends of chunks)
    castore.py extract FILE DIR     writes DIR/go-build and DIR/go-mod as Go lays them out
"""
import base64, collections, hashlib, io, itertools, os, re, sqlite3, struct, sys, zipfile
import zstandard
from xxh64 import xxh64

PAGE, HEADER, MASK, SUMDB, OWN, ZIP, FILES = 4096, 64, 2**64 - 1, "cache/download/sumdb", ".castore-", 500 << 20, 6721641
CUT_LEAST, CUT_NORMAL, CUT_MOST = 2 << 20, 4 << 20, 8 << 20
GEAR = [int.from_bytes(hashlib.sha256(b"castore gear %d" % value).digest()[:8], "little") for value in range(256)]
DEVICES = {"CON", "PRN", "AUX", "NUL"} | {f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10)}
FORMAT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Sources/CacheStore/CacheStore.docc/Format.md")
SCHEMA = re.search("```sql\n(.*?)```", open(FORMAT, encoding="utf-8").read(), re.S)[1]
COLUMN, TYPES = r"(\w+) (INTEGER|TEXT|BLOB)( PRIMARY KEY| NOT NULL|)", {"INTEGER": {int}, "TEXT": {str}, "BLOB": {bytes}}
TABLES = {table: {name: TYPES[kind] | (set() if required else {type(None)}) for name, kind, required in re.findall(COLUMN, columns)}
          for table, columns in re.findall(r"TABLE (\w+)\((.*)\)", SCHEMA)}
class Refused(Exception): """The error for data that a reader must refuse."""
def demand(condition, complaint):
    if not condition: raise Refused(complaint)
def sha256(content): return hashlib.sha256(content).digest()
def grouped(pairs): return {key: [value for _, value in group] for key, group in itertools.groupby(pairs, lambda pair: pair[0])}
def ascending(values): return all(a < b for a, b in zip(values, values[1:]))
class Archive:
    """An open archive: its trailer is checked, its index's rows are in memory, and it can read chunks."""
    def __init__(self, path):
        self.file = open(path, "rb")
        self.length = self.file.seek(0, os.SEEK_END)
        self.read_trailer()
        self.read_index()
        self.chunks_of = grouped((row.id, row.chunk) for row in self.stream)
        self.zips = [row for row in self.download if row.kind == "zip" and row.value is not None]
    def read(self, offset, length):
        demand(0 <= offset <= offset + length <= self.length, "a place outside the file")
        self.file.seek(offset)
        return self.file.read(length)
    def read_trailer(self):
        mark, start = struct.unpack(">17sQ", self.read(self.length - 25, 25))
        demand(mark == b"Start-Of-SQLite3-" and start >= HEADER, "no mark at the end")
        name, self.version, zero, self.frames, length, digest = struct.unpack("<8sIIQQ32s", self.read(start - HEADER, HEADER))
        demand(self.version in (1, 2), f"format version {self.version}")
        demand(name == b"CASTORE\n" and zero == 0, "no header before the index")
        demand(length % PAGE == 0 and start + length + 25 == self.length, "the index's length disagrees with the file's")
        demand(start == -(-(self.frames + 8 + HEADER) // PAGE) * PAGE, "the index does not begin on the first page that has room")
        magic, rest = struct.unpack("<4sI", self.read(self.frames, 8))
        demand(magic == b"\x5c\x2a\x4d\x18" and rest == self.length - self.frames - 8, "the trailer is not one skippable frame")
        demand(not any(self.read(self.frames + 8, start - HEADER - self.frames - 8)), "the padding is not zero")
        self.image = self.read(start, length)
        demand(sha256(self.image) == digest, "the index has another SHA-256 than its header says")
    def read_index(self):
        database = sqlite3.connect(":memory:")
        database.deserialize(self.image)
        entries = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid").fetchall()
        demand(entries == [("table", name, name, sql) for name, sql in zip(TABLES, SCHEMA.split(";\n"))], "index: another schema")
        for table, types in TABLES.items():
            cursor = database.execute(f"SELECT * FROM {table} ORDER BY 1, 2")
            Row = collections.namedtuple(table, [column[0] for column in cursor.description])
            setattr(self, table, [Row(*row) for row in cursor])
            for row, (name, kinds) in itertools.product(getattr(self, table), types.items()):
                value = getattr(row, name)  # SQLite takes any type in any column; a reader does not
                demand(type(value) in kinds, f"index: a {table}.{name} is {type(value).__name__}")
                demand(type(value) is not bytes or name == "value" or len(value) == 32, f"index: a {table}.{name} is not 32 bytes")
        demand([type(row.value) for row in self.archive] == [bytes, int], "index: `archive` is not digest and format")
    def content(self, number):
        """Returns a chunk's content, after checking its stored bytes, its frame and its name."""
        row = self.chunk[number - 1]
        stored = self.read(row.offset, row.stored)
        demand(xxh64(stored) == row.checksum & MASK, "its stored bytes have another XXH64")
        demand(stored[:4] == b"\x28\xb5\x2f\xfd" and len(stored) > 4, "not a zstd frame")
        demand(stored[4] & 0b11100000 and zstandard.frame_content_size(stored) == row.size, "its frame has another content size")
        demand(stored[4] & 0b100 and not stored[4] & 0b11, "its frame has no checksum, or a dictionary")
        window = 0 if stored[4] & 0b100000 else (8 + (stored[5] & 7)) << (stored[5] >> 3) + 7
        demand(window <= CUT_MOST, "its frame has a longer window")
        content = zstandard.ZstdDecompressor().decompress(stored, allow_extra_data=False)
        demand(sha256(content) == row.digest, "its content has another SHA-256")
        return content
    def bytes_of(self, stream): return b"".join(map(self.content, self.chunks_of.get(stream, [])))
    def manifest_of(self, tree): return [tree.manifest] if tree.manifest > 0 else self.chunks_of.get(-tree.manifest, [])
    def manifest_digest(self, tree):
        digests = [self.chunk[number - 1].digest for number in self.manifest_of(tree)]
        return digests[0] if tree.manifest > 0 else sha256(b"".join(digests))
    winners = property(lambda self: [next(rows) for _, rows in itertools.groupby(self.action, lambda row: row.id)])
    outputs = property(lambda self: [self.output[number - 1] for number in sorted({row.output for row in self.winners})])
    def listing(self):
        """Yields the lines that the digest covers: the result of a restore."""
        yield "castore 1"
        for row in self.winners: yield f"action {row.id.hex()} {self.output[row.output - 1].digest.hex()}"
        for row in self.outputs: yield f"output {row.digest.hex()} {row.size}" + ("" if row.executable is None else f" {row.executable}")
        for row in self.tree: yield f"tree {self.manifest_digest(row).hex()} {row.h1.hex()} {row.module}"
        for row in self.download:
            yield f"download {(row.value or bytes(32) if row.kind == 'zip' else sha256(row.value)).hex()} {row.kind} {row.module}"
        for row in self.checksum_file: yield f"checksum {sha256(row.value).hex()} {row.path}"
# ---- Cutting, Go's hashes, names
def cut_of(content, fast):
    """Returns the length of the first chunk of bytes that begin with `content`. The hash forgets a byte after 64 more.

    `fast` hashes the last 64 bytes alone: that proves a cut at the end to be right, not that there is no earlier one."""
    h, p = 0, max(CUT_LEAST, len(content) - 64) if fast else CUT_LEAST
    for end, limit in ((CUT_NORMAL, 1 << 40), (CUT_MOST, 1 << 44)):
        for p, byte in enumerate(content[p:end], p + 1):
            h = (h + h + GEAR[byte]) & MASK
            if h < limit and (p == len(content) or not fast): return p
    return CUT_MOST
def hash1(files):
    """Returns Go's dirhash.Hash1 of (name, content) pairs, without its `h1:`."""
    return sha256(b"".join(b"%s  %s\n" % (sha256(content).hex().encode(), name) for name, content in sorted(files)))
def ziphash(h1): return b"h1:" + base64.b64encode(h1)
def is_ziphash(value): return re.fullmatch(rb"h1:[A-Za-z0-9+/]{43}=", value or b"") and ziphash(base64.b64decode(value[3:])) == value
def zip64_fields(extra):
    count = p = 0
    while p + 4 <= len(extra):
        tag, size = struct.unpack_from("<HH", extra, p)
        count, p = count + (tag == 1), p + 4 + size
    return count
def zip_h1(content):
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            if any(zip64_fields(entry.extra) > 1 for entry in file.infolist()): raise Refused("releases of Go read it differently")
            return hash1((entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437"), file.read(entry))
                         for entry in file.infolist())
    except Exception as error: raise Refused(f"not a zip: {error}")  # `zipfile` documents no end of kinds
def zip_size(content):
    """Returns the lengths that the directory of a zip states; 0 for what is no zip, of which nothing is inflated."""
    try: return sum(entry.file_size for entry in zipfile.ZipFile(io.BytesIO(content)).infolist())
    except Exception: return 0
def tree_h1(module, files):
    paths, prefix = {path for _, path, _ in files}, re.sub("!([a-z])", lambda match: match[1].upper(), module)
    is_copy = lambda path: module.startswith("golang.org/toolchain@") and path.split("/")[-1] == "go.mod" and path[:-6] + "_go.mod" in paths
    return hash1((f"{prefix}/{path}".encode(), content) for _, path, content in files if not is_copy(path))
def is_path(text):
    elements = text.split("/")
    return (len(text.encode()) <= 4096 and all(1 <= len(element.encode()) <= 255 and element[-1] != "." for element in elements)
            and not any(element.split(".")[0].upper() in DEVICES for element in elements)
            and not any(character in "\"'*<>?`|\\:" for character in text) and not has_control(text))
def has_control(text): return any(character < " " or character == "\x7f" for character in text)
def is_module(text):
    return (is_path(text) and text.isascii() and "." in text.split("@")[0].split("/")[0] and all(map(is_path, text.split("@")))
            and not text.split("@")[-1].startswith(OWN) and re.fullmatch("([^@A-Z!]|![a-z])+@([^@/A-Z!]|![a-z])+", text))
def is_checksum_file(text): return is_path(text) and text.isascii() and "/" + OWN not in "/" + text and re.fullmatch(r"[^/]*\.[^/]*/(lookup|tile)/.+", text)
def is_executable(name): return 1 <= len(name.encode()) <= 255 and "/" not in name and not has_control(name) and name not in (".", "..") and not name.startswith(OWN)
def clashes(paths):
    """Returns the paths that equal another, or that are the directory of another."""
    parents = {path[:slash.start()] for path in paths for slash in re.finditer("/", path)}
    return [path for path, after in zip(sorted(paths), [*sorted(paths)[1:], None]) if path == after or path in parents]
def place_of(download): return "cache/download/{}/@v/{}.{}".format(*download.module.split("@"), download.kind)
# ---- Checks: each yields its complaints, and relies on those above it
def check_references(a):
    for table, key in (("source", "label"), ("chunk", "offset"), ("output", "digest"), ("tree", "module")):
        rows = getattr(a, table)
        if [row.id for row in rows] != list(range(1, len(rows) + 1)): yield f"{table}: its ids have gaps"
        if not ascending([getattr(row, key) for row in rows]): yield f"{table}: not ordered by {key}"
    for table, column, other in (("environment", "source", a.source), ("source_set", "source", a.source), ("stream", "chunk", a.chunk),
                                 ("action", "output", a.output)):
        if not all(1 <= getattr(row, column) <= len(other) for row in getattr(a, table)): yield f"{table}: a {column} that is not there"
    if not all(1 <= number <= len(a.chunk) for row in a.tree for number in a.manifest_of(row)): yield "tree: a manifest that is not there"
    if {row.output for row in a.action} != {row.id for row in a.output}: yield "output: one that no action entry has"
    sets, members = grouped((row.id, row.source) for row in a.source_set), a.action + a.tree + a.download + a.checksum_file
    if [*sets] != list(range(1, len(sets) + 1)) or not ascending([*sets.values()]): yield "source_set: not numbered in order"
    if {row.sources for row in members} != set(sets): yield "source_set: not those that members have"
    if not all(row.value for row in a.environment): yield "environment: an empty value"
def check_streams(a):
    places = [0, *itertools.accumulate(row.stored for row in a.chunk)]
    if [row.offset for row in a.chunk] + [a.frames] != places: yield "chunk: the frames do not follow one another up to the trailer"
    if not all(1 <= row.size <= CUT_MOST and 1 <= row.stored <= row.size + row.size // 128 + 1024 for row in a.chunk): yield "chunk: a size that is not allowed"
    if len({row.digest for row in a.chunk}) < len(a.chunk): yield "chunk: a content is stored twice"
    trees = [owner for tree in a.tree for owner in ([tree.manifest, tree] if tree.manifest < 0 else [tree])]
    owners, uses = [*a.output, *trees, *a.zips], []
    for number, owner in enumerate(owners, 1):
        chunks = a.chunks_of.get(number, [])
        size = sum(a.chunk[chunk - 1].size for chunk in chunks)
        if type(owner) is int:  # a manifest of several chunks is a stream of its own
            if owner != -number or not CUT_MOST < size <= 250 << 20: yield f"stream {number}: not a long manifest"
            uses += chunks
            continue
        if getattr(owner, "stream", number) != number: yield f"stream {owner.stream}: {number} is meant"
        if owner.size > {"output": 16 << 30, "tree": 1000 << 20, "download": ZIP}[type(owner).__name__]: yield f"stream {number}: too long"
        if size != owner.size: yield f"stream {number}: {size} bytes instead of {owner.size}"
        uses += [owner.manifest, *chunks] if getattr(owner, "manifest", 0) > 0 else chunks
    if [row.position for row in a.stream] != [at for chunks in a.chunks_of.values() for at in range(len(chunks))]: yield "stream: positions have gaps"
    if not set(a.chunks_of) <= set(range(1, len(owners) + 1)): yield "stream: one that belongs to nothing"
    unused = sorted({row.id for row in a.chunk} - set(uses), key=lambda number: a.chunk[number - 1].digest)
    content = sum(row.size for row in a.chunk) + sum(a.chunk[number - 1].size for number in uses) + 4096 * sum(row.files for row in a.tree)
    a.room = (4 << 30) + 1024 * a.frames - content  # for what is in stored zips
    if a.room < 0: yield "more content than frames of this length may hold"
    if [*dict.fromkeys(uses), *unused] != [row.id for row in a.chunk]: yield "chunk: frames are not in the order of first use"
def check_downloads(a):
    h1s = {row.module: row.h1 for row in a.tree}
    hashes = {row.module: row.value for row in a.download if row.kind == "ziphash"}
    for module in {*h1s, *(row.module for row in a.zips)} - {*hashes}: yield f"{module}: no .ziphash"
    for row in a.tree:
        size = sum(a.chunk[number - 1].size for number in a.manifest_of(row))
        if not (1 <= row.files <= min(size, FILES) and 0 <= row.executables <= row.files): yield f"tree {row.module}: not a number of files"
    for module in {row.module for row in a.zips} & {*h1s}: yield f"zip {module}: stored beside its tree"
    if any(len(row.value or b"") > 16 << 20 for row in a.download + a.checksum_file): yield "a value of more than 16 MiB"
    for row in a.download:
        if row.kind == "zip" and row.value is None: sound = row.size == 0 and row.stream is None and row.module in h1s
        elif row.kind == "zip": sound = len(row.value) == 32 and row.stream is not None
        else: sound = row.kind in ("info", "mod", "ziphash") and row.value is not None and row.size == len(row.value) and row.stream is None
        if not sound: yield f"download {row.kind} {row.module}: not what such a row holds"
        if row.kind == "ziphash" and not is_ziphash(row.value): yield f"download ziphash {row.module}: not a hash"
        if row.kind == "ziphash" and row.module in h1s and row.value != ziphash(h1s[row.module]): yield f"download ziphash {row.module}: not its tree's h1"
def check_names(a):
    wrong = [row.label for row in a.source if not re.fullmatch("[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", row.label)]
    wrong += [row.executable for row in a.output if row.executable is not None and not is_executable(row.executable)]
    wrong += [row.digest.hex() for row in a.output if not re.fullmatch("[a-z-]{1,32}", row.kind)]
    wrong += [row.module for row in a.tree + a.download if not is_module(row.module)]
    wrong += [row.path for row in a.checksum_file if not is_checksum_file(row.path)]
    if not wrong: wrong = [place for place in map(place_of, a.download) if len(place.split("/")[-1]) > 255]
    if not wrong: wrong = clashes([row.module for row in a.tree] + [*map(place_of, a.download)] + [f"{SUMDB}/{row.path}".lower() for row in a.checksum_file])
    for name in wrong: yield f"a name that is not allowed: {name!r}"
def check_identity(a):
    """Checks that the members give the digest, and that the rows give the bytes of the index."""
    listing = "".join(line + "\n" for line in a.listing())
    if [*a.archive] != [("digest", sha256(listing.encode())), ("format", a.version)]: yield "archive: another digest than its members have"
    if a.version != 1 + any(row.manifest < 0 for row in a.tree): yield "archive: another version than its members need"
    again = sqlite3.connect(":memory:")
    again.executescript(f"PRAGMA page_size={PAGE}; PRAGMA secure_delete=ON; PRAGMA application_id={0x43535452}; PRAGMA user_version={a.version}; {SCHEMA}")
    for table in TABLES:
        for row in getattr(a, table): again.execute(f"INSERT INTO {table} VALUES({','.join('?' * len(row))})", row)
    again.commit()
    image = bytearray(again.serialize())
    for at, value in ((24, 1), (92, 1), (96, 3040001)): image[at:at + 4] = value.to_bytes(4, "big")
    if image != a.image: yield "index: not the bytes that its rows make"
def check_contents(a, fast):
    """Checks the chunks first, since a fault in a chunk is a fault in all members that hold it."""
    def complaints(what, check, *arguments):
        try: check(a, *arguments)
        except (Refused, UnicodeError, zstandard.ZstdError) as error: yield f"{what}: {error}"
    damaged = [complaint for row in a.chunk for complaint in complaints(f"chunk {row.id}", Archive.content, row.id)]
    if damaged: return (yield from damaged)
    for row, size in ((row, zip_size(a.bytes_of(row.stream))) for row in a.zips):
        a.room -= size
        if a.room < 0: return (yield f"zip {row.module}: more content than frames of this length may hold")
    for number, chunks in a.chunks_of.items(): yield from complaints(f"stream {number}", check_cuts, chunks, fast)
    for row in a.output: yield from complaints(f"output {row.id}", check_stream, row.id, row.digest)
    for row in a.tree: yield from complaints(f"tree {row.module}", tree_files, row)
    for row in a.zips: yield from complaints(f"zip {row.module}", check_zip, row)
def check_cuts(a, chunks, fast):
    for position, number in enumerate(chunks, 1):
        size = a.chunk[number - 1].size
        cut = cut_of(a.content(number), fast) if size > CUT_LEAST else CUT_MOST
        demand(size == cut or (size < cut and position == len(chunks)), f"chunk {number} ends at {size}")
def check_stream(a, stream, digest): demand(sha256(a.bytes_of(stream)) == digest, "has another SHA-256")
def tree_files(a, row):
    """Returns (executable, path, content) for each file of a tree, after checking all of the tree."""
    *lines, end = b"".join(map(a.content, a.manifest_of(row))).decode().split("\n")
    files = [re.fullmatch(r"([fx]) (0|[1-9][0-9]{0,17}) (.+)", line) for line in lines]
    demand(all(files) and end == "", "its manifest has a line that is none")
    executables, lengths, paths = [file[1] == "x" for file in files], [int(file[2]) for file in files], [file[3] for file in files]
    demand((len(files), sum(executables), sum(lengths)) == (row.files, row.executables, row.size), "its manifest has other sums")
    demand(ascending(paths) and all(map(is_path, paths)), "its manifest is not ordered, or a path is not allowed")
    demand(not clashes(["".join(letter.lower() if letter.isascii() else letter for letter in path) for path in paths]), "two paths that clash")
    content, ends = memoryview(a.bytes_of(row.stream)), itertools.accumulate(lengths)
    files = [(x, path, content[end - length:end]) for x, path, length, end in zip(executables, paths, lengths, ends)]
    demand(tree_h1(row.module, files) == row.h1, "has another h1")
    return files
def check_zip(a, row):
    check_stream(a, row.stream, row.value)
    h1 = zip_h1(a.bytes_of(row.stream))
    demand(not any((other.module, other.kind) == (row.module, "ziphash") and other.value != ziphash(h1) for other in a.download), "its .ziphash differs")
def problems_of(file, fast=False):
    try:
        a = Archive(file)
        for check in (check_references, check_streams, check_downloads, check_names, check_identity):
            if problems := list(check(a)): return problems
        return list(check_contents(a, fast))
    except (Refused, sqlite3.Error, UnicodeError) as error: return [str(error)]
# ---- Extracting
def write(path, content, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "xb") as file: file.write(content)
    os.chmod(path, mode)
def version_key(version):
    """Returns a key for Go's order of versions; None if Go leaves it out of a `list`, as every escaped version."""
    number, word = "(0|[1-9][0-9]*)", "(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
    match = re.fullmatch(rf"v{number}\.{number}\.{number}(?:-({word}(?:\.{word})*))?(?:\+incompatible)?", version)
    words = [(0, int(word), "") if word.isdigit() else (1, 0, word) for word in match[4].split(".")] if match and match[4] else []
    return match and ([int(part) for part in match.groups()[:3]], not words, words, version)
def extract(file, top):
    for problem in problems_of(file): raise Refused(problem)
    a, build, modules = Archive(file), f"{top}/go-build", f"{top}/go-mod"
    for first in range(256): os.makedirs(f"{build}/{first:02x}")
    for row in a.outputs:
        place = f"{build}/{row.digest.hex()[:2]}/{row.digest.hex()}-d"
        write(f"{place}/{row.executable}" if row.executable else place, a.bytes_of(row.id), 0o755 if row.executable else 0o644)
    for row in a.winners:
        name, output = row.id.hex(), a.output[row.output - 1]
        write(f"{build}/{name[:2]}/{name}-a", b"v1 %s %s %20d %20d\n" % (name.encode(), output.digest.hex().encode(), output.size, 0))
    os.makedirs(f"{modules}/cache/download")
    for row in a.tree:
        for executable, path, content in tree_files(a, row): write(f"{modules}/{row.module}/{path}", content, 0o555 if executable else 0o444)
        for folder, _, _ in os.walk(f"{modules}/{row.module}", topdown=False): os.chmod(folder, 0o555)
    for row in a.download:
        if row.kind != "zip" or row.value is not None: write(f"{modules}/{place_of(row)}", a.bytes_of(row.stream) if row.kind == "zip" else row.value)
    for folder, rows in itertools.groupby((row for row in a.download if row.kind == "mod"), lambda row: os.path.dirname(place_of(row))):
        keys = filter(None, (version_key(row.module.split("@")[1]) for row in rows))
        write(f"{modules}/{folder}/list", "".join(key[-1] + "\n" for key in sorted(keys)).encode())
    for row in a.checksum_file: write(f"{modules}/{SUMDB}/{row.path}", row.value)
def main(arguments):
    match [argument for argument in arguments if argument != "--fast"]:
        case ["check", file]:
            for problem in (problems := problems_of(file, "--fast" in arguments)): print(problem)
            sys.exit(bool(problems))
        case ["ls", file]: sys.stdout.buffer.write("".join(line + "\n" for line in Archive(file).listing()).encode())
        case ["extract", file, folder]: extract(file, folder)
        case _: sys.exit(__doc__)
if __name__ == "__main__":
    try: main(sys.argv[1:])
    except (Refused, sqlite3.Error, OSError, UnicodeError) as error: sys.exit(f"castore.py: {error}")
