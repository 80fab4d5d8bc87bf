import SystemPackage

/// The state of a module tree when it was read once.
struct TreeSurvey: Sendable {
    /// The manifest, which lists the files.
    var manifest: TreeManifest

    /// The manifest's text.
    var text: [UInt8]

    /// The `h1:` hash of the files.
    var h1: ObjectID

    /// The content of the files, as one stream.
    var stream: StreamSurvey

    /// Whether a name in the tree has a meaning of its own in image layers: see
    /// ``PathRules/isWhiteout(_:)``.
    var holdsWhiteout: Bool { Self.holdsWhiteout(manifest) }

    /// Whether the module travels as a zip, because an archive or an image layer can't hold the files.
    var travelsAsZip: Bool { Self.travelsAsZip(manifest) }

    /// Returns whether a module with a manifest travels as a zip.
    static func travelsAsZip(_ manifest: TreeManifest) -> Bool {
        manifest.entries.isEmpty || holdsWhiteout(manifest)
    }

    private static func holdsWhiteout(_ manifest: TreeManifest) -> Bool {
        manifest.entries.contains { PathRules.isWhiteout($0.path) }
    }

    /// Reads a tree.
    ///
    /// - Parameters:
    ///   - module: The module.
    ///   - root: GOMODCACHE.
    ///   - cutter: The cutter, which is reset first.
    /// - Returns: The survey.
    /// - Throws: ``TreeListing/Fault`` for a tree that can't be packed, or ``CacheStoreError`` if the machine
    ///   is at fault.
    static func read(
        _ module: ModuleKey,
        in root: FileTree,
        _ cutter: inout StreamCutter
    ) throws -> TreeSurvey {
        let path = root.path(below: module.text)
        do {
            return try read(module, from: root.open(), &cutter)
        } catch let fault as TreeManifest.Fault {
            throw TreeListing.Fault(leftOut: LeftOut(.badName, path, fault.message))
        } catch let error as CacheStoreError {
            throw TreeListing.Fault(leftOut: try LeftOut(error, error.path ?? path))
        }
    }

    private static func read(
        _ module: ModuleKey,
        from root: consuming Directory,
        _ cutter: inout StreamCutter
    ) throws -> TreeSurvey {
        let directory = try root.existingDirectory(at: module.text)
        var entries = try TreeListing(directory).files
        try checkSize(of: entries)
        let files = LastDirectory(directory)
        cutter.reset()
        var hash = TreeHash(module)
        for index in entries.indices {
            let content = try StreamSurvey.append(files.openFile(at: entries[index].path), to: &cutter)
            entries[index].size = content.size
            hash.add(entries[index].path, id: content.id)
        }
        let (manifest, text) = try manifest(of: entries)
        let (chunks, read) = cutter.finish()
        return TreeSurvey(
            manifest: manifest,
            text: text,
            h1: hash.finish(),
            stream: StreamSurvey(chunks: chunks, size: read)
        )
    }

    // MARK: - Limits

    /// Refuses files that are longer together than those of a module may be.
    ///
    /// - Throws: ``TreeManifest/Fault``.
    static func checkSize(of entries: [TreeManifest.Entry]) throws {
        var size = 0
        for entry in entries { size = min(Int.max / 2, size) + min(Int.max / 2, entry.size) }
        guard size <= FormatLimits.treeSize else {
            throw TreeManifest.Fault(message: "its \(size) bytes are more than Go accepts in a module")
        }
    }

    /// Returns the manifest of files, and its text.
    ///
    /// - Throws: ``TreeManifest/Fault`` for names that no module has, or for more files than a module may
    ///   have.
    static func manifest(of entries: [TreeManifest.Entry]) throws -> (TreeManifest, text: [UInt8]) {
        let manifest = try TreeManifest(entries)
        let text = manifest.text
        guard text.count <= FormatLimits.manifestSize, entries.count <= FormatLimits.treeFiles else {
            let fault = "its \(entries.count) files are more than Go accepts in a module"
            throw TreeManifest.Fault(message: fault)
        }
        return (manifest, text)
    }
}
