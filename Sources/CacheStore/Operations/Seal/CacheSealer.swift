import Glibc
public import SystemPackage

/// Does to a GOCACHE that is in place what a restore does: so that Go neither trims it nor copies it up at hits,
/// and all users can use it.
///
/// An image runs it after its last `go` command, to seal what that one added, and with
/// ``SealOptions/isDryRun`` to see what a later step has undone.
public struct CacheSealer: Sendable {
    /// How to seal.
    public let options: SealOptions

    /// Creates a sealer.
    public init(options: SealOptions = SealOptions()) { self.options = options }

    /// Seals a cache, or tells what it lacks.
    ///
    /// - Parameters:
    ///   - path: GOCACHE.
    ///   - progress: Is told how far the work has come.
    /// - Returns: What was found, and mended.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` for what is no GOCACHE or for
    ///   ``CacheProfile/ci``, or as the system says; or `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n*) in the number of entries: an `fstatat(2)`, and where it is needed a `utimensat(2)`.
    public func run(_ path: FilePath, progress: ProgressHandler? = nil) async throws -> SealReport {
        guard options.profile.seals else {
            throw CacheStoreError(.badArgument, "the profile `\(options.profile.rawValue)` seals nothing")
        }
        return try await ProgressCounters.reporting(to: progress) { counters in
            counters.begin(options.isDryRun ? "checking" : "sealing", bytes: 0, items: 256)
            let options = options
            let parts = Gathered<[SealedPart]>([])
            let top = try await WorkerThreads.perform { try SealedPart.top(of: path, options) }
            try await WorkerThreads.forEach(
                below: 256,
                threads: WorkerThreads.count(for: options.jobs),
                state: { try Directory(opening: path) }
            ) { root, index, cancellation in
                var part = SealedPart(options: options)
                try part.visit(root, index, cancellation)
                let done = part
                parts.update { $0.append(done) }
                counters.add(bytes: 0)
            }
            return SealedPart.report(parts.value + [top])
        }
    }
}

/// What was found in a part of a GOCACHE.
private struct SealedPart: Sendable {
    let options: SealOptions
    private var entries = 0
    private var faults: [SealReport.Fault.Kind: SealReport.Fault] = [:]

    init(options: SealOptions) { self.options = options }

    static func report(_ parts: [SealedPart]) -> SealReport {
        var report = SealReport()
        var faults: [SealReport.Fault.Kind: SealReport.Fault] = [:]
        for part in parts {
            report.entries += part.entries
            faults.merge(part.faults) { one, other in
                var sum = one
                sum.count += other.count
                if other.first.string.precedes(one.first.string) { sum.first = other.first }
                return sum
            }
        }
        report.faults = SealReport.Fault.Kind.allCases.compactMap { faults[$0] }
        return report
    }

    private mutating func note(_ kind: SealReport.Fault.Kind, _ path: FilePath) {
        faults[kind, default: SealReport.Fault(kind: kind, count: 0, first: path)].count += 1
    }

    // MARK: - The top

    /// Checks that `path` is a GOCACHE, and its `trim.txt`.
    static func top(of path: FilePath, _ options: SealOptions) throws -> SealedPart {
        var part = SealedPart(options: options)
        let root = try Directory(opening: path)
        let names = try root.names().valid
        guard names.isEmpty || names.contains(where: BuildCacheLayout.isSubdirectory) else {
            throw CacheStoreError(
                .badArgument,
                "this is no GOCACHE: it has none of the directories `00` to `ff`",
                path: path,
                hint: "name the directory that `go env GOCACHE` prints"
            )
        }
        if try !TrimFile.isRight(in: root, options.profile) {
            part.note(.trimFile, root.path(of: TrimFile.name))
            if !options.isDryRun { try TrimFile.write(in: root, options.profile) }
        }
        return part
    }

    // MARK: - Entries

    mutating func visit(
        _ root: borrowing Directory,
        _ index: Int,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        let name = BuildCacheLayout.subdirectory(index)
        let mode = options.profile.directoryMode
        guard let status = try root.status(of: name) else {
            note(.missingDirectory, root.path(of: name))
            if !options.isDryRun { _ = try root.creatingDirectory(name, mode: mode) }
            return
        }
        if status.kind == .directory, status.mode & 0o777 != mode {
            note(.directoryMode, root.path(of: name))
            if !options.isDryRun { try root.setMode(of: name, mode) }
        }
        guard let directory = try root.directory(name) else { return }
        for name in try directory.names().valid where name.hasSuffix("-a") || name.hasSuffix("-d") {
            try cancellation.check()
            try visit(name, in: directory)
        }
    }

    private mutating func visit(_ name: String, in directory: borrowing Directory) throws {
        guard let status = try directory.status(of: name) else { return }
        entries += 1
        switch status.kind {
        case .regular: try mend(name, status, mode: 0o444, in: directory)
        case .directory:
            if let inner = try directory.directory(name) {
                for file in try inner.names().valid {
                    guard let found = try inner.status(of: file), found.kind == .regular else { continue }
                    try mendMode(file, found, mode: 0o555, in: inner)
                }
            }
            try mend(name, status, mode: 0o555, in: directory)
        case .symbolicLink, .other: note(.foreign, directory.path(of: name))
        }
    }

    private mutating func mend(
        _ name: String,
        _ status: FileStatus,
        mode: mode_t,
        in directory: borrowing Directory
    ) throws {
        try mendMode(name, status, mode: mode, in: directory)
        // A file system that can't hold such a time keeps its own latest one.
        if status.modified < min(options.time, BuildCacheLayout.earliestSealTime) {
            note(.time, directory.path(of: name))
            if !options.isDryRun { try directory.setTimes(of: name, options.time) }
        }
    }

    private mutating func mendMode(
        _ name: String,
        _ status: FileStatus,
        mode: mode_t,
        in directory: borrowing Directory
    ) throws {
        guard status.mode & mode != mode else { return }
        note(.mode, directory.path(of: name))
        if !options.isDryRun { try directory.setMode(of: name, status.mode | mode) }
    }
}
