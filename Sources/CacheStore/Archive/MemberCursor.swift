/// The members of an archive, one at a time in canonical order.
///
/// The members are those of ``ArchiveContents/members``. Each comes from the archive's index when it is asked
/// for, and none is kept, so that memory does not grow with the number of entries in GOCACHE, but for some 20
/// bytes per output.
package final class MemberCursor: Sendable {
    private let rows: Monitor<MemberRows>

    /// The archive without the members of GOCACHE.
    private let modules: ArchiveContents

    /// The packs that went into the archive, ordered by label.
    package var sources: [Source] { modules.sources }

    fileprivate init(_ archive: Archive, kinds: Set<Member.Kind>) throws {
        let rows = try MemberRows(of: archive, kinds: kinds)
        modules = ArchiveContents(archive: archive, set: rows.set, digest: rows.digest)
        self.rows = Monitor(rows)
    }

    /// Checks that the archive has a source for each of some labels: see
    /// ``ArchiveContents/requireSources(_:)``.
    package func requireSources(_ labels: [String]) throws(CacheStoreError) {
        try modules.requireSources(labels)
    }

    /// Returns the next member, or `nil` after the last.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` if the file has
    ///   changed since the index was checked, or for a system error.
    package func next() throws -> Member? { try rows.withLock { rows in try rows.next() } }

    /// Reads the list of a module tree's files: see ``ArchiveContents/files(ofTree:)``.
    package func files(ofTree name: String) async throws -> [TreeFile] {
        try await modules.files(ofTree: name)
    }
}

extension Archive {
    /// Reads the index and checks it as ``contents()`` does, and returns its members one at a time.
    ///
    /// - Parameter kinds: The kinds of members, for which tables of other kinds need not be read again; empty
    ///   for all kinds. Members of other kinds may come, too.
    /// - Returns: A cursor that begins with the first member.
    /// - Throws: The errors of ``contents()``.
    /// - Complexity: O(*n*) in the number of members, in time; memory for the members of GOMODCACHE, some 20
    ///   bytes per output, and at most 16 MiB of IDs.
    package func memberCursor(kinds: Set<Member.Kind> = []) async throws -> MemberCursor {
        try await WorkerThreads.perform { try MemberCursor(self, kinds: kinds) }
    }
}
