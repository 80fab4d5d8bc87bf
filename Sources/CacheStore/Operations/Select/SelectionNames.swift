/// The names of the compiled packages of several archives.
struct SelectionNames: Sendable {
    private let packages: [ObjectID: CompiledPackage]

    /// Reads the names of all packages that are outputs of archives, each once.
    ///
    /// - Parameters:
    ///   - archives: The archives.
    ///   - jobs: The number of threads, or `nil` for one per processor.
    ///   - counters: The counters to add to.
    /// - Throws: The errors of ``PackageNames``: a package that is damaged in the first archive that holds it
    ///   is an error, even if another archive has a sound copy.
    /// - Complexity: That of ``PackageNames``; memory for the index of one archive at a time.
    init(in archives: [Archive], jobs: Int?, _ counters: ProgressCounters) async throws {
        var found: [ObjectID: CompiledPackage] = [:]
        var seen: Set<ObjectID> = []
        for archive in archives {
            let set = try await WorkerThreads.perform { try archive.members().set }
            let outputs = set.outputs.indices.filter { seen.insert(set.outputs[$0].id).inserted }
                .map { OutputNumber($0) }
            let names = try await PackageNames(of: set, outputs, in: archive, jobs: jobs, counters)
            for output in outputs { if let name = names[output] { found[set.outputs[output].id] = name } }
        }
        packages = found
    }

    /// The compiled package in an output, if the package states its name.
    subscript(output: ObjectID) -> CompiledPackage? { packages[output] }
}
