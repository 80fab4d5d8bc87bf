import SystemPackage

/// The versions of Go that compiled the packages which a job has used or made.
///
/// A job may build with a Go that is not on PATH, for example `/opt/go/bin/go`. Its packages state its
/// version: see ``PackageOrigin``.
enum BuilderVersions {
    /// Reads the beginnings of packages in a GOCACHE.
    ///
    /// - Parameters:
    ///   - path: GOCACHE.
    ///   - use: The rule by which entries were used.
    /// - Returns: The versions.
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    static func found(in path: FilePath, usedBy use: EntryUse) throws(CacheStoreError) -> Set<String> {
        let root = try Directory(opening: path)
        var versions: Set<String> = []
        for index in 0..<256 {
            let name = BuildCacheLayout.subdirectory(index)
            guard let directory = try sound({ () throws(CacheStoreError) in try root.directory(name) })
            else { continue }
            for file in try directory.names().valid where file.hasSuffix("-a") {
                let version = try sound { () throws(CacheStoreError) in
                    guard let action = ObjectID(hexadecimal: Array(file.dropLast(2).utf8).span),
                        let status = try directory.status(of: file), status.kind == .regular,
                        use.judgement(of: action, status) == .used
                    else { return nil as String? }
                    return try self.version(of: action, in: file, of: directory, root)
                }
                if let version { versions.insert(version) }
            }
        }
        return versions
    }

    /// Returns the version in the package of an entry, or `nil` if its output is no package.
    private static func version(
        of action: ObjectID,
        in file: String,
        of directory: borrowing Directory,
        _ root: borrowing Directory
    ) throws(CacheStoreError) -> String? {
        guard let bytes = try directory.file(file)?.bytes(count: ActionEntry.byteCount + 1),
            let entry = ActionEntry(bytes.span, named: action)
        else { return nil }
        let output = try root.openFile(at: BuildCacheLayout.name(ofOutput: entry.output))
        let head = try output.bytes(count: EntryClassifier.headSize)
        return EntryClassifier.origin(head).flatMap { PackageOrigin(header: $0)?.version }
    }

    /// Returns the result of `body`, or `nil` if an entry is not as it must be: the scan of the cache reports
    /// it.
    private static func sound<Value: ~Copyable>(
        _ body: () throws(CacheStoreError) -> Value?
    ) throws(CacheStoreError) -> Value? {
        do throws(CacheStoreError) {
            return try body()
        } catch {
            if error.isOfMachine { throw error }
            return nil
        }
    }
}
