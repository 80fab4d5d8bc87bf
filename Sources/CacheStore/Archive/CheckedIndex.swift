/// An index that was read once from end to end, checked, and found to have the digest that it states.
///
/// The members of GOMODCACHE are held in memory, with at most 16 MiB of IDs and a bit per output while the
/// digest is computed. Outputs and action entries pass by and are not kept.
struct CheckedIndex {
    /// The index, for further passes.
    let reader: IndexReader

    /// All members except outputs and action entries, with their chunks; see
    /// ``IndexReader/modules(keepingPartsOfOutputs:output:action:unused:cursor:)``.
    let set: MemberSet

    /// The chunks that no member uses, ordered by ID.
    let unusedChunks: [ChunkNumber]

    /// The sets of sources that hold action entries.
    let entrySources: Set<SourceSetNumber>

    /// The IDs of the outputs.
    let outputIDs: OutputIDs

    /// Reads and checks the index of an archive.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - reader: The archive's index.
    ///   - keepsParts: Whether the chunks of outputs that have several chunks are kept, too.
    ///   - output: Called with each output.
    ///   - action: Called with each action entry, after all outputs.
    /// - Throws: The errors of the closures, unchanged, or ``CacheStoreError`` with code
    ///   ``CacheStoreError/Code/corruptArchive`` or ``CacheStoreError/Code/unsafePath``.
    /// - Complexity: O(*n*) in the number of members, in time.
    init(
        of archive: Archive,
        _ reader: IndexReader,
        keepingPartsOfOutputs keepsParts: Bool = false,
        output: (OutputCursor) throws -> Void = { _ in },
        action: (ActionCursor.Row) throws -> Void = { _ in }
    ) throws {
        var ids = OutputIDs(reader)
        var listing = ListingDigest()
        var isListed = BitArray(count: reader.outputCount)
        var last: ObjectID?
        var unused: [ChunkNumber] = []
        var sources: Set<SourceSetNumber> = []
        var lastSources: SourceSetNumber?
        set = try reader.modules(
            keepingPartsOfOutputs: keepsParts,
            action: { row in
                // Of the entries with one ID, a restore writes the first.
                if row.id != last {
                    listing.action(row.id, output: try ids.id(of: row.output))
                    isListed[row.output.index] = true
                    last = row.id
                }
                if row.sources != lastSources {
                    sources.insert(row.sources)
                    lastSources = row.sources
                }
                try action(row)
            },
            unused: { unused.append($0) },
            cursor: { cursor in
                if let value = cursor.output { ids.append(value.id) }
                try output(cursor)
            }
        )
        let outputs = try OutputRowCursor(reader)
        for number in 0..<reader.outputCount {
            guard let row = try outputs.next(), isListed[number] else { continue }
            listing.output(row.id, size: row.size, executable: row.executable)
        }
        let chunks = set.chunks
        listing.modules(of: set) { chunks[$0].id }
        guard listing.finish() == reader.digest else { throw archive.wrongDigest }
        self.reader = reader
        (outputIDs, unusedChunks, entrySources) = (ids, unused, sources)
    }
}
