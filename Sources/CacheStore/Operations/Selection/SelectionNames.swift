/// The names of the compiled packages of several archives.
struct SelectionNames: Sendable {
    private let packages: [ObjectID: CompiledPackage]

    /// Reads the names of all packages that are outputs of archives, each once.
    ///
    /// - Parameters:
    ///   - archives: The archives.
    ///   - toleratesDamage: Whether a package that no archive has a sound copy of counts as one without a
    ///     name, instead of being an error.
    ///   - jobs: The number of threads, or `nil` for one per processor.
    ///   - counters: The counters to add to.
    /// - Throws: The errors of ``PackageNames``, for a package that no archive has a sound copy of.
    /// - Complexity: That of ``PackageNames``; memory for the index of one archive at a time.
    init(
        in archives: [Archive],
        toleratesDamage: Bool = false,
        jobs: Int?,
        _ counters: ProgressCounters
    ) async throws {
        var found: [ObjectID: CompiledPackage] = [:]
        var seen: Set<ObjectID> = []
        var damaged: [ObjectID: CacheStoreError] = [:]
        for archive in archives {
            let set = try await WorkerThreads.perform { try archive.members().set }
            let outputs = set.outputs.indices
                .filter { seen.insert(set.outputs[$0].id).inserted || damaged[set.outputs[$0].id] != nil }
                .map { OutputNumber($0) }
            let faults = Gathered<[OutputNumber: CacheStoreError]>([:])
            let names = try await PackageNames(of: set, outputs, in: archive, jobs: jobs, counters) {
                output,
                error in
                faults.update { $0[output] = error }
            }
            for output in outputs {
                let id = set.outputs[output].id
                damaged[id] = faults.value[output].map { damaged[id] ?? $0 }
                if let name = names[output] { found[id] = name }
            }
        }
        if !toleratesDamage, let first = damaged.min(by: { $0.key < $1.key }) { throw first.value }
        packages = found
    }

    /// The compiled package in an output, if the package states its name.
    subscript(output: ObjectID) -> CompiledPackage? { packages[output] }
}
