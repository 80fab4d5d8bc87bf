import SystemPackage

/// The downloads of a module: its small files, and its zip.
extension ModuleCacheRestore {
    /// Restores the downloads of a module, under the module's lock.
    ///
    /// A wrong tree goes first, because Go takes it once it has hashed a zip; the `.ziphash` comes last,
    /// because Go then trusts the tree and the zip beside it.
    func restoreDownloads(
        _ item: Item,
        in directory: borrowing Directory,
        with reader: inout ChunkReader,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        let isRemoved = try removeDistrustedTree(of: item, in: directory, cancellation)
        let isZipRight = try restoreFiles(item, in: directory, with: &reader, cancellation)
        try restoreHash(of: item, isTreeRemoved: isRemoved, isZipRight: isZipRight, in: directory)
    }

    /// Restores the downloads of a module but its `.ziphash`, with or without the module's lock.
    ///
    /// - Returns: Whether the archive stores the module's zip, and it is there and right.
    func restoreFiles(
        _ item: Item,
        in directory: borrowing Directory,
        with reader: inout ChunkReader,
        _ cancellation: WorkerThreads.Cancellation
    ) throws -> Bool {
        var isZipRight = false
        for download in item.downloads where download.kind != .ziphash {
            let name = "\(item.module.version).\(download.kind.rawValue)"
            switch download.content {
            case .bytes(let bytes):
                if download.kind == .info, try keepsInfo && hasInfo(of: item.module, name, in: directory) {
                    note(.untouched, bytes: 0)
                } else {
                    try put(bytes, as: name, in: directory)
                }
            case .derived: continue
            case .stored(let id, let size, let list):
                var content = StreamWriter(id: id, size: size, chunks: list.numbers.map { chunks[$0] })
                content.mode = profile.moduleFileMode
                isZipRight = try damage.containing(note: { $0.zips[item.module] = $1 }) {
                    do {
                        let outcome = try putZip(
                            content,
                            of: item,
                            as: name,
                            in: directory,
                            with: &reader,
                            cancellation
                        )
                        note(outcome, bytes: outcome == .untouched ? 0 : size)
                    } catch let error as CacheStoreError {
                        throw error.naming(member: download.memberName)
                    }
                }
                counters.add(bytes: size, items: 0)
            }
        }
        return isZipRight
    }

    /// Returns whether the `.info` of a module is there and sound.
    func hasInfo(
        of module: ModuleKey,
        _ name: String,
        in directory: borrowing Directory
    ) throws -> Bool {
        guard let status = try directory.status(of: name), status.kind == .regular,
            status.size <= FormatLimits.valueSize,
            let file = try Unusable.passedOver(try directory.file(name))
        else { return false }
        return ModuleInfo.fault(in: try file.bytes(count: status.size), of: module) == nil
    }

    /// Puts a stored zip under its name, unless it is there.
    ///
    /// Either way, it must have the hash that its `.ziphash` states, before it has the name.
    private func putZip(
        _ content: StreamWriter,
        of item: Item,
        as name: String,
        in directory: borrowing Directory,
        with reader: inout ChunkReader,
        _ cancellation: WorkerThreads.Cancellation
    ) throws -> PutOutcome {
        let archive = reader.frames.path
        let placement = FilePlacement(mode: content.mode)
        return try placement.put(name, in: directory, isKnownAbsent: false) { status in
            guard try content.isRight(name, status, in: directory), let file = try directory.file(name) else {
                return false
            }
            try StoredZip.check(file, of: item.module, item.downloads, in: archive)
            return true
        } write: { file in
            try content.write(to: file, with: &reader, ReadingCrew(cancellation))
            try StoredZip.check(file, of: item.module, item.downloads, in: archive)
        }
    }

    /// Writes a small file unless it is there already.
    func put(_ bytes: [UInt8], as name: String, in directory: borrowing Directory) throws {
        let outcome = try FilePlacement(mode: profile.moduleFileMode).put(bytes, as: name, in: directory)
        note(outcome, bytes: outcome == .untouched ? 0 : bytes.count)
    }

    func note(_ outcome: PutOutcome, bytes: Int) {
        report.update {
            $0.downloads.count(outcome)
            $0.bytesWritten += bytes
        }
    }

    func warn(_ code: Warning.Code, _ message: String) {
        report.update { $0.warnings.append(Warning(code: code, message: message)) }
    }

    /// Makes a module's zip from the content of its tree.
    ///
    /// - Returns: The reason why Go would refuse such a zip, and so none was made; `nil` if it was made or
    ///   was there.
    func makeZip(
        _ item: Item,
        _ tree: MemberSet.Tree,
        _ manifest: TreeManifest,
        in directory: borrowing Directory,
        with reader: inout ChunkReader,
        _ cancellation: WorkerThreads.Cancellation
    ) throws -> ZipError? {
        let name = "\(tree.module.version).zip"
        do {
            var size = 0
            let placement = FilePlacement(mode: profile.moduleFileMode)
            let outcome = try placement.put(name, in: directory, isKnownAbsent: false) { status in
                guard status.kind == .regular, let file = try directory.file(name) else { return false }
                return (try? ModuleZip.h1(of: file, module: tree.module)) == tree.h1
            } write: { file in
                var zipper = TreeZipper(tree.module, manifest, into: try file.duplicate())
                try reader.walk(tree, manifest, chunks: chunks, isCovered: true, visitor: &zipper) {
                    try cancellation.check()
                }
                size = try zipper.finish()
                // Nothing else checks the hash where the tree itself is not written.
                guard try ModuleZip.h1(of: file, module: tree.module) == tree.h1 else {
                    throw try reader.wrongHash(of: tree, chunks) { try cancellation.check() }
                        .naming(member: "tree \(tree.module.text)")
                }
            }
            note(outcome, bytes: size)
            return nil
        } catch let fault as ZipError {
            try removeWrongZip(of: item, in: directory)
            return fault
        }
    }
}
