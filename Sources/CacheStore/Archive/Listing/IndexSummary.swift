/// The figures and the digest of an archive, gathered by going through its index without holding it in
/// memory.
struct IndexSummary: Sendable {
    /// The digest of the members, or the stated digest if the members' digest was not asked for.
    let digest: ObjectID

    /// The digest, as the index states it.
    let statedDigest: ObjectID

    /// Whether the index states the digest of the members.
    var isDigestRight: Bool { digest == statedDigest }

    /// The figures, except for the length of the file.
    let totals: ArchiveTotals

    /// The sources in the form in which they are compared with others; see ``MemberSet/comparableSources()``.
    let comparableSources: [Source]

    /// Goes through an index.
    ///
    /// - Parameters:
    ///   - index: The index.
    ///   - outputID: Returns the ID of an output; `nil` if the digest is not asked for.
    /// - Throws: The error of `outputID`, unchanged, or ``CacheStoreError`` with code
    ///   ``CacheStoreError/Code/corruptArchive`` or ``CacheStoreError/Code/unsafePath``.
    init(of index: IndexReader, outputID: ((OutputNumber) throws -> ObjectID)?) throws {
        var pass = Pass(index, isListing: outputID != nil)
        try pass.readAll(index)
        try pass.countActions(index, outputID: outputID)
        try pass.countOutputs(index)
        pass.countModules()
        digest = pass.listing?.finish() ?? index.digest
        statedDigest = index.digest
        totals = pass.sheet.totals(
            of: pass.set.sources,
            pass.set.sourceSets,
            chunks: pass.chunkCount,
            frameBytes: index.framesSize,
            fileBytes: 0
        )
        comparableSources = pass.set.comparableSources(holdersOfCgo: pass.cgoSets)
    }

    /// The passes through an index, which keep 17 bytes per output.
    private struct Pass {
        var set = MemberSet()
        var listing: ListingDigest?
        var sheet = TallySheet()
        var chunkCount = 0
        var cgoSets: Set<SourceSetNumber> = []

        private var classes: IndexClasses
        private var isListed = BitArray()
        /// The stored bytes of the chunks that each output is the first to use.
        private var storedBytes: [Int] = []
        /// The stored bytes of the chunks that a tree or a zip is the first to use.
        private var moduleChunks: [ChunkNumber: Int] = [:]
        private var manifests: [ChunkNumber: ObjectID] = [:]

        init(_ index: IndexReader, isListing: Bool) {
            listing = isListing ? ListingDigest() : nil
            classes = IndexClasses(index)
        }

        mutating func readAll(_ index: IndexReader) throws {
            set = try index.scan { cursor in
                guard let output = cursor.output else { return }
                classes.add(output)
                var stored = 0
                for chunk in cursor.chunks where chunk.isFirst {
                    chunkCount += 1
                    stored += chunk.record.storedBytes
                }
                storedBytes.append(stored)
            } action: { row in
                classes.add(row)
            } number: { use in
                manifests[use.number] = use.record.id
                if use.isFirst {
                    chunkCount += 1
                    moduleChunks[use.number] = use.record.storedBytes
                }
                return use.number
            }
            try classes.findRoles(index)
            isListed = BitArray(count: index.outputCount)
        }

        mutating func countActions(_ index: IndexReader, outputID: ((OutputNumber) throws -> ObjectID)?)
            throws
        {
            let actions = try ActionCursor(index)
            var last: ObjectID?
            while let row = try actions.next() {
                if let outputID, row.id != last {
                    listing?.action(row.id, output: try outputID(row.output))
                    isListed[row.output.index] = true
                    last = row.id
                }
                let entryClass = classes.note(row, &set.sourceSets)
                sheet.add(
                    .action,
                    entryClass,
                    sources: row.sources,
                    contentBytes: ActionEntry.byteCount,
                    storedBytes: ActionEntry.storedBytes
                )
                if classes.contentClass(of: row.output) == .cgo { cgoSets.insert(row.sources) }
            }
        }

        mutating func countOutputs(_ index: IndexReader) throws {
            let outputs = try OutputRowCursor(index)
            for position in storedBytes.indices {
                guard let output = try outputs.next() else { break }
                let number = OutputNumber(position)
                if isListed[position] {
                    listing?.output(output.id, size: output.size, executable: output.executable)
                }
                sheet.add(
                    .output,
                    classes.entryClass(of: number),
                    sources: classes.sources(of: number),
                    contentBytes: output.size,
                    storedBytes: storedBytes[position]
                )
            }
        }

        mutating func countModules() {
            func stored(_ chunks: ChunkList) -> Int {
                chunks.numbers.reduce(0) { $0 + (moduleChunks.removeValue(forKey: $1) ?? 0) }
            }
            for tree in set.trees {
                sheet.add(
                    .tree,
                    sources: tree.sources,
                    files: tree.files,
                    contentBytes: tree.size,
                    storedBytes: stored(tree.manifest) + stored(tree.chunks)
                )
            }
            for download in set.downloads {
                let (kind, sources) = (download.kind.memberKind, download.sources)
                switch download.content {
                case .bytes(let bytes):
                    sheet.add(
                        kind,
                        sources: sources,
                        contentBytes: bytes.count,
                        storedBytes: bytes.count
                    )
                case .derived:
                    sheet.add(kind, sources: sources, files: 0, contentBytes: 0, storedBytes: 0)
                case .stored(_, let size, let chunks):
                    sheet.add(
                        kind,
                        sources: sources,
                        contentBytes: size,
                        storedBytes: stored(chunks)
                    )
                }
            }
            for file in set.checksumFiles {
                sheet.add(
                    .checksum,
                    sources: file.sources,
                    contentBytes: file.bytes.count,
                    storedBytes: file.bytes.count
                )
            }
            let manifests = manifests
            // The ID of each manifest was noted when the manifest's chunk was read.
            listing?.modules(of: set) { manifests[$0] ?? ContentHasher().finish() }
        }
    }
}
