/// The members of an archive in memory: the value that an index stores.
///
/// Members of each kind are ordered by key and occur once; an action ID occurs once with each output that some
/// source has for it. Their content is named by numbers into ``chunks``.
struct MemberSet: Sendable {
    /// An output of GOCACHE.
    struct Output: Sendable {
        var id: ObjectID
        var size: Int
        /// The name of the one file, for an output that is a directory.
        var executable: String?
        /// What its content is for, as far as that tells.
        var contentClass: EntryClass
        var chunks: ChunkList
    }

    /// An action entry of GOCACHE.
    struct Action: Sendable {
        var id: ObjectID
        var output: ObjectID
        var sources: Int32

        /// What orders entries: the ID, then the output.
        var key: Key { Key(id: id, output: output) }

        /// What orders entries.
        struct Key: Comparable {
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
        /// The number of the chunk that is the manifest.
        var manifest: UInt32
        var chunks: ChunkList
        var sources: Int32
    }

    /// The kinds of ``Download``, in the order of their names.
    enum DownloadKind: String, Sendable, CaseIterable, Comparable {
        case info, mod, zip, ziphash

        static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue.precedes(rhs.rawValue) }
    }

    /// A file of a module's downloads.
    struct Download: Sendable {
        /// What it holds.
        enum Content: Hashable, Sendable {
            /// These bytes.
            case bytes([UInt8])
            /// A zip that the module's tree makes again.
            case derived
            /// A zip that is kept as it is.
            case stored(id: ObjectID, size: Int, chunks: ChunkList)
        }

        var module: ModuleKey
        var kind: DownloadKind
        var content: Content
        var sources: Int32
    }

    /// A file of the checksum database.
    struct ChecksumFile: Sendable {
        var path: String
        var bytes: [UInt8]
        var sources: Int32
    }

    /// Ordered by label.
    var sources: [Source] = []
    var sourceSets = SourceSets()
    var chunks: [ChunkRecord] = []
    var outputs: [Output] = []
    var actions: [Action] = []
    var trees: [Tree] = []
    var downloads: [Download] = []
    var checksumFiles: [ChecksumFile] = []

    /// Calls `body` with the number of each chunk in the order in which members use them, repeats included.
    ///
    /// This is the canonical order of <doc:Format>: outputs, then each tree's manifest and stream, then
    /// stored zips.
    func forEachChunkUse<Failure: Error>(_ body: (UInt32) throws(Failure) -> Void) throws(Failure) {
        for output in outputs { try output.chunks.forEach(body) }
        for tree in trees {
            try body(tree.manifest)
            try tree.chunks.forEach(body)
        }
        for case .stored(_, _, let chunks) in downloads.lazy.map(\.content) { try chunks.forEach(body) }
    }

    /// The numbers of the chunks that members use, in the order of their frames.
    ///
    /// - Parameter includingUnused: Whether chunks that no member uses come after them, ordered by ID. A union
    ///   keeps them: a chunk of a value that lost may come back with another archive, in another frame.
    /// - Returns: The numbers, each once.
    func frameOrder(includingUnused: Bool = false) -> [UInt32] {
        var isUsed = [Bool](repeating: false, count: chunks.count)
        var order: [UInt32] = []
        order.reserveCapacity(chunks.count)
        forEachChunkUse { number in
            guard !isUsed[Int(number)] else { return }
            isUsed[Int(number)] = true
            order.append(number)
        }
        if includingUnused, order.count < chunks.count {
            let unused = chunks.indices.filter { !isUsed[$0] }.sorted { chunks[$0].id < chunks[$1].id }
            order += unused.map { UInt32($0) }
        }
        return order
    }

    /// The set with its chunks replaced by those in `order`, laid end to end.
    ///
    /// - Parameters:
    ///   - order: What ``frameOrder(includingUnused:)`` gave.
    ///   - record: Gives the frame for a number of `order`; its offset is filled in here.
    /// - Returns: The set, ready to be written.
    func laidOut(_ order: [UInt32], record: (UInt32) -> ChunkRecord) -> MemberSet {
        var result = self
        var renumbered = [UInt32](repeating: 0, count: chunks.count)
        result.chunks = []
        result.chunks.reserveCapacity(order.count)
        var offset = 0
        for (index, number) in order.enumerated() {
            renumbered[Int(number)] = UInt32(index)
            var chunk = record(number)
            chunk.offset = offset
            offset += chunk.stored
            result.chunks.append(chunk)
        }
        return result.renumberingChunks { renumbered[Int($0)] }
    }

    /// The set with each chunk's number in its members replaced.
    func renumberingChunks(_ number: (UInt32) -> UInt32) -> MemberSet {
        var result = self
        for index in result.outputs.indices {
            result.outputs[index].chunks = result.outputs[index].chunks.map(number)
        }
        for index in result.trees.indices {
            result.trees[index].manifest = number(result.trees[index].manifest)
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
    var frameBytes: Int { chunks.last.map { $0.offset + $0.stored } ?? 0 }

    /// The position in ``outputs`` of the output with an ID.
    ///
    /// - Complexity: O(log *n*).
    func outputIndex(of id: ObjectID) -> Int? { Self.index(of: id, in: outputs, by: { $0.id }) }

    /// The position in ``trees`` of the tree of a module.
    ///
    /// - Complexity: O(log *n*).
    func treeIndex(of module: ModuleKey) -> Int? { Self.index(of: module, in: trees, by: { $0.module }) }

    /// The position of the element with a key in a list that is ordered by it.
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
}
