import SystemPackage

/// The entries found in GOCACHE: action entries whose outputs look right, and a list of everything left out.
///
/// A scan does not read the contents of outputs. Go writes an output before the entry that refers to it
/// (cmd/go/internal/cache/cache.go, `putIndexEntry`). Therefore the scan reads the entries first and looks
/// for the outputs afterwards, and its result is sound even if `go` is running.
struct BuildCacheScan: Sendable {
    /// The entries that a scan keeps.
    struct Selection: Sendable {
        /// The classes of entries that are dropped.
        var dropped: Set<EntryClass>

        /// The rule by which entries were used; others are not kept.
        var use = EntryUse.any

        /// The version of Go and GOROOT, as far as they are known.
        var environment = GoEnvironment()

        /// The paths of GOMODCACHE under which Go may have built.
        var moduleCaches: Set<FilePath> = []

        /// The directories that may be GOMODCACHE, whose modules tell whose indexes are among the entries.
        var moduleTrees: [FileTree] = []

        /// The modules whose trees are those of their hashes, so that their indexes are right.
        var soundModules: Set<ModuleKey> = []

        /// The entries whose outputs are not read, unless other entries refer to them; `nil` for none.
        var known: (any KnownEntries)?
    }

    /// An output that an action entry refers to.
    struct Output: Hashable, Sendable {
        var id: ObjectID
        var size: Int
        /// The name of the only file in the output, if the output is a directory.
        var executable: String?
        /// The class, judged by the content alone.
        var contentClass: EntryClass
        /// The line in which a compiled package states its origin; see ``PackageOrigin``.
        var origin: String?
        /// Whether the output is taken over by its name and length, and is not read.
        var isUnread = false

        /// The path of the file that holds the content, below GOCACHE.
        var file: String {
            BuildCacheLayout.name(ofOutput: id) + (executable.map { "/\($0)" } ?? "")
        }
    }

    /// The entries, ordered by action ID; each refers to an element of ``outputs``.
    var actions: [ActionEntry] = []

    /// The outputs, ordered by ID.
    var outputs: [Output] = []

    /// The entries that do not become members, in any order.
    var leftOut: [LeftOut] = []

    /// The sound entries that the selection dropped, by class.
    var dropped: [EntryClass: ArchiveTotals.Tally] = [:]

    /// The entries that a restore has sealed; their archive holds no index of a checkout.
    var sealed: Set<ObjectID> = []

    /// The lines in which compiled packages state their origins.
    private var origins: Set<String> = []

    /// The number of entries that count as used by ``Selection/use``, sound or not.
    var used = 0

    /// The number of entries that were dropped because of ``Selection/use``.
    var unused = 0

    /// The number of entries that were kept because their owners kept Go from marking them.
    var unmarkable = 0

    /// Whether there were indexes of packages among the entries that were kept.
    private(set) var hasIndexes = false

    /// Scans a GOCACHE.
    ///
    /// - Parameters:
    ///   - root: The directory.
    ///   - selection: The entries to keep.
    ///   - other: GOMODCACHE, whose place in the directory is not reported; `nil` if it does not matter.
    ///   - threads: The number of threads to use.
    /// - Returns: The entries found.
    /// - Throws: ``CacheStoreError`` if `root` itself can't be read, or `CancellationError`.
    static func run(
        _ root: FileTree,
        _ selection: Selection,
        apartFrom other: FileTree? = nil,
        threads: Int
    ) async throws -> BuildCacheScan {
        var whole = try await gather(root, threads) { (part, directory, index) throws(CacheStoreError) in
            try part.scanEntries(of: directory, index, selection)
        }
        try whole.scanTop(root, apartFrom: try OtherCache(other))
        whole.actions.sort { $0.action < $1.action }
        let wanted = Dictionary(grouping: Set(whole.actions.map(\.output))) { Int($0.firstByte) }
        let known = whole.lookUp(by: selection)
        let found = try await gather(root, threads) { (part, directory, index) throws(CacheStoreError) in
            try part.findOutputs(wanted[index] ?? [], of: directory, index, known)
        }
        whole.outputs = found.outputs.sorted { $0.id < $1.id }
        whole.leftOut += found.leftOut
        whole.matchOutputs(in: root)
        whole.hasIndexes = whole.outputs.contains { $0.contentClass == .index }
        let matched = whole
        return try await WorkerThreads.perform {
            var kept = matched
            try kept.leaveOutCheckoutIndexes(selection, in: root)
            kept.drop(selection.dropped)
            return kept
        }
    }

    /// Calls `look` for each of the 256 directories, several at a time, and merges the results.
    private static func gather(
        _ root: FileTree,
        _ threads: Int,
        _ look:
            @escaping @Sendable (inout BuildCacheScan, borrowing Directory, Int) throws(CacheStoreError) ->
            Void
    ) async throws -> BuildCacheScan {
        let whole = Gathered(BuildCacheScan())
        try await WorkerThreads.forEach(below: 256, threads: threads, state: { try root.open() }) {
            root,
            index,
            _ in
            var part = BuildCacheScan()
            try look(&part, root, index)
            let found = part
            whole.update {
                $0.actions += found.actions
                $0.outputs += found.outputs
                $0.leftOut += found.leftOut
                $0.used += found.used
                $0.unused += found.unused
                $0.unmarkable += found.unmarkable
                $0.sealed.formUnion(found.sealed)
            }
        }
        return whole.value
    }

    /// Leaves out the entries of GOCACHE itself, other than the 256 directories.
    private mutating func scanTop(_ root: FileTree, apartFrom other: OtherCache?) throws(CacheStoreError) {
        let directory = try root.open()
        let isShared = try other?.isSame(as: directory) ?? false
        let names = try directory.names()
        for name in names.valid where !BuildCacheLayout.isSubdirectory(name) {
            if name == "fuzz" {
                try leaveOutFuzzCorpora(root)
                continue
            }
            let isKnown = BuildCacheLayout.bookkeeping.contains(name)
            // The scan of GOMODCACHE reports what belongs to neither cache.
            if !isKnown, isShared { continue }
            if !isKnown, try other?.isBelow(name, of: directory) ?? false { continue }
            leaveOut(
                isKnown ? .bookkeeping : .foreign,
                root.path(below: name),
                isKnown ? "Go makes it again" : "not Go's"
            )
        }
        if !isShared { leaveOut(names.invalid) }
    }

    // MARK: - Action entries

    private mutating func scanEntries(
        of root: borrowing Directory,
        _ index: Int,
        _ selection: Selection
    ) throws(CacheStoreError) {
        let name = BuildCacheLayout.subdirectory(index)
        do throws(CacheStoreError) {
            guard let directory = try root.directory(name) else { return }
            let names = try directory.names()
            for name in names.valid { try scan(name, in: directory, index, selection) }
            leaveOut(names.invalid)
        } catch {
            try leaveOut(error, error.path ?? root.path(of: name))
        }
    }

    private mutating func scan(
        _ name: String,
        in directory: borrowing Directory,
        _ index: Int,
        _ selection: Selection
    ) throws(CacheStoreError) {
        let path = directory.path(of: name)
        let digits = Array(name.utf8)
        guard digits.count == 66, digits[64] == UInt8(ascii: "-"),
            let id = ObjectID(hexadecimal: digits.span.extracting(first: 64)), Int(id.firstByte) == index
        else {
            if name.hasPrefix(FilePlacement.temporaryPrefix) {
                return leaveOut(.temporary, path, "a restore was writing it, or was stopped")
            }
            return leaveOut(name.hasSuffix(".tmp") ? .temporary : .foreign, path, "no name that Go gives")
        }
        // Outputs are collected later, and only if an entry refers to them.
        guard digits[65] == UInt8(ascii: "a") else {
            if digits[65] != UInt8(ascii: "d") { leaveOut(.foreign, path, "no name that Go gives") }
            return
        }
        do throws(CacheStoreError) {
            guard let status = try directory.status(of: name) else { return }
            guard status.kind == .regular else {
                return leaveOut(
                    status.kind == .symbolicLink ? .symbolicLink : .specialFile,
                    path,
                    "a \(status.noun)"
                )
            }
            switch selection.use.judgement(of: id, status) {
            case .used: used += 1
            case .unmarkable: (used, unmarkable) = (used + 1, unmarkable + 1)
            case .unused:
                unused += 1
                return
            }
            guard let file = try directory.file(name) else { return }
            let bytes = try file.bytes(count: ActionEntry.byteCount + 1)
            guard let entry = ActionEntry(bytes.span, named: id) else {
                return leaveOut(.tornAction, path, "not as Go writes them, \(bytes.count) bytes read")
            }
            actions.append(entry)
            if status.modified >= BuildCacheLayout.earliestSealTime { sealed.insert(id) }
        } catch {
            try leaveOut(error, path)
        }
    }

    // MARK: - Outputs

    /// Finds outputs in one of the 256 directories, and classifies each by its first bytes.
    private mutating func findOutputs(
        _ ids: [ObjectID],
        of root: borrowing Directory,
        _ index: Int,
        _ known: LookUp
    ) throws(CacheStoreError) {
        do throws(CacheStoreError) {
            guard let directory = try root.directory(BuildCacheLayout.subdirectory(index)) else { return }
            for id in ids {
                if let output = try find(id, in: directory, known) { outputs.append(output) }
            }
        } catch {
            // The scan of the entries has already reported a directory that is none. The entries whose
            // outputs should lie there will be reported, too.
            if error.isOfMachine { throw error }
        }
    }

    private mutating func find(
        _ id: ObjectID,
        in directory: borrowing Directory,
        _ known: LookUp
    ) throws(CacheStoreError) -> Output? {
        let name = BuildCacheLayout.fileName(ofOutput: id)
        do throws(CacheStoreError) {
            guard let status = try directory.status(of: name) else { return nil }
            switch status.kind {
            case .regular:
                let output = Output(id: id, size: status.size, contentClass: .other)
                return try examine(output, name, in: directory, known)
            case .directory: return try findExecutable(id, in: directory, known)
            case .symbolicLink: leaveOut(.symbolicLink, directory.path(of: name), "a symbolic link")
            case .other: leaveOut(.specialFile, directory.path(of: name), "a \(status.noun)")
            }
        } catch {
            try leaveOut(error, directory.path(of: name))
        }
        return nil
    }

    /// Finds an executable, which Go caches as a directory with one file (Go 1.24, cache.go,
    /// `PutExecutable`).
    private mutating func findExecutable(
        _ id: ObjectID,
        in directory: borrowing Directory,
        _ known: LookUp
    ) throws(CacheStoreError) -> Output? {
        let name = BuildCacheLayout.fileName(ofOutput: id)
        guard let inner = try directory.directory(name) else { return nil }
        let names = try inner.names()
        guard names.invalid.isEmpty, names.valid.count == 1, let file = names.valid.first,
            PathRules.fault(inExecutableName: file) == nil, !file.hasPrefix(FilePlacement.temporaryPrefix),
            let status = try inner.status(of: file), status.kind == .regular, status.mode & 0o100 != 0
        else {
            leaveOut(.badExecutable, inner.path, "not one executable file")
            return nil
        }
        let output = Output(id: id, size: status.size, executable: file, contentClass: .other)
        return try examine(output, file, in: inner, known)
    }

    /// Returns an output with its class and, for a compiled package, the line that states its origin.
    ///
    /// The file is opened only if that is not known.
    private mutating func examine(
        _ found: Output,
        _ name: String,
        in directory: borrowing Directory,
        _ known: LookUp
    ) throws(CacheStoreError) -> Output {
        let known = known(found)
        if let known, known.tellsOrigin { return known.output }
        var output = known?.output ?? found
        guard output.size > 0, let file = try directory.file(name) else {
            if known == nil { output.contentClass = .empty }
            return output
        }
        let head = try file.bytes(count: EntryClassifier.headSize)
        if known == nil { output.contentClass = EntryClassifier.contentClass(head, size: output.size) }
        if output.executable == nil, [.package, .main].contains(output.contentClass) {
            // There are few lines, so equal ones share their memory.
            output.origin = EntryClassifier.origin(head).map { origins.insert($0).memberAfterInsert }
        }
        return output
    }

    // MARK: - Matching

    /// Drops the entries whose output is missing or has another size.
    private mutating func matchOutputs(in root: FileTree) {
        let sizes = Dictionary(uniqueKeysWithValues: outputs.map { ($0.id, $0.size) })
        let entries = actions
        actions = entries.filter { entry in
            let path = root.path(below: BuildCacheLayout.name(ofAction: entry.action))
            guard let size = sizes[entry.output] else {
                leaveOut(.missingOutput, path, "its output \(entry.output) is missing or was left out")
                return false
            }
            guard size == entry.size else {
                let fault = "its output \(entry.output) has \(size) bytes, and not \(entry.size)"
                leaveOut(.wrongSize, path, fault)
                return false
            }
            guard size <= FormatLimits.outputSize else {
                let fault = "its output \(entry.output) has \(size) bytes, more than an archive holds of one"
                leaveOut(.wrongSize, path, fault)
                return false
            }
            return true
        }
        keepReferredOutputs()
    }

    /// Drops the entries of the unwanted classes.
    private mutating func drop(_ unwanted: Set<EntryClass>) {
        let contents = Dictionary(uniqueKeysWithValues: outputs.map { ($0.id, $0) })
        let classes = EntryClassifier.classes(of: actions, id: \.action) { entry in
            (contents[entry.output]?.contentClass ?? .other, entry.size)
        }
        var kept: [ActionEntry] = []
        var classOfDropped: [ObjectID: EntryClass] = [:]
        for (entry, entryClass) in zip(actions, classes) {
            guard unwanted.contains(entryClass) else {
                kept.append(entry)
                continue
            }
            classOfDropped[entry.output] = entryClass
            dropped[entryClass, default: ArchiveTotals.Tally()] += .file(of: ActionEntry.byteCount)
        }
        actions = kept
        for output in keepReferredOutputs() {
            guard let entryClass = classOfDropped[output.id] else { continue }
            dropped[entryClass, default: ArchiveTotals.Tally()] += .file(of: output.size)
        }
    }

    /// Removes the outputs to which no entry refers, and returns them.
    @discardableResult
    mutating func keepReferredOutputs() -> [Output] {
        let referred = Set(actions.map(\.output))
        let gone = outputs.filter { !referred.contains($0.id) }
        outputs.removeAll { !referred.contains($0.id) }
        return gone
    }

    // MARK: - Leaving out

    mutating func leaveOut(_ reason: LeftOut.Reason, _ path: FilePath, _ explanation: String) {
        leftOut.append(LeftOut(reason, path, explanation))
    }

    private mutating func leaveOut(_ error: CacheStoreError, _ path: FilePath) throws(CacheStoreError) {
        leftOut.append(try LeftOut(error, path))
    }

    private mutating func leaveOut(_ invalid: [FilePath]) {
        for path in invalid { leaveOut(.badName, path, "its name is not UTF-8") }
    }
}
