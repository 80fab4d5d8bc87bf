public import SystemPackage

/// The modules that `go.sum` files name, with their hashes.
///
/// A module whose zip is named is needed with its files. One of which only the `go.mod` is named decides
/// versions, and no build reads more of it.
public struct NamedModules: Hashable, Sendable {
    /// A file with hashes.
    private struct SumFile: Hashable {
        var path: FilePath
        var sums: ModuleSums
    }

    private var files: [SumFile] = []

    /// The modules that are named with the hash of their zips.
    private(set) var zips: Set<ModuleKey> = []

    /// The modules that are named with the hash of their `go.mod` files.
    private(set) var modFiles: Set<ModuleKey> = []

    /// The circumstances in which builds may need other modules than those that are named.
    public private(set) var warnings: [Warning] = []

    /// Reads files.
    ///
    /// - Parameter files: The files, each as Go writes a `go.sum`.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/notFound``,
    ///   ``CacheStoreError/Code/badArgument`` if a file names no module, or as the system says).
    /// - Complexity: O(*n* log *n*) in the lines.
    public init(reading files: [FilePath]) async throws {
        self = try await WorkerThreads.perform {
            var result = Self()
            for path in files { result.add(try CheckoutSums.read(named: path), path) }
            return result
        }
    }

    /// Finds the modules that builds in directories need.
    ///
    /// The files are those that ``JobKey`` and ``Pack/Options/usedSinceRestore`` find: the `go.sum` and
    /// `go.work.sum` files that builds in a directory use, wherever they lie, and those below the directory.
    ///
    /// - Parameters:
    ///   - directories: The directories in which builds run.
    ///   - go: The Go command to ask which files count, without a directory; `nil` to ask none.
    ///   - others: Directories that may lie in the directories of builds and do not belong to them, such as
    ///     Go's caches.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/notFound`` without the directory,
    ///   ``CacheStoreError/Code/badArgument`` for a directory without a module, or as the system says), or
    ///   `CancellationError`.
    /// - Complexity: O(*n*) in the files below the directories.
    public init(
        neededIn directories: [FilePath],
        asking go: GoCommand?,
        apartFrom others: [FilePath] = []
    ) async throws {
        self.init()
        for directory in directories {
            try await add(directory.absolute, asking: go, apartFrom: others)
        }
    }

    private init() {}

    private mutating func add(
        _ directory: FilePath,
        asking go: GoCommand?,
        apartFrom others: [FilePath]
    ) async throws {
        try await WorkerThreads.perform {
            let consequence = "so nothing names the modules that builds need"
            try CheckoutSums.checkDirectory(directory, consequence, remedy: .nameSources)
        }
        let modules = try await BuildModules(in: directory, asking: go)
        let (sums, warning) = try await WorkerThreads.perform {
            let sums = try CheckoutSums(of: directory, modules, apartFrom: others)
            return (sums, try Self.warning(of: sums, in: directory))
        }
        if let warning { warnings.append(warning) }
        for file in sums.files {
            add(file.content, directory.pushing(FilePath(file.path)).lexicallyNormalized())
        }
    }

    private mutating func add(_ content: SumLines, _ path: FilePath) {
        var sums = ModuleSums()
        sums.add(content)
        let file = SumFile(path: path, sums: sums)
        guard !files.contains(file) else { return }
        files.append(file)
        zips.formUnion(sums.zipHashes.keys)
        modFiles.formUnion(sums.modFileHashes.keys)
    }

    /// Returns the warning that builds in a directory may need modules that no file names.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` if there is no module.
    private static func warning(of sums: CheckoutSums, in directory: FilePath) throws(CacheStoreError)
        -> Warning?
    {
        if let doubt = sums.modules.doubt {
            let message =
                "only the go.sum files in `\(directory)` and beside the nearest go.mod and go.work tell "
                + "which modules are needed, because Go does not say which files count (\(doubt)): "
                + "builds download modules that others name"
            return Warning(code: .unknownModules, message: message)
        }
        guard sums.files.isEmpty else { return nil }
        let modules = try CheckoutModules(of: directory)
        guard !modules.isEmpty else {
            throw CacheStoreError(
                .badArgument,
                "there is no go.mod for builds here, nor one below it, so nothing names the modules that "
                    + "they need",
                path: directory,
                remedy: .nameSources
            )
        }
        guard let file = modules.fileWithRequirements else { return nil }
        let message =
            "`\(file)` requires modules, and no go.sum has their hashes: none of them is taken from an "
            + "archive, and builds may fail"
        return Warning(code: .unknownModules, message: message, remedy: .makeSums)
    }
}

// MARK: - Names

extension NamedModules {
    /// The modules that are needed with their files, each as `PATH@VERSION` with the words of `go.sum`, in
    /// order.
    public var modules: [String] { Self.names(zips) }

    /// The modules of which the `go.mod` is needed, with or without their other files, in order.
    public var modulesOfModFiles: [String] { Self.names(modFiles) }

    /// Whether nothing is needed.
    public var isEmpty: Bool { zips.isEmpty && modFiles.isEmpty }

    /// All modules that are named.
    var all: Set<ModuleKey> { zips.union(modFiles) }

    private static func names(_ keys: Set<ModuleKey>) -> [String] {
        keys.map(\.unescaped).sorted { $0.precedes($1) }
    }

    /// Returns the warning that these modules are nowhere to be had without a download, or `nil` if there are
    /// none.
    ///
    /// - Parameters:
    ///   - archives: The archives that do not have the modules.
    ///   - isPartial: Whether the archives may have the modules, but only a part of them was restored.
    /// - Returns: A warning of code ``Warning/Code/absentModules``.
    public func absenceWarning(from archives: [FilePath], restoredInPart isPartial: Bool = false) -> Warning?
    {
        guard !isEmpty else { return nil }
        var parts: [String] = []
        let (whole, others) = (zips.sorted(), modFiles.subtracting(zips).sorted())
        if !whole.isEmpty {
            let noun = whole.count == 1 ? "1 module" : "\(whole.count) modules"
            parts.append("\(noun) (\(ModuleKey.examples(whole)))")
        }
        if !others.isEmpty {
            let noun = others.count == 1 ? "the go.mod of 1 module" : "the go.mod of \(others.count) modules"
            parts.append("\(noun) (\(ModuleKey.examples(others)))")
        }
        let place =
            archives.count == 1
            ? "neither \(isPartial ? "in what is restored of" : "in") `\(archives[0])` nor in GOMODCACHE"
            : "in no archive, nor in GOMODCACHE"
        let message =
            "go.sum names \(parts.joined(separator: " and ")), \(place): builds that need them download them"
        return Warning(code: .absentModules, message: message)
    }

    /// Returns the names without those of modules that are there, with the hashes of all, and without the
    /// warnings.
    ///
    /// - Parameters:
    ///   - isZipThere: A function that returns whether the files of a module are there, so that its zip is
    ///     needed no more.
    ///   - isModFileThere: A function that returns the same for its `go.mod`.
    /// - Returns: The other names.
    /// - Throws: The error of a function.
    func removing(
        zips isZipThere: (ModuleKey) throws -> Bool,
        modFiles isModFileThere: (ModuleKey) throws -> Bool
    ) rethrows -> Self {
        var result = self
        result.warnings = []
        result.zips = try zips.filter { try !isZipThere($0) }
        result.modFiles = try modFiles.filter { try !isModFileThere($0) }
        return result
    }

    /// Returns the names of modules that a set of members lacks.
    func absent(from set: MemberSet) -> Self {
        // A zip that is derived is made from the tree.
        let stored = set.downloads.lazy.filter { $0.kind == .zip && $0.content != .derived }
        let zips = Set(set.trees.map(\.module)).union(stored.map(\.module))
        let modFiles = Set(set.downloads.lazy.filter { $0.kind == .mod }.map(\.module))
        return removing(zips: zips.contains, modFiles: modFiles.contains)
    }
}

// MARK: - Hashes

extension NamedModules {
    /// A file that states another hash than what is there has.
    struct Contradiction {
        var file: FilePath
        /// The hash of what is there, and the one of the file, or several with ` or ` between them.
        var found: String
        var stated: String
    }

    /// Compares the hash of a zip, or of the tree in it.
    ///
    /// A file may have several hashes of one module, of which one must be that of the zip. Of several files,
    /// each must have it, because builds use one or the other.
    ///
    /// - Returns: `nil` if no file contradicts the hash.
    func contradiction(ofZip hash: ObjectID, of module: ModuleKey) -> Contradiction? {
        contradiction(hash) { $0.zipHashes[module] }
    }

    /// Compares the hash of a `go.mod`, as ``contradiction(ofZip:of:)`` does that of a zip.
    func contradiction(ofModFile content: [UInt8], of module: ModuleKey) -> Contradiction? {
        contradiction(ModuleHash.id(ofModFile: content)) { $0.modFileHashes[module] }
    }

    private func contradiction(
        _ hash: ObjectID,
        _ stated: (ModuleSums) -> Set<String>?
    ) -> Contradiction? {
        let found = ModuleHash.text(of: hash)
        for file in files {
            guard let hashes = stated(file.sums), !hashes.contains(found) else { continue }
            let words = hashes.sorted { $0.precedes($1) }.joined(separator: " or ")
            return Contradiction(file: file.path, found: found, stated: words)
        }
        return nil
    }
}
