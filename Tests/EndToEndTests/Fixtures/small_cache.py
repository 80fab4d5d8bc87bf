"""small_cache.py GOCACHE GOMODCACHE: makes two small caches as Go lays them out, with outputs of all sizes."""
import base64, hashlib, json, os, sys

build, modules = sys.argv[1:]
for index in range(256): os.makedirs(f"{build}/{index:02x}", exist_ok=True)
for index in range(24):
    body = f"output {index}\n".encode() * (40 if index % 8 else 300_000)
    action, output = hashlib.sha256(f"action {index}".encode()).hexdigest(), hashlib.sha256(body).hexdigest()
    with open(f"{build}/{output[:2]}/{output}-d", "wb") as file: file.write(body)
    with open(f"{build}/{action[:2]}/{action}-a", "w") as file:
        file.write(f"v1 {action} {output} {len(body):20d} {1_790_000_000_000_000_000:20d}\n")
for path, version in (("example.com/a", "v1.0.0"), ("example.com/b", "v1.2.3")):
    files = {"go.mod": f"module {path}\n", "a.go": "package a\n", "sub/b.go": "package b\n" * 5000}
    lines = []
    for name, text in sorted(files.items()):
        place = f"{modules}/{path}@{version}/{name}"
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w") as file: file.write(text)
        lines.append(f"{hashlib.sha256(text.encode()).hexdigest()}  {path}@{version}/{name}\n")
    downloads = f"{modules}/cache/download/{path}/@v"
    os.makedirs(downloads, exist_ok=True)
    digest = base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()
    for suffix, text in (("mod", files["go.mod"]), ("ziphash", f"h1:{digest}"), ("info", json.dumps({"Version": version}))):
        with open(f"{downloads}/{version}.{suffix}", "w") as file: file.write(text)
