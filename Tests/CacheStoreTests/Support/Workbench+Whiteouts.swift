import SystemPackage
import Testing

@testable import CacheStore

/// Archives that hold trees with names that image layers take for a removal, as earlier versions packed them.
extension Workbench {
    /// Packs a model, and keeps the trees that a pack turns into zips.
    ///
    /// The names are disguised for the pack. Afterwards, the manifests and hashes in the archive get the real
    /// names.
    ///
    /// - Parameters:
    ///   - model: The caches.
    ///   - name: The name of the archive.
    /// - Returns: The archive.
    /// - Throws: The error of the pack or of writing.
    func packKeepingTrees(_ model: CacheModel, to name: String) async throws -> FilePath {
        var disguised = model
        var modules: [ModuleKey: ObjectID] = [:]
        for path in model.files.keys where path.contains("/.wh.") && !path.hasPrefix("mod/cache/") {
            guard let module = Self.module(of: path) else { continue }
            disguised.files[path] = nil
            disguised.files[path.replacing("/.wh.", with: "/.wi.")] = model.files[path]
            modules[module] = CacheModel.id("")
        }
        for module in modules.keys {
            let place = "mod/\(module.downloadDirectory)/\(module.version).ziphash"
            modules[module] = ModuleHash.id(ofZiphash: model.files[place]?.bytes ?? [])
            var hash = TreeHash(module)
            let prefix = "mod/\(module.text)/"
            for (path, file) in disguised.files where path.hasPrefix(prefix) {
                hash.add(String(path.dropFirst(prefix.count)), id: ContentHasher.hash(file.bytes.span))
            }
            disguised.files[place]?.bytes = Array(ModuleHash.text(of: hash.finish()).utf8)
        }
        let pack = try await pack(disguised, to: "disguised \(name)").path
        return try undisguise(pack, modules, to: name)
    }

    private static func module(of path: String) -> ModuleKey? {
        let elements = path.pathElements.dropFirst()
        guard let last = elements.firstIndex(where: { $0.contains("@") }) else { return nil }
        return ModuleKey(elements[...last].joined(separator: "/"))
    }

    private func undisguise(
        _ pack: FilePath,
        _ modules: [ModuleKey: ObjectID],
        to name: String
    ) throws -> FilePath {
        let archive = try Archive(opening: pack)
        var (set, _) = try archive.members()
        var reader = try ChunkReader(archive)
        let compressor = try ZstdCompressor(level: 1)
        var frames: [ChunkNumber: [UInt8]] = [:]
        for index in set.trees.indices {
            guard let h1 = modules[set.trees[index].module],
                let number = set.trees[index].manifest.first
            else { continue }
            try reader.read(set.chunks[number])
            let text = String(decoding: reader.content, as: UTF8.self)
                .replacing(" .wi.", with: " .wh.").replacing("/.wi.", with: "/.wh.")
            let frame = try compressor.frame(Array(text.utf8).span)
            frames[number] = frame
            set.chunks[number] = ChunkRecord(
                id: ContentHasher.hash(Array(text.utf8).span),
                offset: 0,
                storedBytes: frame.count,
                contentBytes: text.utf8.count,
                checksum: XXH64.hash(frame.span)
            )
            set.trees[index].h1 = h1
        }
        for index in set.downloads.indices where set.downloads[index].kind == .ziphash {
            guard let h1 = modules[set.downloads[index].module] else { continue }
            set.downloads[index].content = .bytes(Array(ModuleHash.text(of: h1).utf8))
        }
        var all: [UInt8] = []
        for index in set.chunks.indices {
            let number = ChunkNumber(index)
            var frame: [UInt8] = []
            if let changed = frames[number] {
                frame = changed
            } else {
                try archive.frames.read([set.chunks[number]], into: &frame)
            }
            set.chunks[number].offset = all.count
            all += frame
        }
        var index: [UInt8] = []
        let written = try IndexWriter.write(set, digest: set.digest, beside: path(name))
        try written.forEachPiece { _, piece in for place in piece.indices { index.append(piece[place]) } }
        return try HostileArchive(bench: self).write(frames: all, index: index, to: name)
    }
}
