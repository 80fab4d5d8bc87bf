"""make_module.py GOMODCACHE PATH VERSION FILES NAME: puts a module of many files with long names into a GOMODCACHE,
as Go leaves it there. NAME is the pattern of a file's name, in which %d stands for its number."""
import base64, hashlib, json, os, sys

cache, path, version, count, pattern = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5]
files = {"go.mod": f"module {path}\n"} | {pattern % index: f"package x // {index}\n" for index in range(count)}
tree, lines = f"{cache}/{path}@{version}", []
for name, text in sorted(files.items()):
    os.makedirs(os.path.dirname(f"{tree}/{name}"), exist_ok=True)
    with open(f"{tree}/{name}", "w") as file: file.write(text)
    lines.append(f"{hashlib.sha256(text.encode()).hexdigest()}  {path}@{version}/{name}\n")
downloads = f"{cache}/cache/download/{path}/@v"
os.makedirs(downloads, exist_ok=True)
digest = base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()
for suffix, text in (("mod", files["go.mod"]), ("ziphash", f"h1:{digest}"), ("info", json.dumps({"Version": version}))):
    with open(f"{downloads}/{version}.{suffix}", "w") as file: file.write(text)
