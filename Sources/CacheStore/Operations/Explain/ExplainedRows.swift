/// The outputs of an index that a report sums up, row by row, with the tables that they are added to.
struct ExplainedRows {
    /// A compiled package that is to be asked for its name.
    private struct Package {
        var contentBytes: Int
        var storedBytes: Int
        var sources: SourceSetNumber
    }

    /// The number of packages that are read at a time.
    private static let packagesAtOnce = 1 << 12

    private let index: ExplainedIndex
    private let cursor: OutputCursor
    private let numbers: [ObjectID: ChunkNumber]
    private var tables: ExplanationTables

    /// The packages whose names were asked for last.
    private var packages: [Package] = []

    private init(_ index: ExplainedIndex, _ reader: IndexReader) throws {
        self.index = index
        cursor = try OutputCursor(reader)
        numbers = index.chunkNumbers
        tables = ExplanationTables(index)
    }

    /// Returns the tables of an index.
    ///
    /// - Parameters:
    ///   - index: The index.
    ///   - jobs: The number of threads, or `nil` for one per processor.
    ///   - counters: The counters to add to.
    ///   - isWanted: Returns whether a member of GOMODCACHE is added, given its kind and its position among
    ///     the members of that kind.
    /// - Returns: The tables.
    /// - Throws: The errors of ``PackageNames``.
    static func tables(
        of index: ExplainedIndex,
        jobs: Int?,
        _ counters: ProgressCounters,
        _ isWanted: @escaping @Sendable (Member.Kind, Int) -> Bool = { _, _ in true }
    ) async throws -> ExplanationTables {
        let (rows, work) = try await WorkerThreads.perform {
            let reader = try index.archive.index(isChecked: true)
            let work = try index.packages(reader)
            return (Monitor(try ExplainedRows(index, reader)), work)
        }
        counters.begin("reading packages", bytes: work.bytes, items: work.count)
        var names: [CompiledPackage?] = []
        while true {
            let streams = try await WorkerThreads.perform { [names] in
                try rows.withLock { rows in try rows.next(after: names) }
            }
            if streams.isEmpty { break }
            names = try await PackageNames.read(streams, in: index.archive, jobs: jobs, counters)
        }
        return try await WorkerThreads.perform { rows.withLock { $0.finish(isWanted) } }
    }

    /// Adds outputs to the tables up to some packages.
    ///
    /// - Parameter names: The names of the packages that this function returned last.
    /// - Returns: The next packages; none after the last output.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    private mutating func next(after names: [CompiledPackage?]) throws -> [PackageNames.Stream] {
        for (package, name) in zip(packages, names) {
            tables.add(
                name,
                contentBytes: package.contentBytes,
                storedBytes: package.storedBytes,
                sources: package.sources
            )
        }
        packages.removeAll(keepingCapacity: true)
        var streams: [PackageNames.Stream] = []
        while streams.count < Self.packagesAtOnce, try cursor.next(), let output = cursor.output {
            let number = cursor.number
            guard index.isWanted[number.index] else { continue }
            let (stored, sources) = (storedBytes(of: number), index.sources(of: number))
            tables.count(
                .output,
                index.entryClass(of: number),
                sources: sources,
                contentBytes: output.size,
                storedBytes: stored
            )
            guard index.isPackage[number.index] else { continue }
            packages.append(Package(contentBytes: output.size, storedBytes: stored, sources: sources))
            let chunks = cursor.chunks.map(\.record)
            streams.append(PackageNames.Stream(id: output.id, size: output.size, chunks: chunks))
        }
        return streams
    }

    /// Returns the length, in bytes, of the frames of the output that was read last, without those that were
    /// counted before.
    private mutating func storedBytes(of output: OutputNumber) -> Int {
        var bytes = 0
        for chunk in cursor.chunks {
            if let number = numbers[chunk.record.id] {
                bytes += tables.uses.storedBytes(of: number)
            } else if !index.isKnown[output.index] {
                // No other member uses the chunk.
                bytes += chunk.record.storedBytes
            }
        }
        return bytes
    }

    private mutating func finish(_ isWanted: (Member.Kind, Int) -> Bool) -> ExplanationTables {
        tables.gather(isWanted)
        return tables
    }
}
