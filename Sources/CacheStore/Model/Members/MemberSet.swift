/// The members of an archive in memory: the value that an index stores.
///
/// Members of each kind are ordered by key and occur once. An action ID occurs once per output that some
/// source has for it. The content of a member is identified by the numbers of its chunks in ``chunks``.
struct MemberSet: Sendable {
    /// An output of GOCACHE.
    struct Output: Sendable {
        var id: ObjectID
        var size: Int
        /// The name of the only file, for an output that is a directory.
        var executable: String?
        /// The class that follows from the content alone.
        var contentClass: EntryClass
        var chunks: ChunkList
    }

    /// An action entry of GOCACHE.
    struct Action: Sendable {
        var id: ObjectID
        var output: ObjectID
        var sources: SourceSetNumber

        /// The key that orders entries: the ID, then the output.
        var key: Key { Key(id: id, output: output) }

        /// The key of an entry.
        struct Key: Hashable, Comparable {
            var id: ObjectID
            var output: ObjectID

            static func < (lhs: Self, rhs: Self) -> Bool { (lhs.id, lhs.output) < (rhs.id, rhs.output) }
        }
    }

    /// A module tree.
    struct Tree: Sendable {
        var module: ModuleKey
        /// The hash of names and contents that `.ziphash` holds.
        var h1: ObjectID
        var files: Int
        var executables: Int
        var size: Int
        /// The chunks of the manifest, at least one.
        var manifest: ChunkList
        var chunks: ChunkList
        var sources: SourceSetNumber
    }

    /// The kinds of ``Download``, in the order of their names.
    enum DownloadKind: String, Sendable, CaseIterable, Comparable {
        case info, mod, zip, ziphash

        static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue.precedes(rhs.rawValue) }

        /// The kind of member that a listing shows.
        var memberKind: Member.Kind {
            switch self {
            case .info: .info
            case .mod: .mod
            case .zip: .zip
            case .ziphash: .ziphash
            }
        }
    }

    /// A file of a module's downloads.
    struct Download: Sendable {
        /// The content of a download.
        enum Content: Hashable, Sendable {
            /// The bytes of the file itself.
            case bytes([UInt8])
            /// A zip that can be made again from the module's tree.
            case derived
            /// A zip that is stored as it is.
            case stored(id: ObjectID, size: Int, chunks: ChunkList)
        }

        var module: ModuleKey
        var kind: DownloadKind
        var content: Content
        var sources: SourceSetNumber

        /// The key that orders downloads: the module, then the kind.
        var key: Key { Key(module: module, kind: kind) }

        /// The key of a download.
        struct Key: Hashable, Comparable {
            var module: ModuleKey
            var kind: DownloadKind

            static func < (lhs: Self, rhs: Self) -> Bool { (lhs.module, lhs.kind) < (rhs.module, rhs.kind) }
        }

        /// The name of the member in errors.
        var memberName: String { "\(kind.rawValue) \(module.text)" }
    }

    /// A file of the checksum database.
    struct ChecksumFile: Sendable {
        var path: String
        var bytes: [UInt8]
        var sources: SourceSetNumber

        /// Whether the path is that of a lookup.
        ///
        /// A database may give several values for a lookup. Other files never change.
        var isLookup: Bool { path.contains("/lookup/") }

        /// The name of the member in errors.
        var memberName: String { "checksum \(path)" }
    }

    /// The sources, ordered by label.
    var sources: [Source] = []
    var sourceSets = SourceSets()
    var chunks: [ChunkRecord] = []
    var outputs: [Output] = []
    var actions: [Action] = []
    var trees: [Tree] = []
    var downloads: [Download] = []
    var checksumFiles: [ChecksumFile] = []

    /// Calls `body` with each chunk in the order in which members use them, repeats included.
    ///
    /// This is the canonical order of <doc:Format>: outputs, then the manifest and stream of each tree, then
    /// stored zips.
    func forEachChunkUse<Failure: Error>(_ body: (ChunkNumber) throws(Failure) -> Void) throws(Failure) {
        for output in outputs { try output.chunks.forEach(body) }
        for tree in trees {
            try tree.manifest.forEach(body)
            try tree.chunks.forEach(body)
        }
        for case .stored(_, _, let chunks) in downloads.lazy.map(\.content) { try chunks.forEach(body) }
    }

    /// Returns the chunks that members use, in the order of their frames.
    ///
    /// - Parameter includingUnused: Whether the chunks that no member uses follow, ordered by ID. A union
    ///   keeps such chunks: a chunk of a value that was not kept may come back with another archive, in
    ///   another frame.
    /// - Returns: The chunks, each of them once.
    func frameOrder(includingUnused: Bool = false) -> [ChunkNumber] {
        var isUsed = [Bool](repeating: false, count: chunks.count)
        var order: [ChunkNumber] = []
        order.reserveCapacity(chunks.count)
        forEachChunkUse { number in
            guard !isUsed[number] else { return }
            isUsed[number] = true
            order.append(number)
        }
        if includingUnused, order.count < chunks.count {
            let unused = chunks.indices.filter { !isUsed[$0] }.sorted { chunks[$0].id < chunks[$1].id }
            order += unused.map { ChunkNumber($0) }
        }
        return order
    }

    /// Returns the set with its chunks replaced by those in `order`, laid end to end.
    ///
    /// - Parameters:
    ///   - order: The chunks in the order of their frames: see ``frameOrder(includingUnused:)``.
    ///   - record: Called with each chunk's number; it returns the chunk and its frame. This function sets
    ///     the frame's offset.
    /// - Returns: The set, ready to be written.
    func laidOut(_ order: [ChunkNumber], record: (ChunkNumber) -> ChunkRecord) -> MemberSet {
        var result = self
        var renumbered = [ChunkNumber](repeating: ChunkNumber(0), count: chunks.count)
        result.chunks = []
        result.chunks.reserveCapacity(order.count)
        var offset = 0
        for (index, number) in order.enumerated() {
            renumbered[number] = ChunkNumber(index)
            var chunk = record(number)
            chunk.offset = offset
            offset += chunk.storedBytes
            result.chunks.append(chunk)
        }
        return result.renumberingChunks { renumbered[$0] }
    }

    /// Returns the set with each chunk number in its members replaced by the result of `number`.
    func renumberingChunks(_ number: (ChunkNumber) -> ChunkNumber) -> MemberSet {
        var result = self
        for index in result.outputs.indices {
            result.outputs[index].chunks = result.outputs[index].chunks.map(number)
        }
        for index in result.trees.indices {
            result.trees[index].manifest = result.trees[index].manifest.map(number)
            result.trees[index].chunks = result.trees[index].chunks.map(number)
        }
        for index in result.downloads.indices {
            if case .stored(let id, let size, let chunks) = result.downloads[index].content {
                result.downloads[index].content = .stored(id: id, size: size, chunks: chunks.map(number))
            }
        }
        return result
    }

    /// The length of all frames, in bytes.
    var frameBytes: Int { chunks.last.map { $0.offset + $0.storedBytes } ?? 0 }

    /// Returns the number of the output with an ID, or `nil` if there is none.
    ///
    /// - Complexity: O(log *n*).
    func outputNumber(of id: ObjectID) -> OutputNumber? {
        Self.index(of: id, in: outputs, by: { $0.id }).map { OutputNumber($0) }
    }

    /// Returns whether there is an action entry with this ID and output.
    ///
    /// - Complexity: O(log *n*).
    func hasAction(_ id: ObjectID, output: ObjectID) -> Bool {
        Self.index(of: Action.Key(id: id, output: output), in: actions, by: { $0.key }) != nil
    }

    /// Returns the position in ``trees`` of the tree of a module, or `nil` if there is none.
    ///
    /// - Complexity: O(log *n*).
    func treeIndex(of module: ModuleKey) -> Int? { Self.index(of: module, in: trees, by: { $0.module }) }

    /// Returns a download of a module, or `nil` if there is none of that kind.
    ///
    /// - Complexity: O(log *n*).
    func download(_ kind: DownloadKind, of module: ModuleKey) -> Download? {
        let key = Download.Key(module: module, kind: kind)
        return Self.index(of: key, in: downloads, by: { $0.key }).map { downloads[$0] }
    }

    /// Returns the position of the element with a key in a list that is ordered by key.
    private static func index<Element, Key: Comparable>(
        of key: Key,
        in elements: [Element],
        by keyOf: (Element) -> Key
    ) -> Int? {
        var low = 0
        var high = elements.count
        while low < high {
            let middle = (low + high) / 2
            if keyOf(elements[middle]) < key { low = middle + 1 } else { high = middle }
        }
        return low < elements.count && keyOf(elements[low]) == key ? low : nil
    }

    // MARK: - Parts

    /// The streams of trees, then those of stored zips.
    ///
    /// A manifest of several chunks is a stream too, which comes before that of its tree.
    var moduleStreams: [ChunkList] {
        trees.flatMap { $0.manifest.count > 1 ? [$0.manifest, $0.chunks] : [$0.chunks] }
            + downloads.compactMap { if case .stored(_, _, let chunks) = $0.content { chunks } else { nil } }
    }

    /// The version of the format that an archive of the set has: the lowest that can hold the set.
    var formatVersion: Int {
        trees.contains { $0.manifest.count > 1 } ? FormatLimits.longManifestVersion : FormatLimits.version
    }

    /// The sets of sources that hold members of GOMODCACHE.
    var moduleSourceSets: Set<SourceSetNumber> {
        Set(trees.map(\.sources)).union(downloads.map(\.sources)).union(checksumFiles.map(\.sources))
    }

    /// Returns the sources of each output: those of the action entries that refer to it.
    ///
    /// - Parameter sets: The sets of sources; this function adds unions to them.
    /// - Returns: One set per output, in the order of ``outputs``; the empty set for an output that no entry
    ///   refers to.
    func sourcesOfOutputs(_ sets: inout SourceSets) -> [SourceSetNumber] {
        var result = [SourceSetNumber?](repeating: nil, count: outputs.count)
        for action in actions {
            guard let number = outputNumber(of: action.output) else { continue }
            result[number] = result[number].map { sets.union($0, action.sources) } ?? action.sources
        }
        let empty = sets.number(of: [])
        return result.map { $0 ?? empty }
    }
}
