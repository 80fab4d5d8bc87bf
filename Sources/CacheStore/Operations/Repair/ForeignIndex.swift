/// The index of another archive, which takes the place of a lost one.
struct ForeignIndex: Sendable {
    /// The archive that has the index.
    let archive: Archive

    /// Whether the index is the lost one, by its SHA-256.
    let isLostOne: Bool

    /// Whether all chunks that are left lie where the index has them.
    private let isCopy: Bool

    /// The number of chunks that are left and that the index names.
    private let namedChunks: Int

    /// The number of chunks that are left and that the index does not name.
    let unnamedChunks: Int

    /// Whether all members of the index are those of the archive that lost its index.
    var appliesToAll: Bool { isLostOne || isCopy }

    /// Compares an index with the chunks that are left.
    ///
    /// - Parameters:
    ///   - archive: The archive that has the index, which has its SHA-256.
    ///   - chunks: The chunks that are left.
    ///   - lost: The SHA-256 of the lost index, if that is known.
    /// - Throws: ``CacheStoreError`` if the index can't be read.
    private init(_ archive: Archive, naming chunks: [ChunkRecord], lost: ObjectID?) throws {
        let left = Dictionary(chunks.map { ($0.id, $0) }) { first, _ in first }
        var (named, inPlace) = (0, 0)
        try archive.index(isChecked: true).forEachChunk { record in
            guard let chunk = left[record.id] else { return }
            named += 1
            if record == chunk { inPlace += 1 }
        }
        self.archive = archive
        namedChunks = named
        unnamedChunks = left.count - named
        isCopy = inPlace == chunks.count
        isLostOne = archive.trailer.indexID == lost
    }

    /// Finds the index that fits best.
    ///
    /// - Parameters:
    ///   - archives: The archives, of which the first ones are preferred.
    ///   - chunks: The chunks that are left.
    ///   - lost: The SHA-256 of the lost index, if that is known.
    /// - Returns: The index; `nil` if no index names any of the chunks.
    /// - Throws: ``CacheStoreError`` if an index can't be read.
    static func best(among archives: [Archive], naming chunks: [ChunkRecord], lost: ObjectID?) throws -> Self?
    {
        var best: Self?
        for archive in archives {
            let index = try Self(archive, naming: chunks, lost: lost)
            guard index.isLostOne || index.namedChunks > 0 else { continue }
            if best.map({ $0.rank < index.rank }) ?? true { best = index }
        }
        return best
    }

    private var rank: (Int, Int, Int) { (isLostOne ? 1 : 0, isCopy ? 1 : 0, namedChunks) }
}

extension MemberSet {
    /// Returns the members whose content lies in some chunks: outputs with their action entries, trees and
    /// zips with the downloads of their modules.
    ///
    /// All chunks stay. Members without content are left out, since nothing proves that they belong to the
    /// chunks.
    func keepingContent(in ids: Set<ObjectID>) -> MemberSet {
        func isThere(_ list: ChunkList) -> Bool { list.numbers.allSatisfy { ids.contains(chunks[$0].id) } }
        var result = self
        result.outputs.removeAll { $0.size == 0 || !isThere($0.chunks) }
        let kept = Set(result.outputs.map(\.id))
        result.actions.removeAll { !kept.contains($0.output) }
        result.trees.removeAll { !isThere($0.manifest) || !isThere($0.chunks) }
        var modules = Set(result.trees.map(\.module))
        for download in downloads {
            if case .stored(_, _, let list) = download.content, isThere(list) {
                modules.insert(download.module)
            }
        }
        result.downloads.removeAll { !modules.contains($0.module) }
        result.checksumFiles = []
        return result
    }
}
