import SystemPackage

/// A restore of the members of GOMODCACHE.
///
/// The lock and the marker `.partial` are Go's own (cmd/go/internal/modfetch/fetch.go, `download`). Under the
/// lock of a module, the marker comes first, then the small files, then the tree. Finally, the marker is
/// removed. Whenever the work ends early, Go sees the marker. A tree that is right needs no marker.
struct ModuleCacheRestore: Sendable {
    /// A module and its parts in the archive.
    struct Item: Sendable {
        var module: ModuleKey
        var tree: MemberSet.Tree?
        var downloads: [MemberSet.Download] = []

        /// The length of the tree's and the zip's content, in bytes.
        var size: Int {
            downloads.reduce(tree?.size ?? 0) { sum, download in
                if case .stored(_, let size, _) = download.content { return sum + size }
                return sum
            }
        }
    }

    /// The length, in bytes, above which a tree is begun before the others.
    ///
    /// Otherwise one thread might be left with a long tree at the end.
    private static let largeSize = 64 << 20

    let root: CacheRoot
    let items: [Item]
    let chunks: [ChunkRecord]
    let profile: CacheProfile
    let makesZips: Bool

    /// Whether an `.info` that is there and sound stays, even if the archive's differs.
    let keepsInfo: Bool

    /// Whether the directories of new trees stay writable for their owner.
    let leavesTreesWritable: Bool

    /// The trees and zips that are left out because they are damaged.
    let damage: RestoreDamage
    let report: Gathered<Restore.Report>
    let counters: ProgressCounters

    /// Returns the modules of a set: first the large ones, then all others in the order of their frames.
    static func items(of set: MemberSet) -> [Item] {
        var items: [ModuleKey: Item] = [:]
        for tree in set.trees { items[tree.module] = Item(module: tree.module, tree: tree) }
        for download in set.downloads {
            items[download.module, default: Item(module: download.module)].downloads.append(download)
        }
        let ordered = items.values.sorted { $0.module < $1.module }
        let large = ordered.filter { $0.size > largeSize }.sorted { $0.size > $1.size }
        return large + ordered.filter { $0.size <= largeSize }
    }

    /// Returns the space that the restore needs for trees that are not there yet, in bytes.
    func neededBytes() throws(CacheStoreError) -> Int {
        var sum = 0
        for item in items {
            guard let tree = item.tree, try root.directory.status(ofModule: item.module) == nil else {
                continue
            }
            // Each file wastes half a block on average.
            let content = makesZips ? 2 * tree.size : tree.size
            let (total, overflow) = sum.addingReportingOverflow(content + 2048 * tree.files)
            sum = overflow ? Int.max : total
        }
        return sum
    }

    /// Returns the chunks of the manifests, and those of the trees and zips that are not there yet.
    func absentChunks() throws(CacheStoreError) -> [ChunkRecord] {
        var numbers: [ChunkNumber] = []
        for item in items {
            if let tree = item.tree {
                let isThere = try root.directory.status(ofModule: item.module) != nil
                numbers += tree.manifest.numbers + (isThere ? [] : tree.chunks.numbers)
            }
            for download in item.downloads {
                guard case .stored(_, _, let chunks) = download.content else { continue }
                let directory = try root.directory.directory(at: item.module.downloadDirectory.pathElements)
                let name = "\(item.module.version).\(download.kind.rawValue)"
                if try directory?.status(of: name) == nil { numbers += chunks.numbers }
            }
        }
        return numbers.map { chunks[$0] }
    }

    /// Opens the tree of a module, whether the directories above it are symbolic links or not.
    func directory(of module: ModuleKey) throws(CacheStoreError) -> Directory? {
        guard root.directory.isTooLong(module) else {
            return try Unusable.passedOver(try Directory(opening: root.directory.path(below: module.text)))
        }
        return try root.directory.directory(at: module.text.pathElements)
    }

    /// Opens a directory outside of module trees, and creates what is missing of its path.
    func directory(at elements: some Collection<String>) throws(CacheStoreError) -> Directory {
        try root.directory.creatingDirectory(at: elements, mode: profile.moduleDirectoryMode)
    }

    // MARK: - One module

    /// Restores one module.
    ///
    /// - Parameters:
    ///   - item: The module.
    ///   - reader: The reader of its chunks.
    ///   - cancellation: The cancellation, which is checked between chunks.
    /// - Throws: ``CacheStoreError``, or `CancellationError`; nothing half-done is left then.
    func restore(
        _ item: Item,
        with reader: inout ChunkReader,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        let downloads = try directory(at: item.module.downloadDirectory.pathElements)
        if let tree = item.tree {
            return try withLock(of: item.module, in: downloads, cancellation) {
                try restore(item, tree, in: downloads, with: &reader, cancellation)
            }
        }
        if try isKnown(item, in: downloads) {
            return try withLock(of: item.module, in: downloads, cancellation) {
                try restoreDownloads(item, in: downloads, with: &reader, cancellation)
            }
        }
        try restoreNewDownloads(item, in: downloads, with: &reader, cancellation)
    }

    /// Restores a module with a tree, under the module's lock.
    private func restore(
        _ item: Item,
        _ tree: MemberSet.Tree,
        in downloads: borrowing Directory,
        with reader: inout ChunkReader,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        guard let manifest = try manifest(of: tree, with: &reader) else {
            return try restoreWithoutTree(item, tree, in: downloads, with: &reader, cancellation)
        }
        // A tree that is damaged leaves nothing, or else Go's marker. The downloads come before the tree.
        let isWhole = try damage.containing(note: { $0.trees[tree.module] = $1 }) {
            try restoreTree(item, tree, manifest, in: downloads, with: &reader, cancellation)
        }
        if !isWhole { try removeWrongZip(of: item, in: downloads) }
        counters.add(bytes: tree.size, items: 0)
    }

    /// Restores a module's downloads and its tree, under the module's lock.
    private func restoreTree(
        _ item: Item,
        _ tree: MemberSet.Tree,
        _ manifest: TreeManifest,
        in downloads: borrowing Directory,
        with reader: inout ChunkReader,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        let marker = "\(item.module.version).partial"
        if manifest.entries.contains(where: { PathRules.isWhiteout($0.path) }) {
            if try restoreZip(item, tree, manifest, in: downloads, with: &reader, cancellation) { return }
        }
        if try downloads.status(of: marker) == nil, try isRight(tree, manifest, cancellation) {
            try restoreDownloads(item, in: downloads, with: &reader, cancellation)
            try openTree(of: tree.module, cancellation)
            report.update { $0.treeFiles.untouched += tree.files }
        } else {
            _ = try downloads.creatingFile(marker, mode: profile.moduleFileMode, replacing: true)
            try restoreDownloads(item, in: downloads, with: &reader, cancellation)
            try writeTree(tree, manifest, with: &reader, cancellation) {
                try downloads.remove(marker)
            }
            try downloads.remove(marker)
        }
        guard makesZips, item.downloads.contains(where: { $0.content == .derived }) else { return }
        // The tree is right by now, so damage can only keep the zip from being made.
        let isMade = try damage.containing(note: { $0.zips[tree.module] = $1 }) {
            if let fault = try makeZip(item, tree, manifest, in: downloads, with: &reader, cancellation) {
                // Go accepts no zip above 500 MiB, and this zip is not compressed.
                warn(
                    .moduleZip,
                    "no zip was made for \(tree.module.text): \(fault); `go mod download` will fetch it"
                )
            }
        }
        if !isMade { try removeWrongZip(of: item, in: downloads) }
    }

    /// Returns whether the existing tree is the archive's.
    ///
    /// The names, lengths and modes of files are compared first. Only a tree that has all of them is read.
    func isRight(
        _ tree: MemberSet.Tree,
        _ manifest: TreeManifest,
        check: () throws -> Void
    ) throws -> Bool {
        guard try root.directory.status(ofModule: tree.module)?.kind == .directory,
            let directory = try directory(of: tree.module),
            let listing = try listing(of: directory), listing.files == manifest.entries
        else { return false }
        return try hash(of: listing, in: directory, tree.module, check: check) == tree.h1
    }

    /// Returns whether the existing tree is the archive's.
    func isRight(
        _ tree: MemberSet.Tree,
        _ manifest: TreeManifest,
        _ cancellation: WorkerThreads.Cancellation
    ) throws -> Bool {
        try isRight(tree, manifest) { try cancellation.check() }
    }

    /// Lists a tree that is there, or returns `nil` if it is none that can be used.
    func listing(of directory: borrowing Directory) throws -> TreeListing? {
        do {
            return try TreeListing(directory)
        } catch is TreeListing.Fault {
            return nil
        } catch let error as CacheStoreError where !error.isOfMachine || error.code == .permissionDenied {
            return nil
        }
    }

    /// Returns the `h1:` hash of a tree that is there, or `nil` if a file of it can't be opened.
    func hash(
        of listing: TreeListing,
        in directory: consuming Directory,
        _ module: ModuleKey,
        check: () throws -> Void
    ) throws -> ObjectID? {
        let files = LastDirectory(directory)
        var hash = TreeHash(module)
        var piece: [UInt8] = []
        for entry in listing.files {
            try check()
            guard let file = try Unusable.passedOver(try files.openFile(at: entry.path)) else { return nil }
            var content = ContentHasher()
            var offset = 0
            repeat {
                try file.read(at: offset, count: 1 << 20, into: &piece)
                content.update(piece.span)
                offset += piece.count
            } while !piece.isEmpty
            hash.add(entry.path, id: content.finish())
        }
        return hash.finish()
    }

    private func writeTree(
        _ tree: MemberSet.Tree,
        _ manifest: TreeManifest,
        with reader: inout ChunkReader,
        _ cancellation: WorkerThreads.Cancellation,
        undo: () throws -> Void
    ) throws {
        let elements = tree.module.text.pathElements
        let parent = try directory(at: elements.dropLast())
        let name = elements[elements.count - 1]
        var isNew = true
        if let status = try parent.status(of: name) {
            isNew = false
            if status.kind == .directory, let directory = try parent.directory(name) {
                var removed = 0
                try TreeCleaner(manifest).clean(directory, removed: &removed)
                let count = removed
                report.update { $0.removed += count }
            } else {
                try parent.remove(name)
                isNew = true
            }
        }
        do {
            let directory = try parent.creatingDirectory(name)
            var writer = TreeWriter(
                directory,
                mending: isNew ? nil : manifest,
                mode: leavesTreesWritable ? 0o755 : 0o555,
                hasher: TreeHasher(tree.module)
            )
            try reader.walk(tree, manifest, chunks: chunks, isCovered: true, visitor: &writer) {
                try cancellation.check()
            }
            guard try writer.finish() == tree.h1 else {
                throw try reader.wrongHash(of: tree, chunks) { try cancellation.check() }
            }
            // Some files were left as they were found. Only a look at all of them proves what is there now.
            guard try isNew || isRight(tree, manifest, cancellation) else {
                throw CacheStoreError(
                    .io,
                    "the tree was mended and is not right even so, because another process changes it",
                    path: parent.path(of: name)
                )
            }
            let (tally, bytes) = (writer.tally, writer.bytesWritten)
            report.update {
                $0.treeFiles = $0.treeFiles + tally
                $0.bytesWritten += bytes
            }
        } catch {
            // Nothing half-done is left. A tree that was there before keeps its marker, because it may be
            // mended only in part.
            if isNew, (try? parent.removeAll(name)) != nil { try? undo() }
            if let error = error as? CacheStoreError {
                throw error.naming(member: "tree \(tree.module.text)")
            }
            throw error
        }
    }

    // MARK: - Files of no single version

    /// Restores the list of a module's versions; the module's `.mod` files must be in place.
    func restoreVersionList(in path: String) throws {
        let directory = try directory(at: path.pathElements)
        try put(VersionList.bytes(for: directory.names().valid), as: "list", in: directory)
        counters.add(bytes: 0)
    }

    /// Restores a file of the checksum database.
    func restore(_ file: MemberSet.ChecksumFile) throws {
        var elements = "\(ModuleCacheLayout.checksumDirectory)/\(file.path)".pathElements
        let name = elements.removeLast()
        let directory = try directory(at: elements)
        try put(file.bytes, as: name, in: directory)
        counters.add(bytes: 0)
    }

    /// Gives the directories and files of the whole cache, and not only those that the restore has made, the
    /// modes that the profile promises.
    func setModes(apartFrom buildCache: FilePath?, _ cancellation: WorkerThreads.Cancellation) throws {
        guard profile.seals else { return }
        var modes = try ModuleCacheModes(profile, apartFrom: buildCache, .mendOwn)
        try modes.look(at: root.directory) { try cancellation.check() }
    }

    /// Gives a tree that was there and right the modes that the profile promises.
    func openTree(of module: ModuleKey, _ cancellation: WorkerThreads.Cancellation) throws {
        guard profile.seals else { return }
        // The directories above the tree may be symbolic links, as in `status(of:)`.
        let path = root.directory.path(below: module.text)
        guard let name = path.lastComponent?.string,
            let parent = try? Directory(opening: path.removingLastComponent())
        else { return }
        var modes = try ModuleCacheModes(profile, apartFrom: nil, .mendOwn)
        try modes.lookAtTree(name, of: parent) { try cancellation.check() }
    }
}
