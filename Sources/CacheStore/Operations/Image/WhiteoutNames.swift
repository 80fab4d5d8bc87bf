/// The members of an image that have names to which layers give another meaning: see
/// ``PathRules/isWhiteout(_:)``.
///
/// The image has the zip of such a module instead of its tree. An executable with such a name is left out,
/// and Go links it again.
struct WhiteoutNames: Sendable {
    /// The members that the image can hold.
    let set: MemberSet

    /// The modules whose zips are made from their trees, each with the length of the zip in bytes.
    let zips: [ModuleKey: Int]

    /// One warning per module and per executable.
    let warnings: [Warning]

    /// The beginning of the names, as it is searched for.
    private static let prefix = Array(".wh.".utf8)

    /// Looks for such names.
    ///
    /// - Parameters:
    ///   - set: The members of the image.
    ///   - archive: The archive that holds the members.
    ///   - options: The options of the image.
    ///   - counters: The counters to add to.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` if Go accepts no zip of
    ///   such a module, with code ``CacheStoreError/Code/corruptArchive``, or as the system says; or
    ///   `CancellationError`.
    init(
        in set: MemberSet,
        _ archive: Archive,
        _ options: Layers.Options,
        _ counters: ProgressCounters
    ) async throws {
        var set = set
        var warnings: [Warning] = []
        if options.caches.buildCache != nil { warnings += Self.removeExecutables(from: &set) }
        var zips: [ModuleKey: Int] = [:]
        if options.caches.moduleCache != nil {
            let found = try await Self.find(in: set, archive, options.jobs, counters)
            for (tree, file, size) in found {
                // A zip that the archive stores is the original one.
                let isStored = set.downloads.contains {
                    guard $0.module == tree, case .stored = $0.content else { return false }
                    return true
                }
                if isStored {
                    set.trees.removeAll { $0.module == tree }
                } else {
                    zips[tree] = try Self.checked(size, tree, archive)
                }
                warnings.append(Self.warning(tree, file, options.profile))
            }
            if options.profile == .readonly { warnings += Self.packedWarning(set) }
        }
        (self.set, self.zips, self.warnings) = (set, zips, warnings)
    }

    private static func removeExecutables(from set: inout MemberSet) -> [Warning] {
        let found = set.outputs.filter { $0.executable.map(PathRules.isWhiteout) ?? false }
        guard !found.isEmpty else { return [] }
        let ids = Set(found.map(\.id))
        set.actions.removeAll { ids.contains($0.output) }
        set.outputs.removeAll { ids.contains($0.id) }
        return found.map {
            Warning(
                code: .whiteoutName,
                message: "the executable `\($0.executable ?? "")` is not in the image, because an image "
                    + "removes files by such names; Go links it again"
            )
        }
    }

    /// A tree with such a name: the name, and the length of the tree's zip in bytes.
    private typealias Found = (module: ModuleKey, file: String, size: Result<Int, ZipError>)

    private static func find(
        in set: MemberSet,
        _ archive: Archive,
        _ jobs: Int?,
        _ counters: ProgressCounters
    ) async throws -> [Found] {
        counters.begin("reading the names of files", bytes: 0, items: set.trees.count)
        let found = Gathered<[Int: Found]>([:])
        try await WorkerThreads.forEach(
            below: set.trees.count,
            threads: WorkerThreads.count(for: jobs),
            state: { try ChunkReader(archive) }
        ) { reader, index, cancellation in
            try cancellation.check()
            let tree = set.trees[index]
            counters.add(bytes: 0)
            // Nearly all manifests are one chunk, whose text is searched without taking it apart.
            if case .one(let number) = tree.manifest {
                try CacheStoreError.naming("tree \(tree.module.text)") { try reader.read(set.chunks[number]) }
                guard reader.content.span.contains(Self.prefix) else { return }
            }
            let manifest = try reader.manifest(of: tree, chunks: set.chunks)
            guard let file = manifest.entries.first(where: { PathRules.isWhiteout($0.path) }) else { return }
            let size = Result { () throws(ZipError) in try ModuleZipWriter.size(of: tree.module, manifest) }
            found.update { $0[index] = (tree.module, file.path, size) }
        }
        return found.value.sorted { $0.key < $1.key }.map(\.value)
    }

    private static func checked(
        _ size: Result<Int, ZipError>,
        _ module: ModuleKey,
        _ archive: Archive
    ) throws(CacheStoreError) -> Int {
        do {
            return try size.get()
        } catch {
            throw CacheStoreError(
                .badArgument,
                "an image can't hold the module: it removes files by names that begin with `.wh.`, and Go "
                    + "accepts no zip of the tree",
                path: archive.path,
                member: "tree \(module.text)",
                remedy: .leaveModulesOut,
                cause: error
            )
        }
    }

    private static func warning(_ module: ModuleKey, _ file: String, _ profile: CacheProfile) -> Warning {
        let message = "\(module.text) has the file `\(file)`, and an image removes files by such names; "
        guard profile == .readonly else {
            return Warning(
                code: .whiteoutName,
                message: message + "the image holds the module's zip, which Go unpacks when a build needs it"
            )
        }
        return Warning(
            code: .whiteoutName,
            message: message + "the image holds the module's zip, which Go can't unpack where nobody can "
                + "write: builds that need it fail",
            remedy: .useImageProfile
        )
    }

    /// Returns a warning about modules of which the archive has only the zip.
    private static func packedWarning(_ set: MemberSet) -> [Warning] {
        let stored = set.downloads.filter {
            guard case .stored = $0.content, set.treeIndex(of: $0.module) == nil else { return false }
            return true
        }
        guard let first = stored.first else { return [] }
        let others = stored.count > 1 ? " and \(stored.count - 1) more" : ""
        return [
            Warning(
                code: .moduleZip,
                message: "of \(first.module.text)\(others), the archive has no tree; Go can't unpack a zip "
                    + "where nobody can write: builds that need one fail",
                remedy: .useImageProfile
            )
        ]
    }
}

extension Span<UInt8> {
    /// Returns whether the bytes hold a text.
    fileprivate func contains(_ text: [UInt8]) -> Bool {
        guard let first = text.first, count >= text.count else { return false }
        for start in 0...(count - text.count) where self[start] == first {
            if text.indices.allSatisfy({ self[start + $0] == text[$0] }) { return true }
        }
        return false
    }
}
