/// The names that the compiled packages among some outputs state of themselves.
///
/// Entries of GOCACHE carry no names. So each package is decoded as far as needed to reach the name that it
/// states. The stored bytes of what is decoded are checked; the SHA-256 of the content is not, since no
/// content is written.
struct PackageNames: Sendable {
    private let packages: [OutputNumber: CompiledPackage]

    /// Reads the names of packages.
    ///
    /// - Parameters:
    ///   - set: The members.
    ///   - outputs: The outputs to look at; an output that is not a compiled package has no name.
    ///   - archive: The archive of the members.
    ///   - jobs: The number of threads, or `nil` for one per processor.
    ///   - counters: The counters to add to.
    ///   - passOver: Called with each damaged output, on any thread, so that the work goes on; without it,
    ///     damage is an error.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, which names the
    ///   output, or `CancellationError`.
    /// - Complexity: O(*n*) in the stored bytes of the packages, and in the bytes of the packages before the
    ///   end of their symbols; memory for one chunk, its window, and its frame per thread.
    init(
        of set: MemberSet,
        _ outputs: [OutputNumber],
        in archive: Archive,
        jobs: Int?,
        _ counters: ProgressCounters,
        passOver: (@Sendable (OutputNumber, CacheStoreError) -> Void)? = nil
    ) async throws {
        let candidates = outputs.filter { [.package, .main].contains(set.outputs[$0].contentClass) }
        counters.begin(
            "reading packages",
            bytes: candidates.reduce(0) { $0 + set.outputs[$1].size },
            items: candidates.count
        )
        // The names stand at the beginnings.
        archive.prepare { candidates.compactMap { set.outputs[$0].chunks.first.map { set.chunks[$0] } } }
        let found = Gathered<[OutputNumber: CompiledPackage]>([:])
        try await WorkerThreads.forEach(
            below: candidates.count,
            threads: WorkerThreads.count(for: jobs),
            state: { try ChunkPrefixReader(archive) }
        ) { reader, index, cancellation in
            let output = set.outputs[candidates[index]]
            let chunks = output.chunks.numbers.map { set.chunks[$0] }
            let stream = Stream(id: output.id, size: output.size, chunks: chunks)
            var package: CompiledPackage?
            do {
                package = try Self.read(stream, &reader, cancellation)
            } catch let error as CacheStoreError where error.code == .corruptArchive {
                guard let passOver else { throw error }
                passOver(candidates[index], error)
            }
            if let package { found.update { $0[candidates[index]] = package } }
            counters.add(bytes: output.size)
        }
        packages = found.value
    }

    /// A compiled package in an archive.
    struct Stream: Sendable {
        /// The ID of the output.
        var id: ObjectID
        /// The length of the output, in bytes.
        var size: Int
        var chunks: [ChunkRecord]
    }

    /// Reads the names of packages.
    ///
    /// - Parameters:
    ///   - packages: The packages.
    ///   - archive: The archive that holds them.
    ///   - jobs: The number of threads, or `nil` for one per processor.
    ///   - counters: The counters to add to.
    /// - Returns: The description of each package, or `nil` for one that does not state its name.
    /// - Throws: The errors of the initializer.
    static func read(
        _ packages: [Stream],
        in archive: Archive,
        jobs: Int?,
        _ counters: ProgressCounters
    ) async throws -> [CompiledPackage?] {
        let found = Gathered<[CompiledPackage?]>(packages.map { _ in nil })
        try await WorkerThreads.forEach(
            below: packages.count,
            threads: WorkerThreads.count(for: jobs),
            state: { try ChunkPrefixReader(archive) }
        ) { reader, index, cancellation in
            if let package = try read(packages[index], &reader, cancellation) {
                found.update { $0[index] = package }
            }
            counters.add(bytes: packages[index].size)
        }
        return found.value
    }

    private static func read(
        _ package: Stream,
        _ reader: inout ChunkPrefixReader,
        _ cancellation: WorkerThreads.Cancellation
    ) throws -> CompiledPackage? {
        try CompiledPackage.read(size: package.size) { range in
            try cancellation.check()
            return try CacheStoreError.naming("output \(package.id)") {
                try reader.read(range, of: package.chunks)
            }
        }
    }

    /// Creates the value from names that are known already.
    init(_ packages: [OutputNumber: CompiledPackage]) { self.packages = packages }

    /// The compiled package in an output, if the package states its name.
    subscript(output: OutputNumber) -> CompiledPackage? { packages[output] }
}
