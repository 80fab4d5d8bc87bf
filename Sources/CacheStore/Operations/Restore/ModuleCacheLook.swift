import SystemPackage

/// A comparison of GOMODCACHE with the modules of an archive, which changes nothing.
struct ModuleCacheLook: Sendable {
    /// The restore, of which only methods that look are called; `nil` if there is no GOMODCACHE.
    let work: ModuleCacheRestore?
    let options: Restore.Options
    let chunks: [ChunkRecord]
    let report: Gathered<Restore.Report>

    /// Counts what a restore would do with a module.
    ///
    /// - Throws: The error of `check`, or ``CacheStoreError``.
    func look(
        at item: ModuleCacheRestore.Item,
        with reader: inout ChunkReader,
        check: () throws -> Void
    ) throws {
        let path = item.module.downloadDirectory.pathElements
        let downloads = OptionalDirectory(try work?.root.directory.directory(at: path))
        try lookAtLock(of: item, downloads)
        if let tree = item.tree { try look(at: tree, of: item, downloads, with: &reader, check) }
        for download in item.downloads { try look(at: download, of: item, downloads) }
    }

    /// A directory, or its absence.
    private struct OptionalDirectory: ~Copyable {
        let directory: Directory?
        init(_ directory: consuming Directory?) { self.directory = directory }

        func status(of name: String) throws -> FileStatus? { try directory?.status(of: name) }

        func path(of name: String) -> FilePath? { directory?.path(of: name) }
    }

    private func note(_ outcome: PutOutcome, bytes: Int) {
        report.update {
            $0.downloads.count(outcome)
            if outcome != .untouched { $0.bytesWritten += bytes }
        }
    }

    /// Refuses what stands in the place of a module's lock and can't be locked.
    ///
    /// - Throws: ``CacheStoreError``, the same as a restore would.
    private func lookAtLock(
        of item: ModuleCacheRestore.Item,
        _ downloads: borrowing OptionalDirectory
    ) throws {
        // A restore takes no lock for other modules.
        guard item.tree != nil || item.zipHash != nil else { return }
        let name = "\(item.module.version).lock"
        let cause: Errno? =
            switch try downloads.status(of: name)?.kind {
            case .directory: .isDirectory
            case .symbolicLink: .tooManySymbolicLinkLevels
            default: nil
            }
        guard let cause, let path = downloads.path(of: name) else { return }
        throw CacheStoreError.system(cause, "create", path)
    }

    // MARK: - Trees

    private func look(
        at tree: MemberSet.Tree,
        of item: ModuleCacheRestore.Item,
        _ downloads: borrowing OptionalDirectory,
        with reader: inout ChunkReader,
        _ check: () throws -> Void
    ) throws {
        let manifest = try reader.manifest(of: tree, chunks: chunks)
        let status = try work?.root.directory.status(ofModule: tree.module)
        let isPartial = try downloads.status(of: "\(tree.module.version).partial") != nil
        let isRight = try status != nil && !isPartial && work?.isRight(tree, manifest, check: check) == true
        if isRight { report.update { $0.treeFiles.untouched += tree.files } }
        let hasZip = item.downloads.contains { $0.content == .derived }
        // The layer of an image can't hold such a tree.
        if options.profile == .image, manifest.entries.contains(where: { PathRules.isWhiteout($0.path) }) {
            if !item.storesZip { try lookAtZip(of: tree, manifest, downloads) }
            return
        }
        if !isRight { try compare(tree, manifest, status, with: &reader, check) }
        if hasZip, options.moduleZips == .make { try lookAtZip(of: tree, manifest, downloads) }
    }

    private func compare(
        _ tree: MemberSet.Tree,
        _ manifest: TreeManifest,
        _ status: FileStatus?,
        with reader: inout ChunkReader,
        _ check: () throws -> Void
    ) throws {
        guard status?.kind == .directory, let found = try work?.directory(of: tree.module) else {
            return report.update {
                $0.treeFiles.created += tree.files
                $0.bytesWritten += tree.size
            }
        }
        var cleaner = TreeCleaner(manifest)
        cleaner.isPreview = true
        var strays = 0
        try cleaner.clean(found, removed: &strays)
        var comparison = TreeComparison(found)
        try reader.walk(tree, manifest, chunks: chunks, visitor: &comparison, check: check)
        let (tally, bytes, removed) = (comparison.tally, comparison.bytesWritten, strays)
        report.update {
            $0.treeFiles = $0.treeFiles + tally
            $0.bytesWritten += bytes
            $0.removed += removed
        }
    }

    /// Counts the zip that is made of a tree.
    private func lookAtZip(
        of tree: MemberSet.Tree,
        _ manifest: TreeManifest,
        _ downloads: borrowing OptionalDirectory
    ) throws {
        // Go accepts no zip of a tree that is too large, so none is made.
        guard let size = try? ModuleZipWriter.size(of: tree.module, manifest) else { return }
        let name = "\(tree.module.version).zip"
        guard let status = try downloads.status(of: name) else { return note(.created, bytes: size) }
        let isRight =
            if status.kind == .regular, let file = try downloads.directory?.file(name) {
                (try? ModuleZip.h1(of: file, module: tree.module)) == tree.h1
            } else { false }
        note(isRight ? .untouched : .replaced, bytes: size)
    }

    // MARK: - Downloads

    private func look(
        at download: MemberSet.Download,
        of item: ModuleCacheRestore.Item,
        _ downloads: borrowing OptionalDirectory
    ) throws {
        let name = "\(item.module.version).\(download.kind.rawValue)"
        switch download.content {
        case .derived: return
        case .bytes(let bytes):
            if download.kind == .info, options.modules != nil,
                try downloads.directory?.holdsInfo(of: item.module, name, work) == true
            {
                return note(.untouched, bytes: 0)
            }
            try look(at: bytes, name, in: downloads)
        case .stored(let id, let size, _):
            guard let status = try downloads.status(of: name) else { return note(.created, bytes: size) }
            let content = StreamWriter(id: id, size: size, chunks: [])
            let isRight = try downloads.directory?.holds(content, name, status)
            note(isRight == true ? .untouched : .replaced, bytes: size)
        }
    }

    private func look(
        at bytes: [UInt8],
        _ name: String,
        in parent: borrowing OptionalDirectory
    ) throws {
        guard let status = try parent.status(of: name) else { return note(.created, bytes: bytes.count) }
        var isRight = false
        if status.kind == .regular, status.size == bytes.count, let file = try parent.directory?.file(name) {
            isRight = try file.bytes(count: bytes.count) == bytes
        }
        note(isRight ? .untouched : .replaced, bytes: bytes.count)
    }

    // MARK: - Files of no single version

    /// Counts the lists of the modules' versions.
    func lookAtLists(of items: [ModuleCacheRestore.Item]) throws {
        for (path, items) in Dictionary(grouping: items, by: \.module.downloadDirectory) {
            let directory = OptionalDirectory(try work?.root.directory.directory(at: path.pathElements))
            var names = try directory.directory?.names().valid ?? []
            for item in items {
                names += item.downloads.filter { $0.kind == .mod }.map { "\($0.module.version).mod" }
            }
            try look(at: VersionList.bytes(for: names), "list", in: directory)
        }
    }

    /// Counts a file of the checksum database.
    func look(at file: MemberSet.ChecksumFile) throws {
        var elements = "\(ModuleCacheLayout.checksumDirectory)/\(file.path)".pathElements
        let name = elements.removeLast()
        try look(
            at: file.bytes,
            name,
            in: OptionalDirectory(try work?.root.directory.directory(at: elements))
        )
    }
}

extension Directory {
    fileprivate func holds(_ content: StreamWriter, _ name: String, _ status: FileStatus) throws -> Bool {
        try content.isRight(name, status, in: self)
    }

    fileprivate func holdsInfo(
        of module: ModuleKey,
        _ name: String,
        _ work: ModuleCacheRestore?
    ) throws -> Bool? {
        try work?.hasInfo(of: module, name, in: self)
    }
}

/// A comparison of the files of a module tree with those that are there.
private struct TreeComparison: TreeVisitor, ~Copyable {
    private let files: LastDirectory

    /// The file that is there, as long as it is the same.
    private var existing: File?
    private var wasThere = false

    private(set) var tally = Restore.Report.Tally()
    private(set) var bytesWritten = 0

    init(_ tree: consuming Directory) { files = LastDirectory(tree) }

    mutating func begin(_ entry: TreeManifest.Entry) throws {
        existing = nil
        wasThere = false
        do throws(CacheStoreError) {
            let file = try files.openFile(at: entry.path)
            let status = try file.status()
            wasThere = true
            guard status.size == entry.size, (status.mode & 0o100 != 0) == entry.isExecutable else { return }
            existing = consume file
        } catch {
            guard !error.isOfMachine || error.code == .notFound else { throw error }
        }
    }

    mutating func write(_ bytes: Span<UInt8>, at offset: Int) throws {
        guard let found = try existing?.bytes(at: offset, count: bytes.count) else { return }
        guard found.count == bytes.count, bytes.indices.allSatisfy({ found[$0] == bytes[$0] }) else {
            existing = nil
            return
        }
    }

    mutating func end(_ entry: TreeManifest.Entry) {
        let isSame = existing != nil
        tally.count(isSame ? .untouched : wasThere ? .replaced : .created)
        if !isSame { bytesWritten += entry.size }
        existing = nil
    }
}
