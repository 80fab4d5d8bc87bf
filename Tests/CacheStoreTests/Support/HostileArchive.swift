import SystemPackage
import Testing

@testable import CacheStore

/// A writer of archives that no pack would write: the checksums are right, and index or content is wrong.
struct HostileArchive {
    let bench: Workbench

    /// Packs a sound archive with a little of everything.
    func sound(to name: String = "sound") async throws -> FilePath {
        var model = CacheModel()
        model.addPair("file", Array("an object file".utf8))
        model.addPair("program", Array("#!/bin/sh".utf8), executable: "tool")
        let files = [
            ("go.mod", Array("module example.com/m\n".utf8), false),
            ("m.go", Array("package m\n".utf8), false),
        ]
        var module = CacheModel.Module(path: "example.com/m", version: "v1.0.0", files: files)
        try model.addModule(module)
        module.path = "example.com/zipped"
        try model.addModule(module, [.zip, .mod, .hash])
        model.addChecksumFile("sum.golang.org/tile/8/0/000", [1, 2, 3])
        return try await bench.pack(model, to: name).path
    }

    /// Writes an archive whose index differs from a sound one's.
    ///
    /// - Parameters:
    ///   - sound: The sound archive.
    ///   - sql: The SQL that changes the index.
    ///   - added: Bytes that follow the frames of the sound archive.
    ///   - name: The name of the new archive.
    ///   - patch: Called with the bytes of the index that SQLite has written, to change them.
    /// - Returns: The new archive; every checksum in it is right.
    /// - Throws: ``SQLiteError`` for SQL that is invalid.
    func write(
        from sound: FilePath,
        sql: String = "",
        adding added: [UInt8] = [],
        to name: String,
        patch: (inout [UInt8]) throws -> Void = { _ in }
    ) throws -> FilePath {
        let file = try File(reading: sound)
        let trailer = try Trailer(reading: file)
        let scratch = try ScratchFile(beside: bench.path("\(name).sqlite"))
        do {
            let database = try SQLiteDatabase(FileWindow(descriptor: scratch.file.descriptor))
            try database.execute("PRAGMA journal_mode = OFF; PRAGMA page_size = 4096")
            try database.execute("PRAGMA application_id = \(IndexSchema.applicationID)")
            let index = FileWindow(
                descriptor: file.descriptor,
                offset: trailer.indexOffset,
                size: trailer.indexSize
            )
            try database.execute("PRAGMA user_version = 1; ATTACH '\(index.name)' AS sound")
            for table in IndexSchema.tables {
                try database.execute(table)
                let name = table.dropFirst("CREATE TABLE ".count).prefix { $0 != "(" }
                try database.execute("INSERT INTO main.\(name) SELECT * FROM sound.\(name)")
            }
            try database.execute("DETACH sound")
            if !sql.isEmpty { try database.execute(sql) }
        }
        var index = try scratch.file.bytes(count: scratch.file.status().size)
        // The rows are what is wrong, and not the bytes that SQLite makes of their history. Other tables have
        // no right bytes.
        if !["CREATE", "DROP", "ALTER", "PRAGMA"].contains(where: { sql.contains($0) }) {
            let changed = FileWindow(descriptor: scratch.file.descriptor, size: index.count)
            let image = try IndexImage.made(from: changed, version: 1, path: scratch.file.path)
            index = try image.file.bytes(count: image.file.status().size)
        }
        try patch(&index)
        let frames = try file.bytes(count: trailer.framesSize) + added
        return try write(frames: frames, index: index, to: name)
    }

    /// Writes an archive whose members differ from a sound one's, and whose digest is that of its members.
    ///
    /// - Parameters:
    ///   - sound: The sound archive.
    ///   - sql: The SQL that changes the members.
    ///   - name: The name of the new archive.
    /// - Returns: The new archive.
    /// - Throws: The errors of ``write(from:sql:adding:to:patch:)``.
    func writeDigested(from sound: FilePath, sql: String, to name: String) throws -> FilePath {
        let changed = try Archive(opening: write(from: sound, sql: sql, to: "\(name) without its digest"))
        let digest = try changed.digest(changed.index())
        let sealing = "UPDATE archive SET value = x'\(digest)' WHERE name = 'digest'"
        return try write(from: changed.path, sql: sealing, to: name)
    }

    /// Writes an archive of one module tree with any manifest.
    ///
    /// - Parameters:
    ///   - manifest: The text of the manifest.
    ///   - content: The content of the tree's stream.
    ///   - files: The number of files, as the index states it.
    ///   - name: The name of the archive.
    /// - Returns: The archive.
    /// - Throws: The error of writing.
    func tree(manifest: [UInt8], content: [UInt8], files: Int, to name: String) throws -> FilePath {
        let compressor = try ZstdCompressor(level: 1)
        var set = MemberSet()
        set.sources = [Source(label: "x", environment: GoEnvironment(), digest: CacheModel.id("x"))]
        let sources = set.sourceSets.number(of: [0])
        var frames: [UInt8] = []
        for bytes in [manifest, content] where !bytes.isEmpty {
            let frame = try compressor.frame(bytes.span)
            set.chunks.append(
                ChunkRecord(
                    id: ContentHasher.hash(bytes.span),
                    offset: frames.count,
                    storedBytes: frame.count,
                    contentBytes: bytes.count,
                    checksum: XXH64.hash(frame.span)
                )
            )
            frames += frame
        }
        let h1 = CacheModel.id("h1")
        let module = try #require(ModuleKey("example.com/m@v1.0.0"))
        set.trees = [
            MemberSet.Tree(
                module: module,
                h1: h1,
                files: files,
                executables: 0,
                size: content.count,
                manifest: .one(ChunkNumber(0)),
                chunks: content.isEmpty ? .none : .one(ChunkNumber(1)),
                sources: sources
            )
        ]
        let hash = MemberSet.Download.Content.bytes(Array(ModuleHash.text(of: h1).utf8))
        set.downloads = [MemberSet.Download(module: module, kind: .ziphash, content: hash, sources: sources)]
        var index: [UInt8] = []
        let written = try IndexWriter.write(set, digest: set.digest, beside: bench.path(name))
        try written.forEachPiece { _, piece in for position in piece.indices { index.append(piece[position]) }
        }
        return try write(frames: frames, index: index, to: name)
    }

    /// Writes an archive of frames and an index.
    func write(frames: [UInt8], index: [UInt8], to name: String) throws -> FilePath {
        let trailer = Trailer(
            version: 1,
            framesSize: frames.count,
            indexSize: index.count,
            indexID: ContentHasher.hash(index.span)
        )
        let head = try #require(trailer.head)
        let path = bench.path(name)
        try Files.write(frames + head + index + trailer.tail, to: path)
        return path
    }

    /// Expects that every reader refuses an archive, and that nothing is written outside of the target.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - codes: The codes of the right errors.
    ///   - onlyByContent: Whether the index alone looks sound.
    ///   - sourceLocation: The place of the expectation.
    /// - Throws: The error of the file system.
    func expectRefused(
        _ archive: FilePath,
        codes: Set<CacheStoreError.Code> = [.corruptArchive, .unsafePath],
        onlyByContent: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let report = try await Verify(options: .oneJob).run(archive)
        let isNamed = report.problems.contains { codes.contains($0.code) }
        #expect(isNamed, "verify finds nothing", sourceLocation: sourceLocation)
        if !onlyByContent {
            let error = await failure(sourceLocation: sourceLocation) { _ = try bench.contents(archive) }
            if let error { #expect(codes.contains(error.code), "\(error)", sourceLocation: sourceLocation) }
            let other = await failure(sourceLocation: sourceLocation) {
                _ = try await bench.unite(archive, to: "union")
            }
            if let other { #expect(codes.contains(other.code), "\(other)", sourceLocation: sourceLocation) }
        }
        let image = await failure("layers accepts it", sourceLocation: sourceLocation) {
            try await bench.image(archive, to: "image")
        }
        if let image { #expect(codes.contains(image.code), "\(image)", sourceLocation: sourceLocation) }
        let before = try TreeSnapshot(of: bench.root)
        let error = await failure("restore accepts it", sourceLocation: sourceLocation) {
            try await bench.restore(archive, to: "a/b/c/target") { $0.moduleZips = .make }
        }
        if let error { #expect(codes.contains(error.code), "\(error)", sourceLocation: sourceLocation) }
        let after = try TreeSnapshot(of: bench.root)
        let escaped = after.difference(from: before) {
            $0 == "a" || $0.hasPrefix("a/b/c/target") || $0 == "a/b" || $0 == "a/b/c"
        }
        #expect(escaped.isEmpty, sourceLocation: sourceLocation)
        let isClean = after.paths.allSatisfy { !$0.contains(".castore-") && !$0.hasSuffix(".tmp") }
        #expect(isClean, "a temporary file is left", sourceLocation: sourceLocation)
    }
}
