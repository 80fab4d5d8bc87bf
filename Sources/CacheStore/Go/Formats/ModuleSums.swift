/// The modules that a `go.sum` names (golang.org/x/mod, `modfetch.readGoSum` in cmd/go).
///
/// A line has three fields: the path of a module, its version, and a hash. The hash is that of the module's
/// zip or, where the version ends in `/go.mod`, that of its `go.mod` alone.
struct ModuleSums: Hashable, Sendable {
    /// The modules whose zips are named: those of which a build may read files.
    private(set) var zips: Set<ModuleKey> = []

    /// The modules whose `go.mod` files are named: those that decide versions.
    private(set) var modFiles: Set<ModuleKey> = []

    /// Adds the modules of a file; lines that Go would refuse are ignored.
    mutating func add(_ bytes: [UInt8]) {
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard fields.count == 3 else { continue }
            let suffix = "/go.mod"
            let isModFile = fields[1].hasSuffix(suffix)
            let version = isModFile ? fields[1].dropLast(suffix.count) : fields[1]
            guard let key = ModuleKey("\(ModuleKey.escape(fields[0]))@\(ModuleKey.escape(version))") else {
                continue
            }
            if isModFile { modFiles.insert(key) } else { zips.insert(key) }
        }
    }

    /// All modules that are named.
    var all: Set<ModuleKey> { zips.union(modFiles) }
}
