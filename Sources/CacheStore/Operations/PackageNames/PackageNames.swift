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
    /// - Throws: The errors of ``read(_:in:jobs:_:passOver:)``.
    /// - Complexity: That of ``read(_:in:jobs:_:passOver:)``.
    init(
        of set: MemberSet,
        _ outputs: [OutputNumber],
        in archive: Archive,
        jobs: Int?,
        _ counters: ProgressCounters
    ) async throws {
        let candidates = outputs.filter { [.package, .main].contains(set.outputs[$0].contentClass) }
        counters.begin(
            "reading packages",
            bytes: candidates.reduce(0) { $0 + set.outputs[$1].size },
            items: candidates.count
        )
        let streams = candidates.map { number in
            let output = set.outputs[number]
            return Stream(
                id: output.id,
                size: output.size,
                chunks: output.chunks.numbers.map { set.chunks[$0] }
            )
        }
        // The names stand at the beginnings.
        archive.prepare { streams.compactMap(\.chunks.first) }
        let names = try await Self.read(streams, in: archive, jobs: jobs, counters)
        packages = Dictionary(zip(candidates, names)) { first, _ in first }.compactMapValues(\.self)
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
    ///   - passOver: Called with the position of each damaged package, on any thread, so that the work goes
    ///     on; without it, damage is an error.
    /// - Returns: The description of each package, or `nil` for one that does not state its name.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, which names the
    ///   output, or `CancellationError`.
    /// - Complexity: O(*n*) in the stored bytes of the packages, and in the bytes of the packages before the
    ///   end of their symbols; memory for one chunk, its window, and its frame per thread.
    static func read(
        _ packages: [Stream],
        in archive: Archive,
        jobs: Int?,
        _ counters: ProgressCounters,
        passOver: (@Sendable (Int, CacheStoreError) -> Void)? = nil
    ) async throws -> [CompiledPackage?] {
        let found = Gathered<[CompiledPackage?]>(packages.map { _ in nil })
        try await WorkerThreads.forEach(
            below: packages.count,
            threads: WorkerThreads.count(for: jobs),
            state: { try ChunkPrefixReader(archive) }
        ) { reader, index, cancellation in
            do {
                if let package = try read(packages[index], &reader, cancellation) {
                    found.update { $0[index] = package }
                }
            } catch let error as CacheStoreError where error.code == .corruptArchive {
                guard let passOver else { throw error }
                passOver(index, error)
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
