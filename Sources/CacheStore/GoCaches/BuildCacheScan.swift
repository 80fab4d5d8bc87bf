import SystemPackage

/// What was found in GOCACHE: action entries whose outputs look right, and what was left out.
///
/// Contents of outputs are not read here. Go writes an output before the entry that refers to it, so entries
/// are read first and outputs are looked for only then: the result is sound although `go` may be running
/// (cmd/go/internal/cache/cache.go, `putIndexEntry`).
struct BuildCacheScan: Sendable {
    /// An output that an action entry refers to.
    struct Output: Hashable, Sendable {
        var id: ObjectID
        var size: Int
        /// The name of the one file, for an output that is a directory.
        var executable: String?

        /// The file that holds the content, below GOCACHE.
        var file: String {
            BuildCacheLayout.name(ofOutput: id) + (executable.map { "/\($0)" } ?? "")
        }
    }

    /// The entries, ordered by action ID; each refers to an element of ``outputs``.
    var actions: [ActionEntry] = []

    /// The outputs, ordered by ID.
    var outputs: [Output] = []

    /// What is no member, in any order.
    var leftOut: [LeftOut] = []

    /// Scans a GOCACHE.
    ///
    /// - Parameters:
    ///   - root: The directory.
    ///   - threads: The number of threads to use.
    /// - Returns: What was found.
    /// - Throws: ``CacheStoreError`` if `root` itself can't be read, or `CancellationError`.
    static func run(_ root: FilePath, threads: Int) async throws -> BuildCacheScan {
        let results = Gathered<[Int: BuildCacheScan]>([:])
        try await WorkerThreads.forEach(below: 256, threads: threads, state: { try Directory(opening: root) })
        {
            root,
            index,
            _ in
            var part = BuildCacheScan()
            try part.scanEntries(of: root, index)
            let found = part
            results.update { $0[index] = found }
        }
        var whole = BuildCacheScan()
        try whole.scanTop(root)
        let parts = results.value
        for index in 0..<256 {
            guard let part = parts[index] else { continue }
            whole.actions += part.actions
            whole.leftOut += part.leftOut
        }
        try whole.findOutputs(in: root)
        return whole
    }

    /// What lies in GOCACHE itself beside the 256 directories.
    private mutating func scanTop(_ root: FilePath) throws(CacheStoreError) {
        let names = try Directory(opening: root).names()
        for name in names.valid where !BuildCacheLayout.isSubdirectory(name) {
            let isKnown = ["README", "trim.txt", "testexpire.txt", "log.txt", "fuzz"].contains(name)
            leaveOut(
                isKnown ? .bookkeeping : .foreign,
                root.appending(name),
                isKnown ? "Go makes it again" : "not Go's"
            )
        }
        leaveOut(names.invalid)
    }

    // MARK: - Action entries

    private mutating func scanEntries(of root: borrowing Directory, _ index: Int) throws(CacheStoreError) {
        let name = BuildCacheLayout.subdirectory(index)
        do throws(CacheStoreError) {
            guard let directory = try root.directory(name) else { return }
            let names = try directory.names()
            for name in names.valid { scan(name, in: directory, index) }
            leaveOut(names.invalid)
        } catch {
            leaveOut(error, root.path(of: name))
        }
    }

    private mutating func scan(_ name: String, in directory: borrowing Directory, _ index: Int) {
        let path = directory.path(of: name)
        let digits = Array(name.utf8)
        guard digits.count == 66, digits[64] == UInt8(ascii: "-"),
            let id = ObjectID(hexadecimal: digits.span.extracting(first: 64)), Int(id.firstByte) == index
        else {
            return leaveOut(name.hasSuffix(".tmp") ? .temporary : .foreign, path, "no name that Go gives")
        }
        // Outputs are taken only where an entry refers to them.
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
            guard let file = try directory.file(name) else { return }
            let bytes = try file.bytes(count: ActionEntry.byteCount + 1)
            guard let entry = ActionEntry(bytes.span, named: id) else {
                return leaveOut(.tornAction, path, "not as Go writes them, \(bytes.count) bytes read")
            }
            actions.append(entry)
        } catch {
            leaveOut(error, path)
        }
    }

    // MARK: - Outputs

    /// Looks for the outputs that entries refer to, and drops the entries whose output is not there.
    private mutating func findOutputs(in root: FilePath) throws(CacheStoreError) {
        let directory = try Directory(opening: root)
        var found: [ObjectID: Output] = [:]
        var missing: Set<ObjectID> = []
        actions.sort { $0.action < $1.action }
        var kept: [ActionEntry] = []
        for entry in actions {
            if found[entry.output] == nil, !missing.contains(entry.output) {
                if let output = find(entry.output, in: directory) {
                    found[entry.output] = output
                } else {
                    missing.insert(entry.output)
                }
            }
            let path = root.appending(BuildCacheLayout.name(ofAction: entry.action))
            if let output = found[entry.output] {
                if output.size == entry.size {
                    kept.append(entry)
                } else {
                    leaveOut(
                        .wrongSize,
                        path,
                        "its output \(entry.output) has \(output.size) bytes, and not \(entry.size)"
                    )
                }
            } else {
                leaveOut(.missingOutput, path, "its output \(entry.output) is missing or was left out")
            }
        }
        actions = kept
        let used = Set(kept.map(\.output))
        outputs = found.values.filter { used.contains($0.id) }.sorted { $0.id < $1.id }
    }

    private mutating func find(_ id: ObjectID, in root: borrowing Directory) -> Output? {
        let name = BuildCacheLayout.name(ofOutput: id)
        do throws(CacheStoreError) {
            guard let status = try root.status(of: name) else { return nil }
            switch status.kind {
            case .regular: return Output(id: id, size: status.size)
            case .directory: return try findExecutable(id, in: root)
            case .symbolicLink: leaveOut(.symbolicLink, root.path(of: name), "a symbolic link")
            case .other: leaveOut(.specialFile, root.path(of: name), "a special file")
            }
        } catch {
            leaveOut(error, root.path(of: name))
        }
        return nil
    }

    /// An executable is cached as a directory with one file in it (Go 1.24, cache.go, `PutExecutable`).
    private mutating func findExecutable(
        _ id: ObjectID,
        in root: borrowing Directory
    ) throws(CacheStoreError) -> Output? {
        let name = BuildCacheLayout.name(ofOutput: id)
        guard let inner = try root.directory(name) else { return nil }
        let names = try inner.names()
        guard names.invalid.isEmpty, names.valid.count == 1, let file = names.valid.first,
            PathRules.fault(inExecutableName: file) == nil, let status = try inner.status(of: file),
            status.kind == .regular, status.mode & 0o100 != 0
        else {
            leaveOut(.badExecutable, inner.path, "not one executable file")
            return nil
        }
        return Output(id: id, size: status.size, executable: file)
    }

    // MARK: - Leaving out

    private mutating func leaveOut(_ reason: LeftOut.Reason, _ path: FilePath, _ explanation: String) {
        leftOut.append(LeftOut(reason, path, explanation))
    }

    private mutating func leaveOut(_ error: CacheStoreError, _ path: FilePath) {
        leftOut.append(LeftOut(error, path))
    }

    private mutating func leaveOut(_ invalid: [FilePath]) {
        for path in invalid { leaveOut(.badName, path, "its name is not UTF-8") }
    }
}
