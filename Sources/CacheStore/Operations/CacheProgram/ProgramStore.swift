import Glibc
import Synchronization
import SystemPackage

/// GOCACHE as the store of a cache program, and what the program keeps beside it until it ends.
final class ProgramStore: Sendable {
    /// The path of GOCACHE, in the form in which Go knows it.
    let path: FilePath

    /// An open directory, in a form that may be missing.
    private final class Root: Sendable {
        let directory: Directory
        init(_ directory: consuming Directory) { self.directory = directory }
    }

    /// GOCACHE, or `nil` if it can't be opened, or if no answer can name it.
    private let root: Root?

    private let scratches: ProgramScratches

    /// Called with each error of a file that can't be stored.
    private let note: @Sendable (CacheStoreError) -> Void

    /// The outputs that stand in GOCACHE with the right content, as this program has seen.
    private let known = Mutex<Set<ObjectID>>([])

    /// The outputs that a thread is bringing into GOCACHE.
    private let pendingOutputs = ProgramClaims()

    /// The actions whose entries a thread is writing.
    private let pendingEntries = ProgramClaims()

    /// The outputs that stand in scratch directories, by action.
    private let kept = Mutex<[ObjectID: ProgramAnswer.Hit]>([:])

    /// The paths of these outputs, of which several actions may have the same.
    private let keptOutputs = Mutex<[ObjectID: String]>([:])

    /// Whether notes of checks are kept; the lock is held while one is written.
    private let takesNotes = Mutex(true)

    private let keepsPutsOut: Bool

    /// Whether GOCACHE has the stamp of a restore, so that the times of entries tell what is used.
    private let isStamped: Bool

    /// The permission bits of files that an archive has, and those of files that Go puts.
    private static let mode: mode_t = 0o644
    private let putMode: mode_t = 0o666 & ~Umask.value

    /// Opens GOCACHE.
    ///
    /// - Parameters:
    ///   - program: The program.
    ///   - note: Called with each error of a file that can't be stored; the program goes on without it.
    init(_ program: CacheProgram, note: @escaping @Sendable (CacheStoreError) -> Void) {
        path = program.buildCache
        var opened: Root?
        do throws(CacheStoreError) {
            // The protocol is JSON, which can't name such a path.
            guard FilePath(path.string) == path else {
                throw CacheStoreError(
                    .badArgument,
                    "the path of GOCACHE is not UTF-8, so no answer to Go can name a file there",
                    path: path,
                    remedy: .chooseUTF8
                )
            }
            opened = Root(try Directory.creating(path))
        } catch {
            note(error)
        }
        var stamp = RestoreStamp.Found.nothing
        if let opened { stamp = (try? RestoreStamp.find(in: opened.directory)) ?? .nothing }
        isStamped = if case .stamp = stamp { true } else { false }
        let parents = opened == nil ? [] : [path]
        root = opened
        scratches = ProgramScratches(in: parents + [program.options.scratchParent])
        keepsPutsOut = program.options.keepsPutsOut
        self.note = note
    }

    /// Removes the scratch directories, and ends what the store writes.
    ///
    /// A check of an archive may go on after the end; its note would be torn by the end of the process.
    func close() {
        takesNotes.withLock { $0 = false }
        scratches.remove()
    }

    // MARK: - Looking

    /// Returns the output of an action, if GOCACHE or a scratch directory has it.
    ///
    /// The checks are those of Go: an entry of the right form, and an output of its length. As Go does, the
    /// files are marked as used if their last mark is an hour old.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func find(_ action: ObjectID) throws(CacheStoreError) -> ProgramAnswer.Hit? {
        if let hit = kept.withLock({ $0[action] }) { return hit }
        guard let root = root,
            let directory = try root.directory.directory(BuildCacheLayout.subdirectory(of: action))
        else {
            return nil
        }
        let name = "\(action)-a"
        guard let file = try Self.file(name, in: directory) else { return nil }
        let bytes = try file.bytes(count: ActionEntry.byteCount + 1)
        guard let entry = ActionEntry(bytes.span, named: action), let time = ActionEntry.time(bytes.span),
            let place = try root.directory.directory(BuildCacheLayout.subdirectory(of: entry.output))
        else { return nil }
        let output = BuildCacheLayout.fileName(ofOutput: entry.output)
        guard let status = try place.status(of: output), status.kind == .regular, status.size == entry.size
        else { return nil }
        Self.mark(name, try file.status(), in: directory)
        Self.mark(output, status, in: place)
        return hit(entry, time: time)
    }

    /// Opens a file; what is no file is as good as nothing, because Go can't read it either.
    private static func file(
        _ name: String,
        in directory: borrowing Directory
    ) throws(CacheStoreError) -> File? {
        do throws(CacheStoreError) {
            return try directory.file(name)
        } catch {
            if error.isOfMachine { throw error }
            return nil
        }
    }

    /// Marks a file as used (`markUsed` in cmd/go/internal/cache/cache.go).
    private static func mark(_ name: String, _ status: FileStatus, in directory: borrowing Directory) {
        let now = Glibc.time(nil)
        // A file system may hold any time, so nothing is subtracted from it.
        guard status.modified <= now - BuildCacheLayout.stampInterval else { return }
        try? directory.setTimes(of: name, now)
    }

    /// Returns the answer for an output in GOCACHE.
    private func hit(_ entry: ActionEntry, time: Int) -> ProgramAnswer.Hit {
        let file = path.appending(BuildCacheLayout.name(ofOutput: entry.output))
        return ProgramAnswer.Hit(output: entry.output, size: entry.size, time: time, path: file.string)
    }

    // MARK: - Entries of archives

    /// Returns whether GOCACHE tells that a state of an archive has been checked.
    func hasNote(of state: CheckedArchives.State) -> Bool {
        guard let root else { return false }
        return CheckedArchives(in: root.directory).contains(state)
    }

    /// Keeps a note of a check; where it can't be kept, the next program checks again.
    ///
    /// After the end of the store, nothing is kept.
    func keep(_ note: CheckedArchives.State) {
        guard let root else { return }
        takesNotes.withLock { takesNotes in
            guard takesNotes else { return }
            try? CheckedArchives.add(note, in: root.directory)
        }
    }

    /// Brings the output of an entry into GOCACHE, or into a scratch directory.
    ///
    /// - Parameters:
    ///   - entry: The entry.
    ///   - sealTime: The time in the future for entries of a sealed cache, in seconds since 1970.
    ///   - write: Called to write the output, unless GOCACHE has it; it checks the content.
    /// - Returns: The output; ``keepEntry(of:)`` writes its entry.
    /// - Throws: The error of `write`, or ``NoRoom`` if no directory takes the output.
    func bring(
        _ entry: ActionEntry,
        sealTime: Int,
        write: (borrowing File) throws -> Void
    ) throws -> BroughtOutput {
        pendingOutputs.claim(entry.output)
        defer { pendingOutputs.release(entry.output) }
        let time = isStamped ? nil : sealTime
        var written = 0
        let isThere = isKnown(entry) { name, status, directory in
            // As at a restore; an error of these means that another user owns the file.
            if let time, status.modified < time { try? directory.setTimes(of: name, time) }
            if status.mode & Self.mode != Self.mode {
                try? directory.setMode(of: name, status.mode | Self.mode)
            }
        }
        if !isThere {
            var path = keptPath(of: entry.output)
            if path == nil {
                path = try place(newFile(), as: entry.output, time: time, write)
                written = entry.size
            }
            if let path {
                let hit = ProgramAnswer.Hit(output: entry.output, size: entry.size, time: 0, path: path)
                keepAside(hit, entry)
                return BroughtOutput(hit: hit, written: written)
            }
        }
        pendingEntries.claim(entry.action)
        return BroughtOutput(hit: hit(entry, time: 0), written: written, entry: entry, time: time)
    }

    /// Writes the entry of an output to GOCACHE, unless GOCACHE lacks the output.
    ///
    /// Until then, a put of the same action waits, because its entry is the newer one.
    func keepEntry(of output: BroughtOutput) {
        guard let entry = output.entry else { return }
        defer { pendingEntries.release(entry.action) }
        keep(entry, bytes: entry.bytes, mode: Self.mode, time: output.time, output.hit)
    }

    /// The error of an output that no directory takes; the reason was noted.
    struct NoRoom: Error {}

    /// Creates a file in the first scratch directory that takes it, or in a later one.
    private func newFile(from level: Int = 0) throws(NoRoom) -> PendingFile {
        do throws(CacheStoreError) {
            return try PendingFile(in: scratches, from: level, mode: Self.mode, note: note)
        } catch {
            throw NoRoom()
        }
    }

    /// Writes an output, and moves it to its place in GOCACHE.
    ///
    /// - Returns: `nil` if it is there now, or the path in a scratch directory if GOCACHE does not take it.
    private func place(
        _ first: PendingFile,
        as output: ObjectID,
        time: Int?,
        _ write: (borrowing File) throws -> Void
    ) throws -> String? {
        var file = first
        while true {
            do {
                try file.write(write)
                break
            } catch {
                file.discard()
                // Any other error is one of reading the archive.
                guard let error = error as? CacheStoreError, error.path == file.path else { throw error }
                note(error)
                guard file.level + 1 < scratches.count else { throw NoRoom() }
                file = try newFile(from: file.level + 1)
            }
        }
        guard isInBuildCache(file) else { return file.path.string }
        do throws(CacheStoreError) {
            if let time { try file.setTime(time) }
            try move(file, to: output)
            return nil
        } catch {
            note(error)
            return file.path.string
        }
    }

    /// Returns whether a pending file lies below GOCACHE.
    private func isInBuildCache(_ file: PendingFile) -> Bool { root != nil && file.level == 0 }

    /// Moves an output to its place in GOCACHE.
    private func move(_ file: PendingFile, to output: ObjectID) throws(CacheStoreError) {
        let directory = try subdirectory(of: output)
        try file.move(to: BuildCacheLayout.fileName(ofOutput: output), in: directory)
        known.withLock { _ = $0.insert(output) }
    }

    /// Returns whether GOCACHE has an output with the right content.
    ///
    /// - Parameters:
    ///   - entry: An entry of the output.
    ///   - found: Called with the file if it was there before this program began.
    /// - Returns: Whether it is there.
    private func isKnown(
        _ entry: ActionEntry,
        found: (String, FileStatus, borrowing Directory) -> Void = { _, _, _ in }
    ) -> Bool {
        guard let root,
            let directory = try? root.directory.directory(BuildCacheLayout.subdirectory(of: entry.output))
        else { return false }
        let name = BuildCacheLayout.fileName(ofOutput: entry.output)
        // Somebody may have cleaned GOCACHE meanwhile.
        guard let status = try? directory.status(of: name), status.kind == .regular, status.size == entry.size
        else { return false }
        if known.withLock({ $0.contains(entry.output) }) { return true }
        let content = StreamWriter(id: entry.output, size: entry.size, chunks: [])
        guard (try? content.isRight(name, status, in: directory)) == true else { return false }
        found(name, status, directory)
        known.withLock { _ = $0.insert(entry.output) }
        return true
    }

    /// Writes an action entry, whose output is in place.
    ///
    /// Where GOCACHE does not take the entry, this program alone remembers it.
    private func keep(
        _ entry: ActionEntry,
        bytes: [UInt8],
        mode: mode_t,
        time: Int?,
        _ hit: ProgramAnswer.Hit
    ) {
        do throws(CacheStoreError) {
            let directory = try subdirectory(of: entry.action)
            let file = try PendingFile(in: scratches, mode: mode) { _ in }
            do throws(CacheStoreError) {
                guard isInBuildCache(file) else { throw .system(.readOnlyFileSystem, "write in", path) }
                try file.append(bytes)
                if let time { try file.setTime(time) }
                try file.move(to: "\(entry.action)-a", in: directory)
            } catch {
                file.discard()
                throw error
            }
        } catch {
            note(error)
            kept.withLock { $0[entry.action] = hit }
        }
    }

    /// Opens one of the 256 directories, and creates it first if it is missing, with the mode that Go gives.
    private func subdirectory(of id: ObjectID) throws(CacheStoreError) -> Directory {
        guard let root else { throw .system(.noSuchFileOrDirectory, "open the directory", path) }
        let name = BuildCacheLayout.subdirectory(of: id)
        return try root.directory.creatingDirectory(name, mode: 0o777 & ~Umask.value)
    }

    // MARK: - Puts

    /// Begins the file for the body of a put.
    ///
    /// - Throws: ``CacheStoreError`` if no directory takes it.
    func beginPut() throws(CacheStoreError) -> PendingFile {
        try PendingFile(in: scratches, mode: putMode, note: note)
    }

    /// Keeps an output that Go has put, in GOCACHE or in a scratch directory.
    ///
    /// - Parameters:
    ///   - entry: The entry of the output.
    ///   - file: The file that holds the output; its content was checked.
    /// - Returns: The path at which the output stays until the program ends.
    func put(_ entry: ActionEntry, _ file: PendingFile) -> String {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        let time = now.tv_sec * 1_000_000_000 + now.tv_nsec
        var hit = hit(entry, time: time)
        pendingOutputs.claim(entry.output)
        defer { pendingOutputs.release(entry.output) }
        var isStored = isInBuildCache(file) && !keepsPutsOut
        if isStored, isKnown(entry) {
            file.discard()
        } else if isStored {
            do throws(CacheStoreError) {
                try move(file, to: entry.output)
            } catch {
                note(error)
                isStored = false
            }
        }
        guard isStored else {
            if let path = keptPath(of: entry.output) {
                hit.path = path
                file.discard()
            } else {
                hit.path = file.path.string
            }
            keepAside(hit, entry)
            return hit.path
        }
        pendingEntries.claim(entry.action)
        defer { pendingEntries.release(entry.action) }
        kept.withLock { _ = $0.removeValue(forKey: entry.action) }
        keep(entry, bytes: entry.bytes(time: time), mode: putMode, time: nil, hit)
        return hit.path
    }

    /// Remembers an output in a scratch directory.
    private func keepAside(_ hit: ProgramAnswer.Hit, _ entry: ActionEntry) {
        kept.withLock { $0[entry.action] = hit }
        // What comes from an archive may stand in GOCACHE, even if the same content was put.
        if !keepsPutsOut { keptOutputs.withLock { $0[entry.output] = hit.path } }
    }

    /// Returns the path of an output in a scratch directory, from which Go may have moved it away.
    private func keptPath(of output: ObjectID) -> String? {
        keptOutputs.withLock { $0[output] }.flatMap { unsafe access($0, F_OK) == 0 ? $0 : nil }
    }
}
