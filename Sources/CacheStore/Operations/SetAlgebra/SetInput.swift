import SystemPackage

/// An archive whose outputs and action entries pass by while a set operation runs.
struct SetInput {
    /// The path of the archive, for messages.
    let path: FilePath

    /// The index, for further passes.
    let reader: IndexReader

    /// All members except outputs and action entries; the chunks of outputs with several chunks are among its
    /// chunks.
    let set: MemberSet

    /// The chunks that no member uses, ordered by ID.
    let unusedChunks: [ChunkNumber]

    /// The sets of sources that hold action entries.
    let entrySources: Set<SourceSetNumber>

    /// Reads and checks the index of an archive.
    ///
    /// - Throws: The errors of ``Archive/contents()``.
    init(_ archive: Archive) throws {
        let index = try CheckedIndex(of: archive, try archive.index(), keepingPartsOfOutputs: true)
        path = archive.path
        (reader, set) = (index.reader, index.set)
        (unusedChunks, entrySources) = (index.unusedChunks, index.entrySources)
    }

    /// The positions of the sources that hold a member.
    var holders: Set<Int> { self.set.holders(withEntriesOf: entrySources) }
}
