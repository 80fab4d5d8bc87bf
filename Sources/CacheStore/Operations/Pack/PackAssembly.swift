import SystemPackage

/// The members of a pack, gathered from the scans and surveys of its caches.
struct PackAssembly: Sendable {
    typealias Download = MemberSet.Download

    /// The source of a chunk's content, from which the content is read when the chunk is compressed.
    struct Provider: Sendable {
        var content: ContentFile
        var offset: Int
        /// The XXH64 of the content when it was read.
        ///
        /// `nil` means that the content has not been read yet. It must then have the chunk's SHA-256.
        var checksum: UInt64?
    }

    /// The members; ``identified()`` adds their source once its digest is known.
    private var set = MemberSet()

    /// The provider of each chunk.
    private(set) var providers: [Provider] = []

    /// The entries that did not become members.
    private(set) var leftOut: [LeftOut] = []

    /// The sound entries that were not wanted, by class.
    private(set) var dropped: [EntryClass: ArchiveTotals.Tally] = [:]

    /// The number of entries that count as used, packed or not.
    private(set) var used = 0

    /// The number of entries that were not used since the requested time.
    private(set) var unused = 0

    /// The number of entries that are sealed, so that nothing tells whether they were used.
    private(set) var sealed = 0

    /// The number of entries that are packed because their owners kept Go from marking them.
    private(set) var unmarkable = 0

    /// The outputs that a base has under the same name, and that are not read.
    private var knownOutputs: Set<ObjectID> = []

    /// The trees and zips that a base has under the same name, and that are not read.
    private var knownModules: Set<ModuleKey> = []

    /// The outputs that have not been read yet, or never will be because patterns exclude them.
    private(set) var pending: [ObjectID: BuildCacheScan.Output] = [:]

    /// Whether there are indexes of packages among the entries that were used.
    private(set) var hasIndexes = false

    /// The number of modules that the job has not used.
    var unusedModules = 0

    /// The number of modules that are packed although nothing tells whether the job has used them.
    var unknownModules = 0

    private let label: String
    /// The environment that is recorded, without the origins of packages.
    var environment: GoEnvironment

    /// The number of the set that holds only the pack's source.
    private let sources: SourceSetNumber

    private var numbers: [ObjectID: ChunkNumber] = [:]

    /// The line in which each compiled package states its origin.
    private var originLines: [ObjectID: String] = [:]

    /// Begins a pack of one source.
    init(label: String, environment: GoEnvironment) {
        self.label = label
        self.environment = environment
        sources = set.sourceSets.number(of: [0])
    }

    /// The chunks of the members.
    var chunks: [ChunkRecord] { self.set.chunks }

    /// The number of entries of GOCACHE among the members.
    var actionCount: Int { self.set.actions.count }

    /// The chunks of the members in the order of their frames.
    var frameOrder: [ChunkNumber] { self.set.frameOrder() }

    /// Records entries that were left out.
    mutating func leaveOut(_ entries: [LeftOut]) { leftOut += entries }

    // MARK: - Adding

    /// Adds the entries of GOCACHE; their outputs are read later.
    mutating func add(_ scan: BuildCacheScan) {
        leftOut += scan.leftOut
        (dropped, used, unused, sealed) = (scan.dropped, scan.used, scan.unused, scan.sealed.count)
        (unmarkable, hasIndexes) = (scan.unmarkable, scan.hasIndexes)
        for output in scan.outputs {
            if output.isUnread {
                knownOutputs.insert(output.id)
            } else if output.size > 0 {
                pending[output.id] = output
            }
            originLines[output.id] = output.origin
            set.outputs.append(
                MemberSet.Output(
                    id: output.id,
                    size: output.size,
                    executable: output.executable,
                    contentClass: output.contentClass,
                    // An output that is not written needs none.
                    chunks: .none
                )
            )
        }
        for entry in scan.actions {
            set.actions.append(MemberSet.Action(id: entry.action, output: entry.output, sources: sources))
        }
    }

    /// Adds the content of pending outputs, and drops those that could not be read.
    ///
    /// - Parameters:
    ///   - ids: The outputs.
    ///   - surveys: The surveys of the larger ones, as far as they could be read.
    ///   - root: GOCACHE.
    mutating func read(_ ids: Set<ObjectID>, surveys: [ObjectID: StreamSurvey], root: FileTree) {
        var faulty: Set<ObjectID> = []
        for index in set.outputs.indices where ids.contains(set.outputs[index].id) {
            guard let output = pending.removeValue(forKey: set.outputs[index].id) else { continue }
            let content = ContentFile.file(output.file, in: root)
            if output.size <= Chunker.minimumSize {
                let provider = Provider(content: content, offset: 0)
                set.outputs[index].chunks = .one(add(output.id, size: output.size, provider))
            } else if let survey = surveys[output.id] {
                set.outputs[index].chunks = add(survey, of: content)
            } else {
                faulty.insert(output.id)
            }
        }
        set.outputs.removeAll { faulty.contains($0.id) }
        dropActionsWithoutOutput(root)
    }

    /// Adds a module tree; trees must be added in the order of their modules.
    mutating func add(_ survey: TreeSurvey, of module: ModuleKey, root: FileTree) {
        let manifest = add(StreamCutter.manifestChunks(of: survey.text), of: .bytes(survey.text))
        set.trees.append(
            MemberSet.Tree(
                module: module,
                h1: survey.h1,
                files: survey.manifest.entries.count,
                executables: survey.manifest.executables,
                size: survey.stream.size,
                manifest: ChunkList(manifest),
                chunks: add(survey.stream, of: .tree(module.text, survey.manifest, in: root)),
                sources: sources
            )
        )
    }

    /// Adds a tree that is not read; trees must be added in the order of their modules.
    mutating func add(_ known: UnreadTree) {
        var tree = known.tree
        // A tree that is read may have an equal manifest. It gets chunks of its own, which can be written.
        tree.manifest = ChunkList(
            known.manifest.map { record in
                let number = ChunkNumber(set.chunks.count)
                set.chunks.append(record)
                providers.append(Provider(content: .bytes([]), offset: 0, checksum: 0))
                return number
            }
        )
        (tree.chunks, tree.sources) = (.none, sources)
        set.trees.append(tree)
        knownModules.insert(tree.module)
    }

    /// Removes trees that were not read, and that turn out to be wrong.
    mutating func remove(trees known: [ModuleKey: UnreadTree]) {
        set.trees.removeAll { known[$0.module] != nil }
        knownModules.subtract(known.keys)
    }

    /// Adds the downloads of modules and the checksum database.
    ///
    /// - Parameters:
    ///   - scan: The files of GOMODCACHE.
    ///   - zips: The zips that are stored as they are because they have no tree.
    ///   - known: The stored zips that a base has and that were not read.
    mutating func add(
        _ scan: ModuleCacheScan,
        zips: [ModuleKey: PackedZip],
        known: [ModuleKey: Download.Content]
    ) {
        leftOut += scan.leftOut
        set.downloads = scan.downloads.map {
            Download(module: $0.module, kind: $0.kind, content: .bytes($0.bytes), sources: sources)
        }
        for module in scan.zips.union(zips.keys).sorted() {
            if set.treeIndex(of: module) != nil {
                set.downloads.append(
                    Download(module: module, kind: .zip, content: .derived, sources: sources)
                )
            } else if let zip = zips[module] {
                let chunks = add(zip.survey, of: zip.content)
                let content = Download.Content.stored(id: zip.id, size: zip.survey.size, chunks: chunks)
                set.downloads.append(
                    Download(module: module, kind: .zip, content: content, sources: sources)
                )
            } else if let content = known[module] {
                set.downloads.append(
                    Download(module: module, kind: .zip, content: content, sources: sources)
                )
                knownModules.insert(module)
            }
        }
        set.downloads.sort { $0.key < $1.key }
        set.checksumFiles = scan.checksumFiles.map {
            MemberSet.ChecksumFile(path: $0.path, bytes: $0.bytes, sources: sources)
        }
    }

    private mutating func add(_ survey: StreamSurvey, of content: ContentFile) -> ChunkList {
        ChunkList(add(survey.chunks, of: content))
    }

    private mutating func add(_ chunks: [StreamCutter.Chunk], of content: ContentFile) -> [ChunkNumber] {
        chunks.map { chunk in
            let provider = Provider(content: content, offset: chunk.offset, checksum: chunk.checksum)
            return add(chunk.id, size: chunk.size, provider)
        }
    }

    private mutating func add(_ id: ObjectID, size: Int, _ provider: Provider) -> ChunkNumber {
        if let number = numbers[id] { return number }
        let number = ChunkNumber(set.chunks.count)
        // The frame does not exist yet: its place and checksum come with the compressed bytes.
        set.chunks.append(ChunkRecord(id: id, offset: 0, storedBytes: 0, contentBytes: size, checksum: 0))
        providers.append(provider)
        numbers[id] = number
        return number
    }

    /// Returns the figures of the members of a part of the pack that a base has under the same name, and that
    /// were not read.
    func unread(in part: MemberSet) -> ArchiveTotals.Tally {
        var tally = ArchiveTotals.Tally()
        for output in part.outputs where knownOutputs.contains(output.id) { tally += .file(of: output.size) }
        for tree in part.trees where knownModules.contains(tree.module) {
            tally += .files(tree.files, of: tree.size)
        }
        for download in part.downloads where knownModules.contains(download.module) {
            if case .stored(_, let size, _) = download.content { tally += .file(of: size) }
        }
        return tally
    }

    // MARK: - Dropping

    /// Drops the members that use chunks whose content could not be read again unchanged.
    ///
    /// - Parameters:
    ///   - missing: The numbers of the chunks.
    ///   - caches: The directories, for messages.
    mutating func drop(_ missing: Set<ChunkNumber>, caches: CacheTrees) {
        func isWhole(_ chunks: ChunkList) -> Bool { chunks.numbers.allSatisfy { !missing.contains($0) } }
        if let root = caches.buildCache {
            for output in set.outputs where !isWhole(output.chunks) {
                let name = BuildCacheLayout.name(ofOutput: output.id)
                leaveOut(
                    .wrongContent,
                    root.path(below: name),
                    "its content does not match its name"
                )
            }
            set.outputs.removeAll { !isWhole($0.chunks) }
            dropActionsWithoutOutput(root)
        }
        guard let root = caches.moduleCache else { return }
        for tree in set.trees where !isWhole(tree.chunks) {
            let path = root.path(below: tree.module.text)
            leaveOut(.changed, path, "a file of it changed while it was packed")
        }
        set.trees.removeAll { !isWhole($0.chunks) }
        let downloads = set.downloads
        set.downloads = downloads.filter { download in
            switch download.content {
            case .bytes: return true
            case .derived: return set.treeIndex(of: download.module) != nil
            case .stored(_, _, let chunks):
                if isWhole(chunks) { return true }
                leaveOut(
                    .changed,
                    root.path(below: ModuleCacheLayout.zip(of: download.module)),
                    "it changed while it was packed"
                )
                return false
            }
        }
    }

    private mutating func leaveOut(_ reason: LeftOut.Reason, _ path: FilePath, _ explanation: String) {
        leftOut.append(LeftOut(reason, path, explanation))
    }

    private mutating func dropActionsWithoutOutput(_ root: FileTree) {
        let ids = Set(set.outputs.map(\.id))
        for action in set.actions where !ids.contains(action.output) {
            let path = root.path(below: BuildCacheLayout.name(ofAction: action.id))
            leaveOut(.missingOutput, path, "its output \(action.output) was left out")
        }
        set.actions.removeAll { !ids.contains($0.output) }
    }

    /// Returns the members with their source, whose digest names the pack in its present state.
    ///
    /// - Complexity: O(*n*) in the number of members.
    func identified() -> (set: MemberSet, digest: ObjectID) {
        var set = set
        let digest = set.digest
        var environment = environment
        let lines = set.outputs.compactMap { originLines[$0.id] }
        environment.origins = Dictionary(grouping: lines, by: \.self).compactMap {
            PackageOrigin(header: $0, packages: $1.count)
        }
        set.sources = [Source(label: label, environment: environment, digest: digest)]
        return (set, digest)
    }
}
