/// What is told of an archive after going through its index, without holding it.
struct IndexSummary: Sendable {
    /// The digest of the members; where it was not asked for, as the index states it.
    private(set) var digest: ObjectID

    /// The digest as the index states it.
    let statedDigest: ObjectID

    /// Whether the index states the digest of the members.
    var isDigestRight: Bool { digest == statedDigest }

    /// The figures, but for the length of the file.
    private(set) var totals: ArchiveTotals

    /// The sources as they are compared with others: ``MemberSet/comparableSources()``.
    private(set) var comparableSources: [Source]

    /// Goes through an index.
    ///
    /// - Parameters:
    ///   - index: The index.
    ///   - outputID: Gives the ID of the output with a number, from 0; `nil` if the digest is not asked for.
    /// - Throws: What `outputID` throws, or ``CacheStoreError`` with code
    ///   ``CacheStoreError/Code/corruptArchive`` or ``CacheStoreError/Code/unsafePath``.
    init(of index: IndexReader, outputID: ((Int) throws -> ObjectID)?) throws {
        var pass = Pass(index, isListing: outputID != nil)
        try pass.readAll(index)
        try pass.findPackages(index)
        try pass.countActions(index, outputID: outputID)
        try pass.countOutputs(index)
        pass.countModules()
        digest = pass.listing?.finish() ?? index.digest
        statedDigest = index.digest
        totals = pass.sheet.totals(
            for: pass.set,
            chunks: pass.chunkCount,
            frameBytes: index.framesSize,
            fileBytes: 0
        )
        comparableSources = pass.set.comparableSources(holdersOfCgo: pass.cgoSets)
    }

    /// What is kept of each output: 9 bytes.
    private struct Pass {
        var set = MemberSet()
        var listing: ListingDigest?
        var sheet = TallySheet()
        var chunkCount = 0
        var cgoSets: Set<Int32> = []

        private var roles: EntryRoles
        private var classes = ClassNumbers()
        /// The classes of outputs by their content.
        private var contents: [UInt16] = []
        private var isEmpty = BitArray()
        /// The classes of the first action entries that refer to them.
        private var firstClasses: [UInt16] = []
        private var sources: [Int32] = []
        private var isListed = BitArray()
        /// The chunks that trees and zips are the first to use.
        private var moduleChunks: [UInt32: Int] = [:]
        private var manifests: [UInt32: ObjectID] = [:]

        init(_ index: IndexReader, isListing: Bool) {
            listing = isListing ? ListingDigest() : nil
            roles = EntryRoles(count: index.outputCount * 3 / 2)
        }

        mutating func readAll(_ index: IndexReader) throws {
            set = try index.scan { cursor in
                guard let output = cursor.output else { return }
                contents.append(classes.number(of: output.contentClass))
                isEmpty.append(output.size == 0)
                for chunk in cursor.chunks where chunk.isFirst { chunkCount += 1 }
            } action: { row in
                roles.insert(row.id)
            } number: { use in
                manifests[use.number] = use.record.id
                if use.isFirst {
                    chunkCount += 1
                    moduleChunks[use.number] = use.record.stored
                }
                return use.number
            }
            firstClasses = [UInt16](repeating: .max, count: contents.count)
            sources = [Int32](repeating: -1, count: contents.count)
            isListed = BitArray(count: contents.count)
        }

        mutating func findPackages(_ index: IndexReader) throws {
            let packages = [EntryClass.package, .main].map { classes.number(of: $0) }
            let actions = try ActionCursor(index)
            while let row = try actions.next() {
                guard packages.contains(contents[row.output]) else { continue }
                roles.insertPackage(row.id)
            }
            roles.seal()
        }

        mutating func countActions(_ index: IndexReader, outputID: ((Int) throws -> ObjectID)?) throws {
            let cgo = classes.number(of: .cgo)
            let actions = try ActionCursor(index)
            var last: ObjectID?
            while let row = try actions.next() {
                if let outputID, row.id != last {
                    listing?.action(row.id, output: try outputID(row.output))
                    isListed[row.output] = true
                    last = row.id
                }
                let entryClass = roles.entryClass(
                    of: row.id,
                    output: classes[contents[row.output]],
                    isEmpty: isEmpty[row.output]
                )
                // The index holds its ID and two numbers.
                sheet.add(.action, entryClass, sources: row.sources, size: ActionEntry.byteCount, stored: 36)
                if firstClasses[row.output] == .max {
                    firstClasses[row.output] = classes.number(of: entryClass)
                }
                let others = sources[row.output]
                sources[row.output] = others < 0 ? row.sources : set.sourceSets.union(others, row.sources)
                if contents[row.output] == cgo { cgoSets.insert(row.sources) }
            }
        }

        mutating func countOutputs(_ index: IndexReader) throws {
            let outputs = try OutputCursor(index)
            while try outputs.next() {
                guard let output = outputs.output else { continue }
                let number = outputs.count - 1
                if isListed[number] { listing?.output(output) }
                sheet.add(
                    .output,
                    classes[firstClasses[number]],
                    sources: sources[number],
                    size: output.size,
                    stored: outputs.chunks.reduce(0) { $0 + ($1.isFirst ? $1.record.stored : 0) }
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
                    size: tree.size,
                    stored: stored(.one(tree.manifest)) + stored(tree.chunks)
                )
            }
            for download in set.downloads {
                let (kind, sources) = (download.kind.memberKind, download.sources)
                switch download.content {
                case .bytes(let bytes):
                    sheet.add(kind, sources: sources, size: bytes.count, stored: bytes.count)
                case .derived: sheet.add(kind, sources: sources, files: 0, size: 0, stored: 0)
                case .stored(_, let size, let chunks):
                    sheet.add(kind, sources: sources, size: size, stored: stored(chunks))
                }
            }
            for file in set.checksumFiles {
                sheet.add(.checksum, sources: file.sources, size: file.bytes.count, stored: file.bytes.count)
            }
            let manifests = manifests
            // Each manifest was shown as it was read.
            listing?.modules(of: set) { manifests[$0] ?? ContentHasher().finish() }
        }
    }
}
