#!/usr/bin/env python3
"""Writes a GOMODCACHE with one module whose large files lie deep in its tree.

    deep_module.py DIR LEVELS FILES     each file has 4 MiB that hardly compress
"""
import base64, hashlib, os, random, sys

top, levels, files = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
source = random.Random(13)
prefix = "example.com/deep@v1.0.0/"
inner = "d/" * levels
os.makedirs(f"{top}/{prefix}{inner}")
downloads = f"{top}/cache/download/example.com/deep/@v"
os.makedirs(downloads)
lines = []
for number in range(files):
    content = source.randbytes(4 << 20)
    name = f"{prefix}{inner}{number:02d}"
    with open(f"{top}/{name}", "wb") as file: file.write(content)
    lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
digest = hashlib.sha256("".join(sorted(lines, key=lambda line: line.split()[1])).encode()).digest()
with open(f"{downloads}/v1.0.0.mod", "w") as file: file.write("module example.com/deep\n")
with open(f"{downloads}/v1.0.0.ziphash", "w") as file: file.write("h1:" + base64.b64encode(digest).decode())
