/// Finds out in what two archives differ.
///
/// A member is a key and its value; which sources hold it makes no difference. Of the compiled packages only those
/// that one archive alone has are decoded, as far as each needs to be to say what it is.
public struct Comparer: Sendable {
    /// The number of threads, or `nil` for one a processor; it changes nothing but the time.
    public var jobs: Int?

    /// Creates a comparer.
    public init(jobs: Int? = nil) { self.jobs = jobs }

    /// Compares two archives.
    ///
    /// - Parameters:
    ///   - first: An archive: what it alone has is removed.
    ///   - second: Another: what it alone has is added.
    ///   - progress: Is told how far the work has come.
    /// - Returns: In what they differ.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or `CancellationError`.
    /// - Complexity: O(*n* log *n*) in the members, and O(*n*) in the bytes of the compiled packages that differ,
    ///   less what they need not be read for; memory for both indexes.
    public func run(
        _ first: Archive,
        _ second: Archive,
        progress: ProgressHandler? = nil
    ) async throws -> Comparison {
        try await ProgressCounters.reporting(to: progress) { counters in
            counters.begin("reading indexes", bytes: 0, items: 2)
            let sets = try await WorkerThreads.perform {
                let sets = (try first.members().0, try second.members().0)
                return (MemberChanges(of: sets.0, from: sets.1), MemberChanges(of: sets.1, from: sets.0))
            }
            let removed = try await tables(sets.0, of: first, lacking: sets.1.set, counters)
            let added = try await tables(sets.1, of: second, lacking: sets.0.set, counters)
            return Comparison(removed, added, fileBytes: (first.fileBytes, second.fileBytes))
        }
    }

    private func tables(
        _ changes: MemberChanges,
        of archive: Archive,
        lacking other: MemberSet,
        _ counters: ProgressCounters
    ) async throws -> ExplanationTables {
        let outputs = changes.set.outputs.indices.filter { changes.contains(.output, at: $0) }
        let names = try await Explainer.names(of: changes.set, outputs, in: archive, jobs: jobs, counters)
        return try await WorkerThreads.perform {
            var tables = ExplanationTables(changes.set, names, other: other)
            tables.gather { changes.contains($0, at: $1) }
            return tables
        }
    }
}

/// Which members of one set another has not, or has with another value.
struct MemberChanges: Sendable {
    /// The set.
    let set: MemberSet

    private var isShared: [Member.Kind: [Bool]]

    /// Compares a set with another.
    init(of set: MemberSet, from other: MemberSet) {
        self.set = set
        func flags(_ count: Int, _ positions: [Int]) -> [Bool] {
            var result = [Bool](repeating: false, count: count)
            for position in positions { result[position] = true }
            return result
        }
        let actions = MemberSet.common(set.actions, other.actions) { $0.key < $1.key }
        let outputs = MemberSet.common(set.outputs, other.outputs) { $0.id < $1.id }
            .filter { set.outputs[$0].executable == other.outputs[$1].executable }
        let trees = MemberSet.common(set.trees, other.trees) { $0.module < $1.module }
            .filter { first, second in
                let (one, another) = (set.trees[first], other.trees[second])
                return one.h1 == another.h1 && set.manifestID(of: one) == other.manifestID(of: another)
            }
        let downloads = MemberSet.common(set.downloads, other.downloads) {
            ($0.module, $0.kind) < ($1.module, $1.kind)
        }
        .filter { set.downloads[$0].content.hasValue(of: other.downloads[$1].content) }
        let files = MemberSet.common(set.checksumFiles, other.checksumFiles) { $0.path.precedes($1.path) }
            .filter { set.checksumFiles[$0].bytes == other.checksumFiles[$1].bytes }
        isShared = [
            .action: flags(set.actions.count, actions.map(\.first)),
            .output: flags(set.outputs.count, outputs.map(\.first)),
            .tree: flags(set.trees.count, trees.map(\.first)),
            .checksum: flags(set.checksumFiles.count, files.map(\.first)),
        ]
        let shared = flags(set.downloads.count, downloads.map(\.first))
        for (index, download) in set.downloads.enumerated() {
            isShared[download.kind.memberKind, default: []].append(shared[index])
        }
    }

    /// Whether the other set lacks a member.
    ///
    /// - Parameters:
    ///   - kind: Its kind.
    ///   - index: Its position among those of its kind.
    /// - Returns: Whether it does.
    func contains(_ kind: Member.Kind, at index: Int) -> Bool { isShared[kind].map { !$0[index] } ?? true }
}

extension MemberSet.Download.Content {
    /// Whether another content restores the same; chunks are numbered otherwise in another set.
    fileprivate func hasValue(of other: Self) -> Bool {
        switch (self, other) {
        case (.bytes(let one), .bytes(let other)): one == other
        case (.stored(let one, _, _), .stored(let other, _, _)): one == other
        case (.derived, .derived): true
        default: false
        }
    }
}
