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
        let actions = try ActionCursor(archive.index(isChecked: true))
        let index = try archive.index(isChecked: true)
        var pass = RestorePlan.Pass()
        try forEach("-a", of: root, isPreview, check) {
            while let row = try actions.next() {
                if plan.restores(row, in: &pass) { return row.id }
            }
            return nil
        } found: {
            result.actions += 1
            result.bytes += $0
        }
        let outputs = try OutputCursor(index)
        try forEach("-d", of: root, isPreview, check) {
            while try outputs.next() {
                if plan.isWanted[outputs.number.index], let output = outputs.output { return output.id }
            }
            return nil
        } found: {
            result.outputs += 1
            result.bytes += $0
        }
        return result
    }

    /// Calls `found` with the length of each entry of one kind that is not wanted, which is then removed.
    ///
    /// - Parameters:
    ///   - suffix: The end of the entries' names.
    ///   - root: GOCACHE.
    ///   - isPreview: Whether nothing is removed.
    ///   - check: Called once per directory.
    ///   - nextWanted: Returns the next ID that is wanted, in ascending order.
    ///   - found: Called with the length of an entry, in bytes.
    /// - Throws: The error of `check` or `nextWanted`, or ``CacheStoreError`` as the system says.
    private func forEach(
        _ suffix: String,
        of root: borrowing Directory,
        _ isPreview: Bool,
        _ check: () throws -> Void,
        nextWanted: () throws -> ObjectID?,
        found: (Int) -> Void
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
                    found(try inner.contentBytes())
                } else {
                    found(status.size)
                }
                if !isPreview { try directory.removeAll(name) }
            }
        }
    }
}
