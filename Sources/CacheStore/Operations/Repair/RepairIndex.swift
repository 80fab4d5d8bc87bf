/// The index that names the members of a damaged archive whose own index is lost, is not proven, or does not
/// tell where the frames are.
struct RepairIndex: Sendable {
    /// The archive that has the index.
    let archive: Archive

    /// The index in comparison with the chunks that are left, if it is that of another archive.
    let foreign: ForeignIndex?

    /// Whether the index is that of the damaged archive, by its SHA-256.
    let isProven: Bool

    /// Whether the index has the digest of the damaged archive.
    let isDigestKnown: Bool

    /// The frames of chunks whose names in the damaged archive's own index are damaged, by these names.
    let renamed: [ObjectID: ChunkRecord]

    /// Chooses an index.
    ///
    /// An index that is proven comes first, then that of a copy, then the archive's own one, then that of any
    /// other archive that names chunks. The result is `nil` if there is none.
    ///
    /// - Parameters:
    ///   - source: The damaged archive.
    ///   - archives: The other archives, of which the first ones are preferred.
    ///   - proven: The SHA-256 of their indexes that are proven.
    ///   - chunks: The chunks that are left, in the order of their frames.
    /// - Throws: ``CacheStoreError`` if an index can't be read.
    init?(
        of source: RepairSource,
        among archives: [Archive],
        _ proven: Set<ObjectID>,
        naming chunks: [ChunkRecord]
    ) throws {
        // An index with moved frames competes with the others.
        let moved = source.archive == nil ? [source.indexed].compactMap(\.self) : []
        let best = try ForeignIndex.best(among: moved + archives, naming: chunks, in: source)
        if let own = source.archive {
            let isCopy =
                try best.map {
                    try $0.isCopy && proven.contains($0.archive.trailer.indexID)
                        && Self.isCopy($0.archive, of: own)
                } ?? false
            guard let best, best.isLostOne || isCopy else {
                (archive, foreign, isProven, isDigestKnown) = (own, nil, false, true)
                renamed = try Self.renamed(in: own, chunks)
                return
            }
            (archive, foreign, isProven) = (best.archive, best, best.isLostOne)
            (isDigestKnown, renamed) = (true, [:])
            return
        }
        guard let best else { return nil }
        (archive, foreign) = (best.archive, best.isOwn ? nil : best)
        (isProven, isDigestKnown, renamed) = (best.isLostOne, best.isLostOne || best.isOwn, [:])
    }

    /// Returns whether an archive has the members of another one, and its frames in the same places.
    private static func isCopy(_ archive: Archive, of other: Archive) throws -> Bool {
        let (index, found) = (try archive.index(isChecked: true), try other.index(isChecked: true))
        guard index.digest == found.digest, archive.trailer.framesSize == other.trailer.framesSize else {
            return false
        }
        var places: [Range<Int>] = []
        try index.forEachChunk { places.append($0.offset..<$0.offset + $0.storedBytes) }
        var count = 0
        var isSame = true
        try found.forEachChunk { record in
            isSame =
                isSame && count < places.count
                && places[count] == record.offset..<record.offset + record.storedBytes
            count += 1
        }
        return isSame && count == places.count
    }

    /// Finds the frames that have the checksums in an index, but not the names.
    private static func renamed(
        in archive: Archive,
        _ chunks: [ChunkRecord]
    ) throws -> [ObjectID: ChunkRecord] {
        let left = Dictionary(chunks.map { ($0.offset, $0) }) { first, _ in first }
        var renamed: [ObjectID: ChunkRecord] = [:]
        try archive.index(isChecked: true).forEachChunk { record in
            guard var chunk = left[record.offset] else { return }
            chunk.id = record.id
            if chunk == record { renamed[record.id] = left[record.offset] }
        }
        return renamed.filter { $0.key != $0.value.id }
    }
}
