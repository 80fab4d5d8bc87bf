import SystemPackage

extension Archive {
    /// Reads the content of one member, without reading the whole index.
    ///
    /// What a member's name determines is checked: an output has its ID, a stored zip its SHA-256, each chunk its own.
    /// The index as a whole is not: ``contents()`` and ``Verifier`` do that.
    ///
    /// - Parameters:
    ///   - kind: The kind of the member.
    ///   - name: Its name, as ``Member/name`` has it.
    ///   - file: The path of a file in a module tree; for all other kinds `nil`.
    ///   - body: Called with the content piece by piece, each of at most 8 MiB, checked before. A piece of an output of
    ///     several chunks comes before the check of the whole: if this method throws, what came is not to be used.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notFound`` if there is no such member,
    ///   ``CacheStoreError/Code/badArgument`` for a name that is none, ``CacheStoreError/Code/corruptArchive``, or what
    ///   `body` throws.
    /// - Complexity: O(log *n*) in the number of members, and O(1) in their content but for the chunks that hold what
    ///   is read.
    public func readContent(
        of kind: Member.Kind,
        named name: String,
        file: String? = nil,
        _ body: (Span<UInt8>) throws -> Void
    ) throws {
        do {
            try read(kind, name, file, IndexLookup(self), body)
        } catch let error as SQLiteError {
            throw IndexSchema.unreadable(error, path: path)
        }
    }

    private func read(
        _ kind: Member.Kind,
        _ name: String,
        _ file: String?,
        _ lookup: borrowing IndexLookup,
        _ body: (Span<UInt8>) throws -> Void
    ) throws {
        let member = "\(kind.rawValue) \(name)"
        switch kind {
        case .action:
            guard let entry = try lookup.action(try id(name, member)) else { throw missing(member) }
            try body(entry.bytes.span)
        case .output:
            let id = try id(name, member)
            guard let stream = try lookup.output(id) else { throw missing(member) }
            try read(stream, id, member, body)
        case .tree:
            guard let file else {
                throw CacheStoreError(
                    .badArgument,
                    "a module tree has no content of its own",
                    path: path,
                    member: member
                )
            }
            guard let (tree, chunks) = try lookup.tree(try module(name, member)) else {
                throw missing(member)
            }
            try read(file, of: tree, chunks, body)
        case .info, .mod, .zip, .ziphash:
            guard let download = MemberSet.DownloadKind(rawValue: kind.rawValue),
                let found = try lookup.download(try module(name, member), download)
            else { throw missing(member) }
            switch found {
            case .bytes(let bytes): try body(bytes.span)
            case .stream(let stream, let id): try read(stream, id, member, body)
            case .derivedZip:
                throw CacheStoreError(
                    .notFound,
                    "the zip is not stored, since the module's tree makes it",
                    path: path,
                    member: member,
                    hint: "read files of the tree, or restore with `--module-zips make`"
                )
            }
        case .checksum:
            guard let bytes = try lookup.checksumFile(name) else { throw missing(member) }
            try body(bytes.span)
        }
    }

    private func read(
        _ stream: IndexLookup.Stream,
        _ id: ObjectID,
        _ member: String,
        _ body: (Span<UInt8>) throws -> Void
    ) throws {
        var reader = try ChunkReader(self)
        var hasher = ContentHasher()
        for chunk in stream.chunks {
            try reader.read(chunk)
            hasher.update(reader.content.span)
            try body(reader.content.span)
        }
        guard hasher.finish() == id else {
            throw CacheStoreError(
                .corruptArchive,
                "damaged archive: its content does not have its SHA-256",
                path: path,
                member: member
            )
        }
    }

    private func read(
        _ file: String,
        of tree: MemberSet.Tree,
        _ chunks: [ChunkRecord],
        _ body: (Span<UInt8>) throws -> Void
    ) throws {
        var reader = try ChunkReader(self)
        let manifest = try reader.manifest(of: tree, chunks: chunks)
        var start = 0
        for entry in manifest.entries {
            // By bytes: Swift takes two ways of writing a letter as equal.
            if entry.path.utf8.elementsEqual(file.utf8) {
                let range = start..<start + entry.size
                return try reader.read(range, of: chunks.dropFirst()) { try body($0.span) }
            }
            start += entry.size
        }
        throw missing("file \(tree.module.text)/\(file)")
    }

    private func id(_ name: String, _ member: String) throws(CacheStoreError) -> ObjectID {
        guard let id = ObjectID(hexadecimal: Array(name.utf8).span) else {
            throw CacheStoreError(.badArgument, "an ID has 64 hexadecimal digits", path: path, member: member)
        }
        return id
    }

    private func module(_ name: String, _ member: String) throws(CacheStoreError) -> ModuleKey {
        guard let module = ModuleKey(name) else {
            let fault = ModuleKey.fault(in: name) ?? "it is no module"
            throw CacheStoreError(
                .badArgument,
                "not a name of a module: \(fault)",
                path: path,
                member: member
            )
        }
        return module
    }

    private func missing(_ member: String) -> CacheStoreError {
        CacheStoreError(
            .notFound,
            "the archive has no such member",
            path: path,
            member: member,
            hint: "`cachectl ls` lists them, and their files with --files"
        )
    }
}
