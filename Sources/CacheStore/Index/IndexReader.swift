import SystemPackage

/// Reads a member set from a SQLite image, and trusts nothing in it.
///
/// What it returns obeys every rule of <doc:Format> that concerns the index alone: orders, numbers, names,
/// sums. What concerns content is left to who reads the frames.
struct IndexReader: ~Copyable {
    private let database: SQLiteDatabase
    private let path: FilePath
    private let framesSize: Int
    private var set = MemberSet()
    private var streams: [ChunkList] = []

    /// The longest value that stands in the index itself, in bytes: Go's own limit for a go.mod file.
    static let maximumValueSize = 16 << 20

    /// Reads an image.
    ///
    /// - Parameters:
    ///   - image: The SQLite image.
    ///   - framesSize: The length of all frames, in bytes, as the trailer says.
    ///   - path: The archive, for messages.
    /// - Returns: The members, and the digest as the index states it.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or
    ///   ``CacheStoreError/Code/unsafePath`` for a name that is not allowed.
    static func read(
        _ image: UnsafeRawBufferPointer,
        framesSize: Int,
        path: FilePath
    ) throws(CacheStoreError) -> (MemberSet, ObjectID) {
        do {
            var reader = try unsafe IndexReader(image, framesSize: framesSize, path: path)
            try IndexSchema.check(reader.database, path: path)
            let digest = try reader.readDigest()
            try reader.readSources()
            try reader.readChunks()
            try reader.readStreams()
            try reader.readOutputs()
            try reader.readActions()
            try reader.readModules()
            try reader.readChecksumFiles()
            try reader.checkChunkOrder()
            return (reader.set, digest)
        } catch let error as CacheStoreError {
            throw error
        } catch {
            throw IndexSchema.unreadable(error, path: path)
        }
    }

    private init(
        _ image: UnsafeRawBufferPointer,
        framesSize: Int,
        path: FilePath
    ) throws(SQLiteError) {
        database = try unsafe SQLiteDatabase(image: image)
        self.framesSize = framesSize
        self.path = path
    }

    private func fault(_ message: String, _ member: String? = nil) -> CacheStoreError {
        IndexSchema.fault(message, path: path, member: member)
    }

    private func unsafeName(_ name: String, _ fault: String) -> CacheStoreError {
        CacheStoreError(
            .unsafePath,
            "the archive holds a name that is not allowed: \(fault)",
            path: path,
            member: name,
            hint: "do not use this archive: cachectl writes no such names"
        )
    }

    // MARK: - Tables

    private func readDigest() throws -> ObjectID {
        let statement = try database.prepare("SELECT name, value FROM archive ORDER BY name")
        guard try statement.step(), statement.text(0) == "digest", let digest = statement.id(1),
            try statement.step(), statement.text(0) == "format",
            statement.integer(1) == Trailer.currentVersion,
            try !statement.step()
        else { throw fault("it has no digest and format") }
        return digest
    }

    private mutating func readSources() throws {
        let statement = try database.prepare("SELECT id, label, digest FROM source ORDER BY id")
        while try statement.step() {
            guard statement.integer(0) == set.sources.count + 1, let label = statement.text(1),
                Source.isValid(label: label), let digest = statement.id(2),
                set.sources.last.map({ $0.label.precedes(label) }) ?? true
            else { throw fault("its sources are not in order") }
            set.sources.append(Source(label: label, environment: GoEnvironment(), digest: digest))
        }
        let settings = try database.prepare(
            "SELECT source, name, value FROM environment ORDER BY source, name"
        )
        while try settings.step() {
            guard let source = settings.integer(0), set.sources.indices.contains(source - 1),
                let name = settings.text(1), let value = settings.text(2), !value.isEmpty
            else { throw fault("a setting belongs to no source") }
            set.sources[source - 1].environment.variables[name] = value
        }
        try readSourceSets()
    }

    private mutating func readSourceSets() throws {
        let statement = try database.prepare("SELECT id, source FROM source_set ORDER BY id, source")
        var lists: [[Int]] = []
        while try statement.step() {
            guard let id = statement.integer(0), let source = statement.integer(1),
                set.sources.indices.contains(source - 1), id == lists.count || id == lists.count + 1, id > 0
            else { throw fault("its sets of sources are not in order") }
            if id > lists.count { lists.append([]) }
            lists[id - 1].append(source - 1)
        }
        for (index, list) in lists.enumerated() {
            // A number that is not new would be the same set twice.
            guard set.sourceSets.number(of: list) == index,
                index == 0 || lists[index - 1].lexicographicallyPrecedes(list)
            else { throw fault("its sets of sources are not in order") }
        }
    }

    private mutating func readChunks() throws {
        let statement = try database.prepare(
            "SELECT id, digest, offset, stored, size, checksum FROM chunk ORDER BY id"
        )
        var end = 0
        while try statement.step() {
            guard statement.integer(0) == set.chunks.count + 1, let id = statement.id(1),
                statement.integer(2) == end, let stored = statement.integer(3),
                let size = statement.integer(4),
                let checksum = statement.integer(5), ChunkRecord.isPossible(size: size, stored: stored),
                stored <= framesSize - end
            else { throw fault("its frames do not lie end to end") }
            set.chunks.append(
                ChunkRecord(
                    id: id,
                    offset: end,
                    stored: stored,
                    size: size,
                    checksum: UInt64(UInt(bitPattern: checksum))
                )
            )
            end += stored
        }
        guard end == framesSize else { throw fault("its frames do not fill the space before it") }
    }

    private mutating func readStreams() throws {
        let limit = try streamLimit()
        let statement = try database.prepare("SELECT id, position, chunk FROM stream ORDER BY id, position")
        var numbers: [UInt32] = []
        while try statement.step() {
            guard let id = statement.integer(0), let position = statement.integer(1),
                let chunk = statement.integer(2), set.chunks.indices.contains(chunk - 1),
                (1...limit).contains(id)
            else { throw fault("a stream has a chunk that is not there, or belongs to no member") }
            if position == 0, id > streams.count {
                if !numbers.isEmpty { streams[streams.count - 1] = ChunkList(numbers) }
                numbers = []
                // Streams without bytes have no rows.
                while streams.count < id { streams.append(.none) }
            }
            guard id == streams.count, position == numbers.count else {
                throw fault("the chunks of stream \(id) are not in order")
            }
            numbers.append(UInt32(chunk - 1))
        }
        if !numbers.isEmpty { streams[streams.count - 1] = ChunkList(numbers) }
    }

    /// The number of members that own a stream.
    private func streamLimit() throws -> Int {
        let statement = try database.prepare(
            "SELECT (SELECT count(*) FROM output) + (SELECT count(*) FROM tree) + (SELECT count(stream) FROM download)"
        )
        guard try statement.step(), let count = statement.integer(0) else { throw fault("it has no members") }
        return max(1, count)
    }

    /// The chunks of a stream, whose sizes must add up to `size`.
    private func stream(_ id: Int, size: Int, of member: String) throws -> ChunkList {
        guard id > 0, size >= 0 else { throw fault("a size or a stream is negative", member) }
        let list = id <= streams.count ? streams[id - 1] : .none
        var sum = 0
        // At most 2³² chunks of 8 MiB: the sum stays far below 2⁶³.
        list.forEach { sum += set.chunks[Int($0)].size }
        guard sum == size else { throw fault("its chunks have \(sum) bytes, and it \(size)", member) }
        return list
    }

    private mutating func readOutputs() throws {
        let statement = try database.prepare(
            "SELECT id, digest, size, executable, kind FROM output ORDER BY id"
        )
        while try statement.step() {
            guard let id = statement.integer(0), id == set.outputs.count + 1, let digest = statement.id(1),
                let size = statement.integer(2), set.outputs.last.map({ $0.id < digest }) ?? true,
                statement.isNull(3) || statement.text(3) != nil,
                let contentClass = statement.text(4).flatMap(EntryClass.init(rawValue:))
            else { throw fault("its outputs are not in order") }
            let name = statement.text(3)
            if let name, let fault = PathRules.fault(inExecutableName: name) {
                throw unsafeName("output \(digest) \(name)", fault)
            }
            let chunks = try stream(id, size: size, of: "output \(digest)")
            if case .one(let number) = chunks, set.chunks[Int(number)].id != digest {
                throw fault("its only chunk has another SHA-256", "output \(digest)")
            }
            set.outputs.append(
                MemberSet.Output(
                    id: digest,
                    size: size,
                    executable: name,
                    contentClass: contentClass,
                    chunks: chunks
                )
            )
        }
    }

    private mutating func readActions() throws {
        let statement = try database.prepare("SELECT id, output, sources FROM action ORDER BY id, output")
        var isUsed = [Bool](repeating: false, count: set.outputs.count)
        while try statement.step() {
            guard let id = statement.id(0), let output = statement.integer(1),
                set.outputs.indices.contains(output - 1)
            else { throw fault("an action entry has no output") }
            isUsed[output - 1] = true
            let sources = try sourceSet(statement.integer(2), of: "action \(id)")
            let action = MemberSet.Action(id: id, output: set.outputs[output - 1].id, sources: sources)
            guard set.actions.last.map({ $0.key < action.key }) ?? true else {
                throw fault("it is not in order", "action \(id)")
            }
            set.actions.append(action)
        }
        if let index = isUsed.firstIndex(of: false) {
            throw fault("no action entry refers to it", "output \(set.outputs[index].id)")
        }
    }

    private mutating func readModules() throws {
        let statement = try database.prepare(
            "SELECT id, module, h1, files, executables, size, manifest, stream, sources FROM tree ORDER BY id"
        )
        var lastStream = set.outputs.count
        while try statement.step() {
            guard statement.integer(0) == set.trees.count + 1, let text = statement.text(1) else {
                throw fault("its trees are not in order")
            }
            guard let module = ModuleKey(text) else {
                throw unsafeName("tree \(text)", ModuleKey.fault(in: text) ?? "it is no module")
            }
            lastStream += 1
            guard set.trees.last.map({ $0.module < module }) ?? true, let h1 = statement.id(2),
                let manifest = statement.integer(6), set.chunks.indices.contains(manifest - 1),
                // A line of a manifest has five bytes at least.
                let files = statement.integer(3), (1...set.chunks[manifest - 1].size).contains(files),
                let executables = statement.integer(4), (0...files).contains(executables),
                let size = statement.integer(5), statement.integer(7) == lastStream
            else { throw fault("it is not in order", "tree \(text)") }
            set.trees.append(
                MemberSet.Tree(
                    module: module,
                    h1: h1,
                    files: files,
                    executables: executables,
                    size: size,
                    manifest: UInt32(manifest - 1),
                    chunks: try stream(lastStream, size: size, of: "tree \(text)"),
                    sources: try sourceSet(statement.integer(8), of: "tree \(text)")
                )
            )
        }
        try readDownloads(after: lastStream)
        for tree in set.trees where !hashes.contains(ModuleHashValue(module: tree.module, h1: tree.h1)) {
            throw fault("no .ziphash has its h1", "tree \(tree.module.text)")
        }
    }

    private struct ModuleHashValue: Hashable {
        var module: ModuleKey
        var h1: ObjectID
    }

    private var hashes: Set<ModuleHashValue> = []

    private mutating func readDownloads(after trees: Int) throws {
        let statement = try database.prepare(
            "SELECT module, kind, size, value, stream, sources FROM download ORDER BY module, kind"
        )
        var lastStream = trees
        while try statement.step() {
            guard let text = statement.text(0), let name = statement.text(1),
                let kind = MemberSet.DownloadKind(rawValue: name), let size = statement.integer(2), size >= 0
            else { throw fault("it has a download of another kind", statement.text(0)) }
            guard let module = ModuleKey(text) else {
                throw unsafeName("\(name) \(text)", ModuleKey.fault(in: text) ?? "it is no module")
            }
            let member = "\(name) \(text)"
            let content: MemberSet.Download.Content
            if kind != .zip {
                guard let value = statement.blob(3), value.count == size, statement.isNull(4),
                    size <= Self.maximumValueSize
                else { throw fault("it does not have its size", member) }
                if kind == .ziphash {
                    guard let h1 = ModuleHash.id(ofZiphash: value) else {
                        throw fault("it is no hash", member)
                    }
                    hashes.insert(ModuleHashValue(module: module, h1: h1))
                }
                content = .bytes(value)
            } else if statement.isNull(4) {
                guard size == 0, statement.isNull(3), set.treeIndex(of: module) != nil else {
                    throw fault("there is no tree to make it from", member)
                }
                content = .derived
            } else {
                lastStream += 1
                guard statement.integer(4) == lastStream, let id = statement.id(3),
                    set.treeIndex(of: module) == nil,
                    size <= ZipRecord.largestModule
                else { throw fault("it is not in order", member) }
                content = .stored(id: id, size: size, chunks: try stream(lastStream, size: size, of: member))
            }
            let sources = try sourceSet(statement.integer(5), of: member)
            guard set.downloads.last.map({ ($0.module, $0.kind) < (module, kind) }) ?? true else {
                throw fault("it is not in order", member)
            }
            set.downloads.append(
                MemberSet.Download(module: module, kind: kind, content: content, sources: sources)
            )
        }
        guard streams.count <= lastStream else { throw fault("stream \(streams.count) belongs to no member") }
    }

    private mutating func readChecksumFiles() throws {
        let statement = try database.prepare("SELECT path, value, sources FROM checksum_file ORDER BY path")
        var collisions = PathRules.Collisions()
        while try statement.step() {
            guard let path = statement.text(0), let value = statement.blob(1),
                value.count <= Self.maximumValueSize,
                set.checksumFiles.last.map({ $0.path.precedes(path) }) ?? true
            else { throw fault("it has no value, or is not in order", statement.text(0)) }
            if let fault = PathRules.fault(inChecksumPath: path) {
                throw unsafeName("checksum \(path)", fault)
            }
            guard collisions.insert(path) else {
                throw unsafeName("checksum \(path)", "it stands twice, if case is ignored")
            }
            let sources = try sourceSet(statement.integer(2), of: "checksum \(path)")
            set.checksumFiles.append(MemberSet.ChecksumFile(path: path, bytes: value, sources: sources))
        }
    }

    /// A set of sources is stored by its number, from 1.
    private func sourceSet(_ id: Int?, of member: String) throws -> Int32 {
        guard let id, set.sourceSets.sets.indices.contains(id - 1) else {
            throw fault("no source holds it", member)
        }
        return Int32(id - 1)
    }

    /// Frames lie in the order in which members first use them; after them, those that only a lost value used.
    private func checkChunkOrder() throws {
        let order = set.frameOrder(includingUnused: true)
        guard order.count == set.chunks.count, order.enumerated().allSatisfy({ $0.offset == Int($0.element) })
        else {
            throw fault("its frames are not in the order of the members")
        }
    }
}
