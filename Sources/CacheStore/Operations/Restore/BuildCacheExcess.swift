import SystemPackage

/// The entries of a GOCACHE that a restore does not hold.
struct BuildCacheExcess {
    /// GOCACHE.
    let path: FilePath
    let archive: Archive
    let plan: RestorePlan

    /// Finds the entries and, unless this is a preview, removes them: action entries before outputs.
    ///
    /// - Parameters:
    ///   - isPreview: Whether nothing is removed.
    ///   - check: Called once per directory; an error that it throws ends the work.
    /// - Returns: The numbers of entries, and their length.
    /// - Throws: The error of `check`, or ``CacheStoreError`` if the index is damaged, or as the system says.
    /// - Complexity: O(*n*) in the entries of the archive and of GOCACHE; memory for one of the 256
    ///   directories.
    func run(isPreview: Bool, check: () throws -> Void) throws -> Restore.Report.Excess {
        let root = try Directory(opening: path)
        var result = Restore.Report.Excess()
        var packages: Set<String> = []
        let actions = try ActionCursor(archive.index(isChecked: true))
        let index = try archive.index(isChecked: true)
        var pass = RestorePlan.Pass()
        try forEach("-a", of: root, isPreview, check) {
            while let row = try actions.next() {
                if plan.restores(row, in: &pass) { return row.id }
            }
            return nil
        } found: { _, _, bytes in
            result.actions += 1
            result.bytes += bytes
        }
        let outputs = try OutputCursor(index)
        try forEach("-d", of: root, isPreview, check) {
            while try outputs.next() {
                if plan.isWanted[outputs.number.index], let output = outputs.output { return output.id }
            }
            return nil
        } found: { name, directory, bytes in
            result.outputs += 1
            result.bytes += bytes
            guard isPreview, let path = try Self.importPath(of: name, in: directory) else { return }
            packages.insert(path)
        }
        result.packages = packages.sorted { $0.precedes($1) }
        return result
    }

    /// Returns the import path of a compiled package; `nil` for another output, or if it can't be read.
    private static func importPath(of name: String, in directory: borrowing Directory) throws -> String? {
        guard let status = try directory.status(of: name), status.kind == .regular,
            let file = try Unusable.passedOver(try directory.file(name))
        else { return nil }
        return try CompiledPackage.read(size: status.size) { range in
            let bytes = try file.bytes(at: range.lowerBound, count: range.count)
            // Another process may have cut the file.
            return bytes + [UInt8](repeating: 0, count: range.count - bytes.count)
        }?
        .importPath
    }

    /// Calls `found` with the length of each entry of one kind that is not wanted, which is then removed.
    ///
    /// - Parameters:
    ///   - suffix: The end of the entries' names.
    ///   - root: GOCACHE.
    ///   - isPreview: Whether nothing is removed.
    ///   - check: Called once per directory.
    ///   - nextWanted: Returns the next ID that is wanted, in ascending order.
    ///   - found: Called with the name of an entry, its directory, and its length in bytes.
    /// - Throws: The error of `check` or `nextWanted`, or ``CacheStoreError`` as the system says.
    private func forEach(
        _ suffix: String,
        of root: borrowing Directory,
        _ isPreview: Bool,
        _ check: () throws -> Void,
        nextWanted: () throws -> ObjectID?,
        found: (String, borrowing Directory, Int) throws -> Void
    ) throws {
        var next = try nextWanted()
        for index in 0..<256 {
            try check()
            var wanted: Set<ObjectID> = []
            while let id = next, Int(id.firstByte) == index {
                wanted.insert(id)
                next = try nextWanted()
            }
            guard let directory = try root.directory(BuildCacheLayout.subdirectory(index)) else { continue }
            for name in try directory.names().valid where name.hasSuffix(suffix) {
                let digits = Array(name.utf8.dropLast(suffix.utf8.count))
                guard let id = ObjectID(hexadecimal: digits.span), Int(id.firstByte) == index,
                    !wanted.contains(id), let status = try directory.status(of: name)
                else { continue }
                if status.kind == .directory, let inner = try directory.directory(name) {
                    try found(name, directory, try inner.contentBytes())
                } else {
                    try found(name, directory, status.size)
                }
                if !isPreview { try directory.removeAll(name) }
            }
        }
    }
}
