/// The modules that a `go.sum` names (golang.org/x/mod, `modfetch.readGoSum` in cmd/go).
///
/// A line has three fields: the path of a module, its version, and a hash. The hash is that of the module's
/// zip or, where the version ends in `/go.mod`, that of its `go.mod` alone.
struct ModuleSums: Hashable, Sendable {
    /// The modules whose zips are named: those of which a build may read files.
    private(set) var zips: Set<ModuleKey> = []

    /// The modules whose `go.mod` files are named: those that decide versions.
    private(set) var modFiles: Set<ModuleKey> = []

    /// The hashes `h1:` of zips, as text; Go compares with no other sort.
    private(set) var zipHashes: [ModuleKey: Set<String>] = [:]

    /// The hashes `h1:` of `go.mod` files, as text.
    private(set) var modFileHashes: [ModuleKey: Set<String>] = [:]

    /// Adds the modules of a file; lines that Go would refuse are ignored.
    mutating func add(_ content: SumLines) {
        for entry in content.entries {
            let suffix = "/go.mod"
            let isModFile = entry.version.hasSuffix(suffix)
            let version = isModFile ? entry.version.dropLast(suffix.count) : entry.version
            guard let key = ModuleKey("\(ModuleKey.escape(entry.path))@\(ModuleKey.escape(version))") else {
                continue
            }
            if isModFile { modFiles.insert(key) } else { zips.insert(key) }
            guard entry.hash.hasPrefix("h1:") else { continue }
            if isModFile {
                modFileHashes[key, default: []].insert(String(entry.hash))
            } else {
                zipHashes[key, default: []].insert(String(entry.hash))
            }
        }
    }

    /// All modules that are named.
    var all: Set<ModuleKey> { zips.union(modFiles) }
}
