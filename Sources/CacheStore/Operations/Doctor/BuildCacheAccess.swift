import SystemPackage

/// The access to GOCACHE that this user lacks, with which builds fail or store nothing.
///
/// Go makes GOCACHE and its 256 directories where they are missing, and fails if it can't (Go's
/// cmd/go/internal/cache/default.go, `initDefaultCache`). It also fails if it can't store the index of a
/// checkout (modindex/read.go, `openIndexPackage`), or, up to Go 1.25, if it can't rewrite a `trim.txt` that
/// is a day old (work/exec.go, `Do`).
enum BuildCacheAccess {
    /// The access that is lacking.
    enum Fault: Hashable {
        /// GOCACHE is not there and can't be made.
        case cannotBeMade
        /// Something other than a directory stands in the place of GOCACHE.
        case isNoDirectory
        /// Some of the 256 directories are not there and can't be made.
        case lacksDirectories
        /// Directories or entries can't be read.
        case cannotBeRead
        /// Nothing can be stored, and Go would store the index of a checkout.
        case storesNoIndex
        /// `trim.txt` can't be rewritten, and Go would rewrite it.
        case storesNoTrimTime
        /// Nothing can be stored, but Go goes on without that.
        case storesNothing
    }

    /// Returns the gravest fault of a GOCACHE.
    ///
    /// - Parameters:
    ///   - path: GOCACHE.
    ///   - version: The version of Go.
    ///   - debug: The value of GODEBUG for Go itself.
    ///   - entries: Some entries that should be there.
    /// - Returns: The fault; `nil` if there is none, or if the cache is meant for users who can't write and
    ///   builds work for them.
    /// - Throws: ``CacheStoreError`` if the system can't tell.
    static func fault(
        of path: FilePath,
        version: String,
        debug: String,
        entries: [ObjectID]
    ) throws -> Fault? {
        switch try Unusable.passedOver(try Place(at: path)) {
        case .directory: break
        case .nothing: return try Access.canMake(path) ? nil : .cannotBeMade
        case .file, .special, .brokenLink: return .isNoDirectory
        case nil: return .cannotBeMade
        }
        guard try Access.canSearch(path) else { return .cannotBeRead }
        let directories = (0..<256).map { path.appending(BuildCacheLayout.subdirectory($0)) }
        let present = try directories.filter { try Access.exists($0) }
        if try present.count < directories.count && !Access.canAdd(to: path) { return .lacksDirectories }
        let files = entries.map { path.pushing(FilePath(BuildCacheLayout.name(ofAction: $0))) }
        guard try present.allSatisfy({ try Access.canSearch($0) }),
            try (files + outputs(of: entries, in: path)).allSatisfy({
                try Access.canRead($0) || !Access.exists($0)
            })
        else { return .cannotBeRead }
        let isWritable = try present.allSatisfy { try Access.canAdd(to: $0) }
        if !isWritable, GoDebug(debug).usesIndexes { return .storesNoIndex }
        let trimFile = path.appending(TrimFile.name)
        let rewrites = try Access.exists(trimFile) ? Access.canWrite(trimFile) : Access.canAdd(to: path)
        if !rewrites, GoRelease.minor(of: version).map({ $0 <= 25 }) ?? false { return .storesNoTrimTime }
        return try isWritable || isMeantForReaders(path) ? nil : .storesNothing
    }

    /// Returns the outputs of entries, of those that can be read.
    private static func outputs(of entries: [ObjectID], in path: FilePath) throws -> [FilePath] {
        guard let root = try Unusable.passedOver(try Directory(opening: path)) else { return [] }
        return try entries.compactMap { id in
            let name = BuildCacheLayout.name(ofAction: id)
            guard let file = try Unusable.passedOver(try root.openFile(at: name)),
                let bytes = try Unusable.passedOver(try file.bytes(count: ActionEntry.byteCount + 1)),
                let entry = ActionEntry(bytes.span, named: id)
            else { return nil }
            return path.pushing(FilePath(BuildCacheLayout.name(ofOutput: entry.output)))
        }
    }

    /// Returns whether a cache was restored or sealed for users who can't write to it.
    private static func isMeantForReaders(_ path: FilePath) throws -> Bool {
        guard let root = try Unusable.passedOver(try Directory(opening: path)) else { return false }
        return try Unusable.passedOver(try TrimFile.isRight(in: root, .readonly)) ?? false
    }
}

extension BuildCacheAccess.Fault {
    /// The severity of the fault.
    var severity: Finding.Severity { self == .storesNothing ? .note : .nothingHits }

    /// The loss, as one sentence without a period.
    var loss: String {
        switch self {
        case .cannotBeMade:
            "this user can't make the build cache, so every `go build` fails (\"failed to initialize build "
                + "cache\")"
        case .isNoDirectory:
            "something other than a directory stands there, so every `go build` fails (\"failed to "
                + "initialize build cache\")"
        case .lacksDirectories:
            "some of the directories `00` to `ff` are missing, and this user can't make them, so every "
                + "`go build` fails (\"failed to initialize build cache\")"
        case .cannotBeRead:
            "this user can't read what is in the build cache, so `go build` fails or compiles everything"
        case .storesNoIndex:
            "this user can't write to the build cache, and `go build` fails where it can't store the index "
                + "of a checkout (\"permission denied\" or \"read-only file system\")"
        case .storesNoTrimTime:
            "this user can't rewrite `\(TrimFile.name)`, and once that is a day old, every `go build` of Go "
                + "up to 1.25 fails at its end (\"failed to trim cache\")"
        case .storesNothing:
            "this user can't write to the build cache, so packages that miss are compiled again in every "
                + "build"
        }
    }

    /// The way to mend the fault, as one sentence without a period.
    var mend: String {
        switch self {
        case .cannotBeMade:
            "let the user who builds make it, or set `GOCACHE` to the directory into which the archive is "
                + "restored"
        case .isNoDirectory: "remove it, or set `GOCACHE` to the directory into which the archive is restored"
        case .lacksDirectories: "restore the archive there as the owner of the build cache"
        case .cannotBeRead:
            "restore the archive as the user who builds, or let that user read the build cache"
        case .storesNoIndex:
            "set `GODEBUG=goindex=0` for builds here, or let the user who builds write to the build cache"
        case .storesNoTrimTime:
            "let the user who builds write to `\(TrimFile.name)`, or use Go 1.26 or later"
        case .storesNothing: "let the user who builds write to the build cache, if they should be kept"
        }
    }
}
