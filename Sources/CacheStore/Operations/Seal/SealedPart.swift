import Glibc
import SystemPackage

/// The entries and faults that were found in a part of a GOCACHE.
struct SealedPart: Sendable {
    let options: Seal.Options
    private let indexes: CheckoutIndexes?
    private var entries = 0
    /// The files of module trees, and the programs, with names that image layers take for removals.
    private var (files, programs): ([FilePath], [FilePath]) = ([], [])
    private var faults: [Seal.Report.Fault.Kind: Seal.Report.Fault] = [:]

    /// Begins a part.
    ///
    /// - Parameters:
    ///   - options: The options of the seal.
    ///   - indexes: The judge of the index entries that are left as they are; `nil` where there are none.
    init(options: Seal.Options, apartFrom indexes: CheckoutIndexes? = nil) {
        self.options = options
        self.indexes = indexes
    }

    static func report(_ parts: [SealedPart]) -> Seal.Report {
        var report = Seal.Report()
        var faults: [Seal.Report.Fault.Kind: Seal.Report.Fault] = [:]
        report.warnings = warnings(parts.flatMap(\.files), parts.flatMap(\.programs))
        for part in parts {
            report.entries += part.entries
            faults.merge(part.faults) { one, other in
                var sum = one
                sum.count += other.count
                if other.first.string.precedes(one.first.string) { sum.first = other.first }
                return sum
            }
        }
        report.faults = Seal.Report.Fault.Kind.all.compactMap { faults[$0] }
        return report
    }

    /// Returns the warnings about names that image layers take for removals.
    private static func warnings(_ files: [FilePath], _ programs: [FilePath]) -> [Warning] {
        func warning(_ paths: [FilePath], _ nouns: (one: String, many: String), _ loss: String) -> Warning? {
            guard let first = paths.min(by: { $0.string.precedes($1.string) }) else { return nil }
            let subject =
                paths.count == 1
                ? "the name of the \(nouns.one) `\(first)` begins"
                : "the names of \(paths.count) \(nouns.many) (the first: `\(first)`) begin"
            let cause = "\(subject) with `.wh.`"
            let consequence = "the layer of an image takes such a name for the removal of another file"
            return Warning(
                code: .whiteoutName,
                message: "\(cause): \(consequence) and loses both, so \(loss)",
                remedy: .restoreZips
            )
        }
        let lost = "builds with the module fail or take the wrong files"
        return [
            warning(files, ("file of a module", "files of modules"), lost),
            warning(programs, ("program", "programs"), "`go run` and `go tool` fail"),
        ]
        .compactMap(\.self)
    }

    private mutating func note(_ kind: Seal.Report.Fault.Kind, _ path: FilePath) {
        faults[kind, default: Seal.Report.Fault(kind: kind, count: 0, first: path)].count += 1
    }

    // MARK: - The top

    /// Checks that `path` is a GOCACHE, and checks or mends its `trim.txt`.
    static func top(of path: FilePath, _ options: Seal.Options) throws -> SealedPart {
        var part = SealedPart(options: options)
        let root = try Directory(opening: path)
        let names = try root.names().valid
        guard names.isEmpty || names.contains(where: BuildCacheLayout.isSubdirectory) else {
            throw CacheStoreError(
                .badArgument,
                "this is no GOCACHE: it has none of the directories `00` to `ff`",
                path: path,
                remedy: .nameBuildCache
            )
        }
        var modes = BuildCacheModes(options.profile, options.isDryRun ? .report : .mend)
        try modes.look(at: root)
        for path in modes.directories { part.note(.directoryMode, path) }
        for path in modes.files { part.note(.mode, path) }
        if try !TrimFile.isRight(in: root, options.profile) {
            part.note(.trimFile, root.path(of: TrimFile.name))
            if !options.isDryRun { try TrimFile.write(in: root, options.profile) }
        }
        return part
    }

    // MARK: - GOMODCACHE

    /// Checks or mends the modes of the GOMODCACHE that the options name, if there is one.
    static func modules(
        apartFrom buildCache: FilePath,
        _ options: Seal.Options,
        _ cancellation: WorkerThreads.Cancellation
    ) throws -> SealedPart {
        var part = SealedPart(options: options)
        guard let path = options.moduleCache else { return part }
        let root = try Directory(opening: path)
        let treatment: ModeRepair.Treatment = options.isDryRun ? .report : .mend
        var modes = try ModuleCacheModes(options.profile, apartFrom: buildCache, treatment, entersTrees: true)
        try modes.look(at: root) { try cancellation.check() }
        for fault in modes.faults {
            switch fault.kind {
            case .directory: part.note(.moduleDirectoryMode, fault.path)
            case .file: part.note(.moduleFileMode, fault.path)
            case .tree: part.note(.mode, fault.path)
            }
        }
        part.files = modes.whiteouts
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
            try visit(name, in: directory, of: root)
        }
    }

    private mutating func visit(
        _ name: String,
        in directory: borrowing Directory,
        of root: borrowing Directory
    ) throws {
        guard let status = try directory.status(of: name) else { return }
        entries += 1
        switch status.kind {
        case .regular:
            let isSealed = status.modified >= min(options.time, BuildCacheLayout.earliestSealTime)
            if !isSealed, name.hasSuffix("-a"),
                try indexes?.contains(name, in: directory, of: root) ?? false
            {
                return try mendMode(name, status, mode: 0o444, in: directory)
            }
            try mend(name, status, mode: 0o444, in: directory)
        case .directory:
            if let inner = try directory.directory(name) {
                for file in try inner.names().valid {
                    guard let found = try inner.status(of: file), found.kind == .regular else { continue }
                    if PathRules.isWhiteout(file) { programs.append(inner.path(of: file)) }
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
        // A file system that can't hold such a time stores its own latest time.
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
        let right = options.profile.mode(status.mode, with: mode)
        guard right != status.mode else { return }
        note(.mode, directory.path(of: name))
        if !options.isDryRun { try directory.setMode(of: name, right) }
    }
}
