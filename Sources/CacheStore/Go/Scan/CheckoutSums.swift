import SystemPackage

/// The files of a checkout in which Go records the hashes of the modules that its builds use.
///
/// These are `go.sum` and `go.work.sum`, and each `NAME.sum` beside a `NAME.mod`, which the flag `-modfile`
/// uses. Go needs no such file below `vendor`, `testdata` and `.git`. The files below `node_modules` are
/// those of other people's programs, and come and go.
struct CheckoutSums: Sendable {
    /// A file.
    struct SumFile: Hashable, Sendable {
        /// The path below the checkout.
        var path: String
        /// The content.
        var bytes: [UInt8]
    }

    /// The files, ordered by path.
    private(set) var files: [SumFile] = []

    private static let skipped: Set<String> = ["vendor", "testdata", ".git", "node_modules"]

    /// The greatest depth of a directory that is looked at.
    private static let maximumDepth = 48

    /// The size that no real file reaches, in bytes.
    private static let maximumSize = 1 << 28

    private let excluded: Set<FileStatus.Identity>

    /// Looks for the files.
    ///
    /// - Parameters:
    ///   - checkout: The directory of the checkout.
    ///   - others: Directories that may lie in the checkout and do not belong to it, such as Go's caches.
    /// - Throws: ``CacheStoreError`` if the checkout or one of the files can't be read, or if the machine is
    ///   at fault. A directory below the checkout that this user may not read is skipped, as Go skips it.
    init(of checkout: FilePath, apartFrom others: [FilePath]) throws(CacheStoreError) {
        var excluded: Set<FileStatus.Identity> = []
        for path in others where !path.isEmpty {
            if let identity = Directory.identity(at: path) { excluded.insert(identity) }
        }
        self.excluded = excluded
        try scan(Directory(opening: checkout), prefix: "", depth: 0)
        files.sort { $0.path.precedes($1.path) }
    }

    private mutating func scan(
        _ directory: borrowing Directory,
        prefix: String,
        depth: Int
    ) throws(CacheStoreError) {
        let names = try directory.names().valid
        let present = Set(names)
        for name in names {
            let path = prefix + name
            if name.hasSuffix(".sum"), Self.isSum(name, beside: present) {
                if let bytes = try read(name, in: directory) {
                    files.append(SumFile(path: path, bytes: bytes))
                }
            } else if !Self.skipped.contains(name), depth < Self.maximumDepth {
                try scanDirectory(name, of: directory, path, depth: depth + 1)
            }
        }
    }

    private static func isSum(_ name: String, beside names: Set<String>) -> Bool {
        name == "go.sum" || name == "go.work.sum" || names.contains("\(name.dropLast(4)).mod")
    }

    private mutating func scanDirectory(
        _ name: String,
        of parent: borrowing Directory,
        _ path: String,
        depth: Int
    ) throws(CacheStoreError) {
        do throws(CacheStoreError) {
            guard try parent.status(of: name)?.kind == .directory, let inner = try parent.directory(name),
                !excluded.contains(try inner.identity())
            else { return }
            try scan(inner, prefix: path + "/", depth: depth)
        } catch {
            // A file that can't be read is an error; a directory that can't be read, or has vanished, is not.
            let isFile = error.path?.extension == "sum"
            if isFile || error.isOfMachine && error.code != .permissionDenied { throw error }
        }
    }

    /// Reads a file, which may be a symbolic link; the result is `nil` for anything else.
    private func read(_ name: String, in directory: borrowing Directory) throws(CacheStoreError) -> [UInt8]? {
        do throws(CacheStoreError) {
            let file = try File(reading: directory.path(of: name))
            let status = try file.status()
            guard status.kind == .regular, status.size <= Self.maximumSize else { return nil }
            return try file.bytes(count: status.size)
        } catch {
            // A link may lead nowhere, as to a module that is not checked out.
            if error.code == .notFound { return nil }
            throw error
        }
    }

    // MARK: - Using

    /// The modules that the files name.
    var modules: ModuleSums {
        var result = ModuleSums()
        for file in files { result.add(file.bytes) }
        return result
    }

    /// The SHA-256 of the paths and contents of the files.
    var digest: ObjectID {
        var hasher = ContentHasher()
        for file in files {
            let id = ContentHasher.hash(file.bytes.span)
            hasher.update((id.hexadecimal + Array("  \(file.path)\n".utf8)).span)
        }
        return hasher.finish()
    }
}
