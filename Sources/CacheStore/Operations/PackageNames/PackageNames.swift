/// The names that the compiled packages among some outputs state of themselves.
///
/// Entries of GOCACHE carry no names, so the packages are decoded, each as far as it needs to be to state its own.
struct PackageNames: Sendable {
    private let packages: [OutputNumber: CompiledPackage]

    /// Reads names.
    ///
    /// - Parameters:
    ///   - set: The members.
    ///   - outputs: The outputs to look at; those that are no compiled packages have no names.
    ///   - archive: The archive of the members.
    ///   - jobs: The number of threads, or `nil` for one per processor.
    ///   - counters: The counters to add to.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or `CancellationError`.
    /// - Complexity: O(*n*) in the bytes of the packages, less the parts that need not be read; memory for a chunk
    ///   and its frame per thread.
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
        let found = Gathered<[OutputNumber: CompiledPackage]>([:])
        try await WorkerThreads.forEach(
            below: candidates.count,
            threads: WorkerThreads.count(for: jobs),
            state: { try ChunkReader(archive) }
        ) { reader, index, cancellation in
            let output = set.outputs[candidates[index]]
            let chunks = output.chunks.numbers.map { set.chunks[$0] }
            let package = try CompiledPackage.read(size: output.size) { range in
                try cancellation.check()
                var bytes: [UInt8] = []
                bytes.reserveCapacity(range.count)
                try reader.read(range, of: chunks) { bytes += $0 }
                return bytes
            }
            if let package { found.update { $0[candidates[index]] = package } }
            counters.add(bytes: output.size)
        }
        packages = found.value
    }

    /// Takes names that are known.
    init(_ packages: [OutputNumber: CompiledPackage]) { self.packages = packages }

    /// The package that an output is, if it states its name.
    subscript(output: OutputNumber) -> CompiledPackage? { packages[output] }
}
