"""What GitHub gives to jobs: the cache, artifacts, and releases."""
import fnmatch
import functools
import http.server
import pathlib
import shutil
import threading


class Cache:
    """The cache of a repository: files under keys that never change, found by key or by its beginning."""

    def __init__(self, directory: pathlib.Path):
        self.directory, self.entries = directory, []  # from old to new: (key, path as given, file)
        directory.mkdir()

    def save(self, key: str, path: str) -> str | None:
        """Stores a file, and returns what the log would say if it is not stored."""
        if not pathlib.Path(path).is_file():
            return f"Path Validation Error: {path} does not exist"
        if len(key) > 512 or "," in key or "\n" in key:
            return f"Key Validation Error: {key}"
        if any(key == other and path == place for other, place, _ in self.entries):
            return f"Unable to reserve cache with key {key}"
        file = self.directory / str(len(self.entries))
        shutil.copyfile(path, file)
        self.entries.append((key, path, file))
        return None

    def find(self, key: str, fallbacks: list[str], path: str) -> str | None:
        """Puts the file of a key, or else the newest of the first prefix that has any, and returns its key."""
        exact = [entry for entry in self.entries if entry[:2] == (key, path)]
        if exact:
            return self._put(exact[-1], path)
        for prefix in fallbacks:
            found = [entry for entry in self.entries if entry[1] == path and entry[0].startswith(prefix)]
            if found:
                return self._put(found[-1], path)
        return None

    @staticmethod
    def _put(entry, path: str) -> str:
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(entry[2], path)
        return entry[0]

    @property
    def keys(self) -> list[str]:
        return [key for key, _, _ in self.entries]


class Artifacts:
    """The artifacts of a workflow run. They lose the modes of files."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        directory.mkdir()

    def upload(self, name: str, path: str, overwrite: bool = False) -> None:
        source, target = pathlib.Path(path), self.directory / name
        if not name or any(character in '":<>|*?\r\n\\/' for character in name):
            raise OSError(f"the artifact name is not valid: {name!r}")
        if not source.is_file():
            raise FileNotFoundError(f"no files were found at {path}")
        if overwrite:
            shutil.rmtree(target, ignore_errors=True)
        if target.exists():
            raise FileExistsError(f"an artifact named {name} exists already")
        target.mkdir()
        shutil.copyfile(source, target / source.name)

    def download(self, directory: pathlib.Path, name: str = "", pattern: str = "", merge: bool = False) -> None:
        """Copies one artifact into a directory, or all that match into directories of their names."""
        if name and not (self.directory / name).exists():
            raise FileNotFoundError(f"there is no artifact {name}")
        for artifact in sorted(self.directory.iterdir()):
            if name and artifact.name != name or pattern and not fnmatch.fnmatchcase(artifact.name, pattern):
                continue
            target = directory if name or merge else directory / artifact.name
            target.mkdir(parents=True, exist_ok=True)
            for file in artifact.iterdir():
                shutil.copyfile(file, target / file.name)


class Releases:
    """A web server on the loopback device with the releases of repositories, and the paths it was asked for."""

    def __init__(self, directory: pathlib.Path):
        self.directory, self.asked = directory, []
        directory.mkdir()
        releases = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self):
                releases.asked.append(self.path)
                super().do_GET()

            def log_message(self, *arguments):
                pass

        handler = functools.partial(Handler, directory=str(directory))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def add(self, repository: str, version: str, files: dict[str, bytes]) -> pathlib.Path:
        target = self.directory / repository / "releases" / "download" / f"v{version}"
        target.mkdir(parents=True)
        for name, content in files.items():
            (target / name).write_bytes(content)
        return target

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
