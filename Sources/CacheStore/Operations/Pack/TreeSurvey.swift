import SystemPackage

/// What one reading of a module tree found.
struct TreeSurvey: Sendable {
    /// The files.
    var manifest: TreeManifest

    /// The manifest's text.
    var text: [UInt8]

    /// The `h1:` hash of the files.
    var h1: ObjectID

    /// The content of the files, as one stream.
    var stream: StreamSurvey

    /// Why a tree can't be packed.
    struct Fault: Error {
        var leftOut: LeftOut
    }

    /// Reads a tree.
    ///
    /// - Parameters:
    ///   - module: The module.
    ///   - root: GOMODCACHE.
    ///   - cutter: Is reused.
    /// - Returns: What was found.
    /// - Throws: ``Fault`` for a tree that is no module's.
    static func read(_ module: ModuleKey, in root: FilePath, _ cutter: inout StreamCutter) throws(Fault)
        -> TreeSurvey
    {
        let path = root.appending(FilePath(module.text).components)
        do {
            let directory = try Directory(opening: path)
            var files: [TreeManifest.Entry] = []
            try list(directory, prefix: "", into: &files)
            files.sort { $0.path.precedes($1.path) }
            cutter.reset()
            var hash = TreeHash(module)
            for index in files.indices {
                let name = files[index].path
                guard let file = try directory.file(name) else {
                    throw CacheStoreError.system(.noSuchFileOrDirectory, "open", directory.path(of: name))
                }
                let content = try StreamSurvey.append(file, to: &cutter)
                files[index].size = content.size
                hash.add(name, id: content.id)
            }
            let manifest = try TreeManifest(files)
            let text = manifest.text
            guard text.count <= Chunker.maximumSize, !text.isEmpty else {
                let reason = text.isEmpty ? "it has no files" : "it has too many files"
                throw TreeManifest.Fault(message: reason)
            }
            let (chunks, size) = cutter.finish()
            return TreeSurvey(
                manifest: manifest,
                text: text,
                h1: hash.finish(),
                stream: StreamSurvey(chunks: chunks, size: size)
            )
        } catch let fault as Fault {
            throw fault
        } catch let fault as TreeManifest.Fault {
            throw Fault(leftOut: LeftOut(.badName, path, fault.message))
        } catch {
            guard let error = error as? CacheStoreError else {
                throw Fault(leftOut: LeftOut(.unreadable, path, "\(error)"))
            }
            throw Fault(leftOut: LeftOut(error, error.path ?? path))
        }
    }

    /// Lists the files below a directory; what is neither file nor directory makes the tree no module's.
    private static func list(
        _ directory: borrowing Directory,
        prefix: String,
        into files: inout [TreeManifest.Entry]
    ) throws {
        let names = try directory.names()
        if let path = names.invalid.first {
            throw Fault(leftOut: LeftOut(.badName, path, "its name is not UTF-8: the tree is left out"))
        }
        for name in names.valid {
            guard let status = try directory.status(of: name) else { continue }
            switch status.kind {
            case .regular:
                files.append(
                    TreeManifest.Entry(
                        path: prefix + name,
                        size: status.size,
                        isExecutable: status.mode & 0o100 != 0
                    )
                )
            case .directory:
                if let inner = try directory.directory(name) {
                    try list(inner, prefix: prefix + name + "/", into: &files)
                }
            case .symbolicLink, .other:
                let reason: LeftOut.Reason = status.kind == .symbolicLink ? .symbolicLink : .specialFile
                let explanation = "a \(status.noun) in a module: the tree is left out"
                throw Fault(leftOut: LeftOut(reason, directory.path(of: name), explanation))
            }
        }
    }
}
