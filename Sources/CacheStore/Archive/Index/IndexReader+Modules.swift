extension IndexReader {
    /// Reads the trees and downloads of the index, whose chunks follow the chunks of the outputs.
    ///
    /// - Parameters:
    ///   - set: The set that gets the trees and downloads.
    ///   - uses: The chunks; those of all outputs have been read.
    ///   - number: Returns the number that a chunk gets in the set.
    /// - Throws: ``CacheStoreError``, or ``SQLiteError``.
    func readModules(
        into set: inout MemberSet,
        _ uses: ChunkUses,
        number: (ChunkUse) -> ChunkNumber
    ) throws {
        var hashes: Set<ModuleHashValue> = []
        let lastStream = try readTrees(into: &set, uses, number: number)
        guard set.formatVersion == version else {
            throw fault("its version is \(version), but its members need version \(set.formatVersion)")
        }
        try readDownloads(into: &set, &hashes, uses, after: lastStream, number: number)
        let hashed = Set(hashes.map(\.module))
        for download in set.downloads where download.kind == .zip && !hashed.contains(download.module) {
            throw fault("there is no .ziphash for it", download.memberName)
        }
        for tree in set.trees where !hashes.contains(ModuleHashValue(module: tree.module, h1: tree.h1)) {
            throw fault("no .ziphash has its h1", "tree \(tree.module.text)")
        }
    }

    private func readTrees(
        into set: inout MemberSet,
        _ uses: ChunkUses,
        number: (ChunkUse) -> ChunkNumber
    ) throws -> Int {
        let statement = try database.prepare(
            "SELECT id, module, h1, files, executables, size, manifest, stream, sources FROM tree ORDER BY id"
        )
        var lastStream = outputCount
        var chunks: [ChunkUse] = []
        while try statement.step() {
            guard statement.integer(0) == set.trees.count + 1, let text = statement.text(1) else {
                throw fault("its trees are not in order")
            }
            guard let module = ModuleKey(text) else {
                throw unsafeName("tree \(text)", ModuleKey.fault(in: text) ?? "it is not a module")
            }
            let manifest = try readManifest(statement.integer(6), text, uses, &lastStream, number)
            lastStream += 1
            guard set.trees.last.map({ $0.module < module }) ?? true, let h1 = statement.id(2),
                let files = statement.integer(3), files >= 1, let executables = statement.integer(4),
                (0...files).contains(executables), let size = statement.integer(5),
                (0...FormatLimits.treeSize).contains(size), statement.integer(7) == lastStream
            else { throw fault("it is not in order", "tree \(text)") }
            // A line of a manifest has at least five bytes.
            guard files <= min(manifest.size, FormatLimits.treeFiles) else {
                throw fault("it has too many files", "tree \(text)")
            }
            try uses.add(content: files * FormatLimits.fileWeight)
            try uses.stream(lastStream, size: size, of: "tree \(text)", into: &chunks)
            set.trees.append(
                MemberSet.Tree(
                    module: module,
                    h1: h1,
                    files: files,
                    executables: executables,
                    size: size,
                    manifest: manifest.chunks,
                    chunks: ChunkList(chunks.map(number)),
                    sources: try sourceSet(statement.integer(8), of: "tree \(text)")
                )
            )
        }
        return lastStream
    }

    /// Reads the chunks of a tree's manifest: one chunk, or a stream whose number is stored as a negative
    /// number.
    private func readManifest(
        _ row: Int?,
        _ module: String,
        _ uses: ChunkUses,
        _ lastStream: inout Int,
        _ number: (ChunkUse) -> ChunkNumber
    ) throws -> (chunks: ChunkList, size: Int) {
        guard let row else { throw fault("it is not in order", "tree \(module)") }
        guard row < 0 else {
            let use = try uses.use(row: row)
            return (.one(number(use)), use.record.contentBytes)
        }
        lastStream += 1
        var chunks: [ChunkUse] = []
        guard row == -lastStream else { throw fault("its manifest is not in order", "tree \(module)") }
        try uses.stream(lastStream, size: nil, of: "tree \(module)", into: &chunks)
        let size = chunks.reduce(0) { $0 + $1.record.contentBytes }
        guard (FormatLimits.chunkSize + 1...FormatLimits.manifestSize).contains(size) else {
            throw fault("its manifest has \(size) bytes in several chunks", "tree \(module)")
        }
        return (ChunkList(chunks.map(number)), size)
    }

    private struct ModuleHashValue: Hashable {
        var module: ModuleKey
        var h1: ObjectID
    }

    private func readDownloads(
        into set: inout MemberSet,
        _ hashes: inout Set<ModuleHashValue>,
        _ uses: ChunkUses,
        after trees: Int,
        number: (ChunkUse) -> ChunkNumber
    ) throws {
        let statement = try database.prepare(
            "SELECT module, kind, size, value, stream, sources FROM download ORDER BY module, kind"
        )
        var lastStream = trees
        var chunks: [ChunkUse] = []
        while try statement.step() {
            guard let text = statement.text(0), let name = statement.text(1),
                let kind = MemberSet.DownloadKind(rawValue: name), let size = statement.integer(2), size >= 0
            else { throw fault("it has a download of another kind", statement.text(0)) }
            guard let module = ModuleKey(text) else {
                throw unsafeName("\(name) \(text)", ModuleKey.fault(in: text) ?? "it is not a module")
            }
            let member = "\(name) \(text)"
            guard "\(module.version).\(name)".utf8.count <= PathRules.longestName else {
                throw unsafeName(member, "its file's name is longer than \(PathRules.longestName) bytes")
            }
            let content: MemberSet.Download.Content
            if kind != .zip {
                guard let value = statement.blob(3), value.count == size, statement.isNull(4),
                    size <= FormatLimits.valueSize
                else { throw fault("it does not have its size", member) }
                if kind == .ziphash {
                    guard let h1 = ModuleHash.id(ofZiphash: value) else {
                        throw fault("it is not a hash", member)
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
                    size <= FormatLimits.zipSize
                else { throw fault("it is not in order", member) }
                try uses.stream(lastStream, size: size, of: member, into: &chunks)
                content = .stored(id: id, size: size, chunks: ChunkList(chunks.map(number)))
            }
            let sources = try sourceSet(statement.integer(5), of: member)
            let download = MemberSet.Download(module: module, kind: kind, content: content, sources: sources)
            guard set.downloads.last.map({ $0.key < download.key }) ?? true else {
                throw fault("it is not in order", member)
            }
            set.downloads.append(download)
        }
    }

    /// Reads the files of the checksum database into `set`.
    func readChecksumFiles(into set: inout MemberSet) throws {
        let statement = try database.prepare("SELECT path, value, sources FROM checksum_file ORDER BY path")
        while try statement.step() {
            guard let path = statement.text(0), let value = statement.blob(1),
                value.count <= FormatLimits.valueSize,
                set.checksumFiles.last.map({ $0.path.precedes(path) }) ?? true
            else { throw fault("it has no value, or is not in order", statement.text(0)) }
            if let fault = PathRules.fault(inChecksumPath: path) {
                throw unsafeName("checksum \(path)", fault)
            }
            let sources = try sourceSet(statement.integer(2), of: "checksum \(path)")
            set.checksumFiles.append(MemberSet.ChecksumFile(path: path, bytes: value, sources: sources))
        }
        switch PathRules.collision(among: set.checksumFiles.lazy.map(\.path), ignoringCase: true) {
        case .twice(let path), .directory(let path):
            throw unsafeName("checksum \(path)", "it stands twice, if case is ignored")
        case nil: break
        }
    }
}
