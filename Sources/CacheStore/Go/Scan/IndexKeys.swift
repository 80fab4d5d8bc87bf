import Glibc
import SystemPackage

/// The IDs of the index entries that a pack keeps: those of modules in GOMODCACHE and of directories of
/// GOROOT.
///
/// Go also indexes the directories of a checkout. Such an entry is keyed by the names, times and lengths of
/// the files, and not by their content (Go's cmd/go/internal/modindex/read.go, `dirHash`). A checkout with
/// pinned times and files of equal lengths then gets the index of another commit, and its builds fail. Go
/// itself forgets the entry after five days, but a sealed one stays for years. Nothing in an entry tells
/// where the directory was. Therefore the IDs of the entries that stay right are computed, and all others are
/// left out.
struct IndexKeys {
    /// The versions of Go that may have made the entries.
    let versions: Set<String>

    /// The greatest depth of a directory in GOROOT that is looked at.
    private static let maximumDepth = 32

    /// Returns the IDs of the entries of modules (`moduleHash`).
    ///
    /// - Parameters:
    ///   - modules: The modules, `path@version`, escaped as in GOMODCACHE.
    ///   - roots: The paths of GOMODCACHE under which Go may have built.
    /// - Returns: The IDs.
    func modules(_ modules: [String], below roots: Set<String>) -> Set<ObjectID> {
        var keys: Set<ObjectID> = []
        for version in versions {
            for root in roots {
                for module in modules {
                    keys.insert(Self.key("module index \(version) go index v2 \(root)/\(module)\n", version))
                }
            }
        }
        return keys
    }

    /// Returns the names of all modules that have a directory in a GOMODCACHE.
    ///
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    static func modules(in tree: FileTree) throws(CacheStoreError) -> [String] {
        var modules: [String] = []
        try forEachDirectory(of: tree) { name, _ in
            if name.pathElements.last?.contains("@") == true {
                modules.append(name)
                return false
            }
            return name != "cache"
        }
        return modules
    }

    /// Returns the IDs of the entries of the directories of GOROOT (`dirHash`).
    ///
    /// Their key holds the times of files in the words of the time zone, so the IDs are computed for the zone
    /// of this process and for UTC.
    ///
    /// - Parameter goRoot: GOROOT.
    /// - Returns: The IDs.
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    func directories(of goRoot: FilePath) throws(CacheStoreError) -> Set<ObjectID> {
        var keys: Set<ObjectID> = []
        let sources = goRoot.appending("src")
        let versions = versions
        func add(_ relative: String, _ directory: borrowing Directory) throws(CacheStoreError) {
            var files: [(name: String, status: FileStatus)] = []
            for name in try directory.names().valid {
                guard let status = try directory.status(of: name) else { continue }
                if status.kind != .directory { files.append((name, status)) }
            }
            // A command is in the module `cmd`, and everything else in the module `std`.
            let root = relative.pathElements.first == "cmd" ? sources.appending("cmd") : sources
            let path = relative.isEmpty ? sources.string : "\(sources.string)/\(relative)"
            for isLocal in [true, false] {
                let lines = files.map {
                    "file \($0.name) \(Self.text(of: $0.status, isLocal: isLocal)) \($0.status.size)\n"
                }
                for version in versions {
                    let head = "modroot \(root.string)\npackage \(version) go index v2 \(path)\n"
                    keys.insert(Self.key(head + lines.joined(), version))
                }
            }
        }
        try Self.forEachDirectory(of: FileTree(sources)) { (name, directory) throws(CacheStoreError) in
            try add(name, directory)
            return true
        }
        return keys
    }

    /// Returns the ID that Go computes from a text (Go's cmd/go/internal/cache/hash.go, `NewHash`).
    private static func key(_ text: String, _ version: String) -> ObjectID {
        // The version is a salt, without the experiments that the go command itself was built with.
        let salt = version.split(separator: " ").prefix { !$0.hasPrefix("X:") }.joined(separator: " ")
        return ContentHasher.hash(Array((salt + text).utf8).span)
    }

    /// Returns the modification time of a file as Go's `time.Time` prints it.
    private static func text(of status: FileStatus, isLocal: Bool) -> String {
        var seconds = time_t(status.modified)
        var raw = unsafe tm()
        _ = unsafe isLocal ? localtime_r(&seconds, &raw) : gmtime_r(&seconds, &raw)
        let (year, month, day) = unsafe (Int(raw.tm_year) + 1900, Int(raw.tm_mon) + 1, Int(raw.tm_mday))
        let clock = unsafe [raw.tm_hour, raw.tm_min, raw.tm_sec].map { digits(Int($0), 2) }
        let east = unsafe raw.tm_gmtoff / 60
        let zone = unsafe raw.tm_zone.map { unsafe String(cString: $0) } ?? "UTC"
        func digits(_ value: Int, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        var fraction = status.modifiedNanoseconds == 0 ? "" : "." + digits(status.modifiedNanoseconds, 9)
        while fraction.hasSuffix("0") { fraction.removeLast() }
        let offset = (east < 0 ? "-" : "+") + digits(abs(east) / 60, 2) + digits(abs(east) % 60, 2)
        let date = "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))"
        return "\(date) \(clock.joined(separator: ":"))\(fraction) \(offset) \(isLocal ? zone : "UTC")"
    }

    /// Calls `body` with each directory of a tree, the tree's own first; `body` returns whether to go deeper.
    ///
    /// A directory that is not there, is of another kind or can't be read by this user is skipped: what it
    /// would tell saves Go one indexing.
    private static func forEachDirectory(
        of tree: FileTree,
        _ body: (String, borrowing Directory) throws(CacheStoreError) -> Bool
    ) throws(CacheStoreError) {
        try forEachDirectory({ () throws(CacheStoreError) in try tree.open() }, depth: 0, "", body)
    }

    private static func forEachDirectory(
        _ open: () throws(CacheStoreError) -> Directory?,
        depth: Int,
        _ name: String,
        _ body: (String, borrowing Directory) throws(CacheStoreError) -> Bool
    ) throws(CacheStoreError) {
        do throws(CacheStoreError) {
            guard let directory = try open(), try body(name, directory), depth < maximumDepth else { return }
            for entry in try directory.names().valid where try directory.status(of: entry)?.kind == .directory
            {
                try forEachDirectory(
                    { () throws(CacheStoreError) in try directory.directory(entry) },
                    depth: depth + 1,
                    name.isEmpty ? entry : "\(name)/\(entry)",
                    body
                )
            }
        } catch {
            if error.isOfMachine, error.code != .permissionDenied { throw error }
        }
    }
}
