/// The names of the compiled packages among outputs.
///
/// All names are in memory, some 200 bytes per package; nothing else of the archives is.
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
    /// - Throws: The errors of ``CheckedIndex`` and ``PackageNames``, for a package that no archive has a
    ///   sound copy of.
    /// - Complexity: That of ``PackageNames``; memory for the names, for the members of GOMODCACHE of one
    ///   archive at a time, and for the IDs of the packages of several archives.
    init(
        in archives: [Archive],
        toleratesDamage: Bool = false,
        jobs: Int?,
        _ counters: ProgressCounters
    ) async throws {
        let rows = Monitor(Rows(ofSeveral: archives.count > 1))
        for archive in archives {
            let work = try await WorkerThreads.perform { try rows.withLock { try $0.begin(archive) } }
            counters.begin("reading packages", bytes: work.bytes, items: work.count)
            var names: [CompiledPackage?] = []
            var faults: [Int: CacheStoreError] = [:]
            while true {
                let streams = try await WorkerThreads.perform { [names, faults] in
                    try rows.withLock { try $0.next(after: names, faults) }
                }
                if streams.isEmpty { break }
                // The names stand at the beginnings.
                archive.prepare { streams.compactMap(\.chunks.first) }
                let found = Gathered<[Int: CacheStoreError]>([:])
                names = try await PackageNames.read(streams, in: archive, jobs: jobs, counters) {
                    index,
                    error in
                    found.update { $0[index] = error }
                }
                faults = found.value
            }
        }
        let (found, damaged) = rows.withLock { ($0.found, $0.damaged) }
        if !toleratesDamage, let first = damaged.min(by: { $0.key < $1.key }) { throw first.value }
        packages = found
    }

    /// Creates the value from names that are known already.
    init(_ packages: [ObjectID: CompiledPackage]) { self.packages = packages }

    /// The compiled package in an output, if the package states its name.
    subscript(output: ObjectID) -> CompiledPackage? { packages[output] }

    /// The packages of one archive after another, which are asked for their names some at a time.
    private struct Rows {
        /// The number of packages that are read at a time.
        private static let packagesAtOnce = 1 << 12

        /// The packages that state a name, by their outputs.
        private(set) var found: [ObjectID: CompiledPackage] = [:]

        /// The packages that no archive so far has a sound copy of, each with the first error.
        private(set) var damaged: [ObjectID: CacheStoreError] = [:]

        /// The packages of all archives so far; none for a single archive, which has each once.
        private var seen: Set<ObjectID> = []
        private let areSeveral: Bool

        private var cursor: OutputCursor?

        /// The packages that were returned last.
        private var asked: [ObjectID] = []

        init(ofSeveral areSeveral: Bool) { self.areSeveral = areSeveral }

        private func isWanted(_ output: MemberSet.Output) -> Bool {
            [.package, .main].contains(output.contentClass)
                && (!seen.contains(output.id) || damaged[output.id] != nil)
        }

        /// Checks the index of an archive, and begins with its first package.
        ///
        /// - Returns: The number of packages that are to be read, and their length, in bytes.
        mutating func begin(_ archive: Archive) throws -> (count: Int, bytes: Int) {
            var work = (count: 0, bytes: 0)
            let index = try CheckedIndex(of: archive, try archive.index()) { cursor in
                guard let output = cursor.output, isWanted(output) else { return }
                work.count += 1
                work.bytes += output.size
            }
            cursor = try OutputCursor(index.reader)
            asked = []
            return work
        }

        /// Notes the names of the packages that this function returned last, and returns the next packages.
        ///
        /// - Parameters:
        ///   - names: The names.
        ///   - faults: The errors of packages that are damaged, by their positions.
        /// - Returns: The packages; none after the last.
        /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
        mutating func next(
            after names: [CompiledPackage?],
            _ faults: [Int: CacheStoreError]
        ) throws -> [PackageNames.Stream] {
            for (index, (id, name)) in zip(asked, names).enumerated() {
                damaged[id] = faults[index].map { damaged[id] ?? $0 }
                if let name { found[id] = name }
            }
            asked.removeAll(keepingCapacity: true)
            var streams: [PackageNames.Stream] = []
            while streams.count < Self.packagesAtOnce, let cursor, try cursor.next() {
                guard let output = cursor.output, isWanted(output) else { continue }
                if areSeveral { seen.insert(output.id) }
                asked.append(output.id)
                let chunks = cursor.chunks.map(\.record)
                streams.append(PackageNames.Stream(id: output.id, size: output.size, chunks: chunks))
            }
            return streams
        }
    }
}
