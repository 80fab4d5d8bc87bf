/// The index of another archive, which takes the place of a lost one, or an index whose frames have moved.
struct ForeignIndex: Sendable {
    /// The archive that has the index.
    let archive: Archive

    /// Whether the index is that of the damaged archive itself, whose frames don't lie where it has them.
    let isOwn: Bool

    /// Whether the index is the lost one, by its SHA-256.
    let isLostOne: Bool

    /// Whether the frames that are left are those of a copy.
    ///
    /// They are if each lies where the index has it, or inside a damaged frame of which it is content.
    let isCopy: Bool

    /// The number of frames of the index.
    let frames: Int

    /// The number of frames that are left and that lie where the index has them.
    let framesInPlace: Int

    /// The number of chunks that are left and that the index names.
    let namedChunks: Int

    /// The number of chunks that are left and that the index does not name, without those that are content of
    /// a damaged frame.
    let unnamedChunks: Int

    /// Whether all members of the index are those of the archive that lost its index.
    var appliesToAll: Bool { isLostOne || isCopy }

    /// Compares an index with the chunks that are left.
    ///
    /// - Parameters:
    ///   - archive: The archive that has the index, which has its SHA-256.
    ///   - chunks: The chunks that are left, in the order of their frames.
    ///   - names: The chunks that any of the archives has.
    ///   - source: The file with the chunks.
    /// - Throws: ``CacheStoreError`` if the index can't be read.
    private init(
        _ archive: Archive,
        naming chunks: [ChunkRecord],
        _ names: Set<ObjectID>,
        in source: RepairSource
    ) throws {
        let left = Set(chunks.map(\.id))
        var (named, inPlace, inside, count) = (0, 0, 0, 0)
        var position = 0
        try archive.index(isChecked: true).forEachChunk { record in
            count += 1
            if left.contains(record.id) { named += 1 }
            let end = record.offset + record.storedBytes
            while position < chunks.count, chunks[position].offset < end {
                let chunk = chunks[position]
                position += 1
                if chunk == record {
                    inPlace += 1
                } else if chunk.offset > record.offset, chunk.offset + chunk.storedBytes <= end,
                    !names.contains(chunk.id)
                {
                    inside += 1
                }
            }
        }
        self.archive = archive
        frames = count
        framesInPlace = inPlace
        namedChunks = named
        isOwn = archive.frames === source.frames
        isCopy = !isOwn && inPlace > 0 && inPlace + inside == chunks.count
        unnamedChunks = isCopy ? 0 : left.count - named
        // Content can be an archive, and so can be what was appended to one.
        isLostOne =
            isOwn
            ? named > 0 && 2 * named >= left.count
            : source.states(archive)
                || left.isEmpty && archive.trailer.indexID == source.found?.archive.trailer.indexID
    }

    /// Finds the index that fits best.
    ///
    /// - Parameters:
    ///   - archives: The archives, of which the first ones are preferred.
    ///   - chunks: The chunks that are left, in the order of their frames.
    ///   - source: The file with the chunks.
    /// - Returns: The index; `nil` if no index names any of the chunks.
    /// - Throws: ``CacheStoreError`` if an index can't be read.
    static func best(
        among archives: [Archive],
        naming chunks: [ChunkRecord],
        in source: RepairSource
    ) throws -> Self? {
        let left = Set(chunks.map(\.id))
        var names: Set<ObjectID> = []
        for archive in archives {
            try archive.index(isChecked: true).forEachChunk {
                if left.contains($0.id) { names.insert($0.id) }
            }
        }
        var best: Self?
        for archive in archives {
            let index = try Self(archive, naming: chunks, names, in: source)
            guard index.isLostOne || index.namedChunks > 0 else { continue }
            if best.map({ $0.rank < index.rank }) ?? true { best = index }
        }
        return best
    }

    private var rank: (Int, Int, Int) {
        (isLostOne ? 1 : 0, isOwn && isLostOne || isCopy ? 1 : 0, namedChunks)
    }
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
