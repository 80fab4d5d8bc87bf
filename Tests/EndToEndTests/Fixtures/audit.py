#!/usr/bin/env python3
"""Reads Go caches the way Go does, for the end-to-end tests. It shares no code with the library.

    audit.py snapshot DIR        prints mode, SHA-256 and name of everything below DIR, except files that Go and
                                 a restore keep changing
    audit.py whole BUILD MOD     prints one line per file or tree that has its final name and is not whole
    audit.py leftovers DIR...    prints the names of temporary files
    audit.py entries BUILD       prints the name, modification time and output ID of each entry
    audit.py chunks ARCHIVE      prints the SHA-256 of all chunks' contents, one after another
    audit.py subset BUILD DIR N  copies action entries and their outputs, about N bytes, to a new build cache
"""
import hashlib, os, re, shutil, stat, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Oracle"))
import castore

ENTRY = re.compile(rb"v1 ([0-9a-f]{64}) ([0-9a-f]{64}) ([ 0-9]{19}[0-9]) ([ 0-9]{19}[0-9])\n")


def read(path):
    with open(path, "rb") as file: return file.read()


def below(top):
    """Yields the path relative to `top` and the status of everything below it."""
    for folder, directories, files in os.walk(top):
        for name in directories + files:
            path = os.path.join(folder, name)
            yield os.path.relpath(path, top), os.lstat(path)


def snapshot(top):
    for path, status in sorted(below(top)):
        name = os.path.basename(path)
        if name == "trim.txt" or path.endswith(".lock"): continue
        content = "directory" if stat.S_ISDIR(status.st_mode) else hashlib.sha256(read(f"{top}/{path}")).hexdigest()
        yield f"{stat.S_IMODE(status.st_mode):o} {content} {path}"


def whole_build_cache(top):
    for path, status in below(top):
        name = os.path.basename(path)
        if re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{64}-d", path):
            inner = [path] if stat.S_ISREG(status.st_mode) else [f"{path}/{file}" for file in os.listdir(f"{top}/{path}")]
            if len(inner) != 1: yield f"{path}: {len(inner)} files in it"
            for file in inner:
                if hashlib.sha256(read(f"{top}/{file}")).hexdigest() != name[:-2]: yield f"{file}: its content does not match its name"
        elif re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{64}-a", path):
            content = read(f"{top}/{path}")
            match = ENTRY.fullmatch(content)
            if not match or match[1].decode() != name[:-2]:
                yield f"{path}: not an action entry"
                continue
            output = f"{top}/{match[2][:2].decode()}/{match[2].decode()}-d"
            if os.path.isdir(output): output += "/" + os.listdir(output)[0]
            if not os.path.exists(output): yield f"{path}: has no output"
            elif os.path.getsize(output) != int(match[3]): yield f"{path}: its output has another size"


def trees(top):
    """Yields the module trees: the outermost directories whose names have an @."""
    for folder, directories, _ in os.walk(top):
        if folder == top and "cache" in directories: directories.remove("cache")
        for name in [name for name in directories if "@" in name]:
            directories.remove(name)
            yield os.path.relpath(os.path.join(folder, name), top)


def whole_module_cache(top):
    for module in trees(top):
        path, version = module.split("@")
        download = f"{top}/cache/download/{path}/@v/{version}"
        if os.path.exists(download + ".partial"): continue
        files = [(None, name, read(f"{top}/{module}/{name}")) for name, status in below(f"{top}/{module}")
                 if stat.S_ISREG(status.st_mode)]
        if not os.path.exists(download + ".ziphash"): yield f"{module}: no .ziphash"
        elif castore.ziphash(castore.tree_h1(module, files)) != read(download + ".ziphash"): yield f"{module}: has another h1"
        if not os.path.exists(download + ".mod"): yield f"{module}: no .mod"
    for path, _ in below(top):
        if path.endswith(".zip") and not os.path.basename(path).startswith(".castore-"):
            if castore.ziphash(castore.zip_h1(read(f"{top}/{path}"))) != read(f"{top}/{path[:-4]}.ziphash"):
                yield f"{path}: not as its .ziphash says"


def leftovers(tops):
    for top in tops:
        for path, _ in below(top):
            if re.match(r"\.castore-|.*\.tmp$|.*\.partial$", os.path.basename(path)): yield f"{top}/{path}"


def entries(top):
    for path, status in sorted(below(top)):
        if re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{64}-[ad]", path):
            output = read(f"{top}/{path}")[68:132].decode() if path.endswith("-a") else "-"
            yield f"{os.path.basename(path)} {status.st_mtime_ns} {output}"


def chunks(path):
    archive, sum = castore.Archive(path), hashlib.sha256()
    for row in archive.chunk: sum.update(archive.content(row.id))
    yield sum.hexdigest()


def subset(source, target, limit):
    size = 0
    for name in sorted(path for path, _ in below(source) if path.endswith("-a")):
        if size > limit: return
        output = read(f"{source}/{name}")[68:132].decode()
        place = f"{output[:2]}/{output}-d"
        if os.path.isdir(f"{source}/{place}"): continue
        for path in (name, place):
            os.makedirs(os.path.dirname(f"{target}/{path}"), exist_ok=True)
            shutil.copy2(f"{source}/{path}", f"{target}/{path}")
        size += os.path.getsize(f"{source}/{place}")
    yield from ()


def main(arguments):
    match arguments:
        case ["snapshot", top]: lines = snapshot(top)
        case ["whole", build, modules]: lines = [*whole_build_cache(build), *whole_module_cache(modules)]
        case ["leftovers", *tops]: lines = leftovers(tops)
        case ["entries", top]: lines = entries(top)
        case ["chunks", archive]: lines = chunks(archive)
        case ["subset", source, target, limit]: lines = subset(source, target, int(limit))
        case _: sys.exit(__doc__)
    for line in lines: print(line)


if __name__ == "__main__": main(sys.argv[1:])
