/// An index whose members a report sums up, after a pass that has checked it.
///
/// The members of GOMODCACHE are held in memory, with some bytes per output. Outputs and action entries come
/// row by row from the index.
struct ExplainedIndex: Sendable {
    /// The archive.
    let archive: Archive

    /// The members of GOMODCACHE that are summed up, and the sets of sources of outputs.
    ///
    /// Among the chunks are those of outputs that have several chunks.
    private(set) var set: MemberSet

    /// The outputs that are summed up.
    var isWanted: BitArray

    /// The number of action entries that are summed up.
    var actionCount = 0

    /// The outputs whose only chunk another archive has, so that the chunk is not counted.
    var isKnown: BitArray

    /// The chunks of ``set`` that another archive has, so that they are not counted.
    var knownChunks: BitArray

    /// The outputs that are compiled packages.
    private(set) var isPackage = BitArray()

    /// The outputs that have one chunk.
    private(set) var isSingle = BitArray()

    /// The figures of action entries, if they were asked for.
    private(set) var sheet = TallySheet()

    /// The number of chunks.
    let chunkCount: Int

    /// The length of all frames, in bytes.
    let framesSize: Int

    /// For each output, the set of sources of the entries that refer to it; valid for wanted outputs.
    private var sources: [SourceSetNumber]

    private var classes: IndexClasses?

    /// Reads and checks an index.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - reader: The archive's index.
    ///   - labels: The labels of the sources whose members are wanted; `nil` for all.
    ///   - findsClasses: Whether the classes of entries are found, and action entries counted by them.
    /// - Throws: The errors of ``CheckedIndex``, or ``CacheStoreError`` with code
    ///   ``CacheStoreError/Code/badArgument`` for a label that no source has.
    init(
        of archive: Archive,
        _ reader: IndexReader,
        only labels: [String]? = nil,
        findingClasses findsClasses: Bool = false
    ) throws {
        var head = MemberSet()
        (head.sources, head.sourceSets) = (reader.sources, reader.sourceSets)
        // An unknown label is an error only if the archive is sound.
        let wantedSets = labels.flatMap { try? head.sets(ofAny: $0) }
        var classes = findsClasses ? IndexClasses(reader) : nil
        var (isWanted, count) = (BitArray(count: reader.outputCount), 0)
        var (isPackage, isSingle) = (BitArray(), BitArray())
        var sources = [SourceSetNumber](repeating: SourceSetNumber(0), count: reader.outputCount)
        let index = try CheckedIndex(of: archive, reader, keepingPartsOfOutputs: true) { cursor in
            guard let output = cursor.output else { return }
            classes?.add(output)
            isPackage.append([.package, .main].contains(output.contentClass))
            isSingle.append(cursor.chunks.count == 1)
        } action: { row in
            if let wantedSets, !wantedSets[row.sources] { return }
            classes?.add(row)
            count += 1
            let (number, isFirst) = (row.output, !isWanted[row.output.index])
            isWanted[number.index] = true
            sources[number] = isFirst ? row.sources : head.sourceSets.union(sources[number], row.sources)
        }
        var set = try labels.map { try index.set.selecting($0) } ?? index.set
        set.sourceSets = head.sourceSets
        try classes?.findRoles(reader, among: wantedSets)
        if var found = classes {
            let actions = try ActionCursor(reader)
            while let row = try actions.next() {
                if let wantedSets, !wantedSets[row.sources] { continue }
                sheet.add(
                    .action,
                    found.note(row, &set.sourceSets),
                    sources: row.sources,
                    contentBytes: ActionEntry.byteCount,
                    storedBytes: ActionEntry.storedBytes
                )
            }
            classes = found
        }
        chunkCount = try reader.chunkCount()
        framesSize = reader.framesSize
        self.archive = archive
        (self.set, self.classes, self.sources) = (set, classes, sources)
        (self.isWanted, self.isPackage, self.isSingle) = (isWanted, isPackage, isSingle)
        actionCount = count
        isKnown = BitArray(count: reader.outputCount)
        knownChunks = BitArray(count: set.chunks.count)
    }

    /// Returns the class of an output, if classes were asked for.
    func entryClass(of output: OutputNumber) -> EntryClass? { classes?.entryClass(of: output) }

    /// Returns the set of sources of the wanted entries that refer to an output, in ``set``.
    func sources(of output: OutputNumber) -> SourceSetNumber { sources[output] }

    /// Returns the number of compiled packages that are summed up, and the length of their content, in bytes.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func packages(_ reader: IndexReader) throws -> (count: Int, bytes: Int) {
        var packages = (count: 0, bytes: 0)
        try reader.forEachOutputSize { number, size in
            guard isWanted[number.index], isPackage[number.index] else { return }
            packages.count += 1
            packages.bytes += size
        }
        return packages
    }
}
