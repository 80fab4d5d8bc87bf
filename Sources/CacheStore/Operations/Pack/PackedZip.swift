import SystemPackage

/// A module zip that is stored as it is.
struct PackedZip: Sendable {
    /// The chunks of the zip.
    var survey: StreamSurvey

    /// The SHA-256 of the zip.
    var id: ObjectID

    /// The bytes of the zip.
    var content: ContentFile

    /// Whether a name in the zip has a meaning of its own in image layers: see ``PathRules/isWhiteout(_:)``.
    var holdsWhiteout: Bool

    /// Takes over a zip of GOMODCACHE.
    ///
    /// - Parameters:
    ///   - path: The path of the zip below `root`.
    ///   - root: GOMODCACHE.
    ///   - module: The module.
    ///   - h1: The hash that the zip must have.
    ///   - cutter: The cutter, which is reset first.
    /// - Throws: ``ZipError`` if the zip is not that of the module, or ``CacheStoreError`` as the system
    ///   says.
    init(
        _ path: String,
        in root: FileTree,
        of module: ModuleKey,
        h1: ObjectID?,
        _ cutter: inout StreamCutter
    ) throws {
        let file = try root.open().openFile(at: path)
        // A sparse file may be longer than any disk.
        guard try file.status().size <= FormatLimits.zipSize else {
            throw ZipError("Zip is too large for a module")
        }
        (survey, id) = try StreamSurvey.file(file, &cutter)
        guard let h1 else { throw ZipError("there is no sound .ziphash for it") }
        guard try ModuleZip.h1(of: file, module: module) == h1 else {
            throw ZipError("its files are not those of its .ziphash")
        }
        content = .file(path, in: root)
        let entries = try ZipDirectory(of: file, prefix: module.unescaped + "/").entries
        holdsWhiteout = entries.contains { PathRules.isWhiteout($0.path) }
    }

    /// Makes a zip from a module tree whose files can't be in an archive as they are.
    ///
    /// The zip is not compressed, so equal trees give equal bytes. It lies in a scratch file until the
    /// archive is written.
    ///
    /// - Parameters:
    ///   - tree: The survey of the tree.
    ///   - root: GOMODCACHE.
    ///   - module: The module.
    ///   - archive: The archive beside which the scratch file lies.
    ///   - cutter: The cutter, which is reset first.
    /// - Throws: ``ZipError`` if Go would refuse the zip or the tree has changed, or ``CacheStoreError`` as
    ///   the system says.
    init(
        making tree: TreeSurvey,
        in root: FileTree,
        of module: ModuleKey,
        beside archive: FilePath,
        _ cutter: inout StreamCutter
    ) throws {
        let scratch = try ScratchFile(beside: archive)
        var written = 0
        try Self.write(tree, in: root, of: module) { (piece) throws(CacheStoreError) in
            try scratch.file.write(piece, at: written)
            written += piece.count
        }
        (survey, id) = try StreamSurvey.file(scratch.file, &cutter)
        guard try ModuleZip.h1(of: scratch.file, module: module) == tree.h1 else {
            throw ZipError("a file of it changed while it was packed")
        }
        content = .scratch(scratch)
        holdsWhiteout = tree.holdsWhiteout
    }

    /// Measures the zip that ``init(making:in:of:beside:_:)`` would make, and keeps none of it.
    ///
    /// - Parameters:
    ///   - tree: The survey of the tree.
    ///   - root: GOMODCACHE.
    ///   - module: The module.
    ///   - cutter: The cutter, which is reset first.
    /// - Throws: ``ZipError`` if Go would refuse the zip, or ``CacheStoreError`` as the system says.
    init(
        measuring tree: TreeSurvey,
        in root: FileTree,
        of module: ModuleKey,
        _ cutter: inout StreamCutter
    ) throws {
        cutter.reset()
        var hasher = ContentHasher()
        try Self.write(tree, in: root, of: module) { (piece) throws(CacheStoreError) in
            _ = try cutter.append(upTo: piece.count, hashing: &hasher) { room in
                for index in piece.indices { room.append(piece[index]) }
            }
        }
        let (chunks, size) = cutter.finish()
        (survey, id) = (StreamSurvey(chunks: chunks, size: size), hasher.finish())
        content = .bytes([])
        holdsWhiteout = tree.holdsWhiteout
    }

    /// Writes the zip of a tree.
    private static func write(
        _ tree: TreeSurvey,
        in root: FileTree,
        of module: ModuleKey,
        into emit: (Span<UInt8>) throws -> Void
    ) throws {
        var writer = ModuleZipWriter(prefix: module.unescaped + "/")
        let files = LastDirectory(try root.open().existingDirectory(at: module.text))
        var piece: [UInt8] = []
        for entry in tree.manifest.entries {
            let file = try files.openFile(at: entry.path)
            try writer.begin(entry.path, size: entry.size, into: emit)
            for offset in stride(from: 0, to: entry.size, by: 1 << 20) {
                try file.read(at: offset, count: min(1 << 20, entry.size - offset), into: &piece)
                try writer.write(piece.span, into: emit)
            }
        }
        try writer.finish(into: emit)
    }
}
