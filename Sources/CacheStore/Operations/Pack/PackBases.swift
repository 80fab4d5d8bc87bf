import SystemPackage

/// The archives whose members a pack does not write.
///
/// The members of the archives are in memory while the pack runs.
struct PackBases: Sendable {
    private let sets: [(path: FilePath, set: MemberSet)]

    /// Reads the indexes of archives.
    ///
    /// - Parameter bases: The archives; usually there are none.
    /// - Throws: ``CacheStoreError``, as ``Archive/init(opening:)`` and ``Archive/contents()`` do.
    init(_ bases: [any ArchiveReference]) throws {
        sets = try bases.opened().map { ($0.path, try $0.members().set) }
    }

    /// The members that the archives have, by name; `nil` without archives.
    ///
    /// - Complexity: O(*n*) in the number of members.
    var known: KnownMembers? { sets.isEmpty ? nil : KnownMembers(sets.map(\.set)) }

    /// The names of the archives' chunks.
    var chunks: some Sequence<ObjectID> { sets.lazy.flatMap { $0.set.chunks.lazy.map(\.id) } }

    /// Returns the members of a pack that are written: all, or those that the bases lack.
    ///
    /// - Parameter set: The members of the pack.
    /// - Returns: The members to write, and the numbers of their chunks in the order of their frames.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/conflict``.
    func lacking(of set: MemberSet) throws(CacheStoreError) -> (set: MemberSet, order: [ChunkNumber]) {
        guard !sets.isEmpty else { return (set, set.frameOrder()) }
        var difference = MemberDifference(set)
        for (path, base) in sets {
            do throws(CacheStoreError) {
                try difference.subtract(base, of: path)
            } catch {
                throw error.naming([("this pack", set), ("`\(path.shown)`", base)])
            }
        }
        return difference.remainder
    }

    /// Returns the first archive that holds another source with the label of one of these sources.
    func first(withLabelOf sources: [Source]) -> FilePath? {
        sets.first { _, base in
            base.sources.contains { other in sources.contains { $0.label == other.label && $0 != other } }
        }?.path
    }
}
