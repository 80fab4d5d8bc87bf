import SystemPackage

/// An archive from which a cache program answers.
///
/// Nothing but the SHA-256 of the whole index tells that an action has the output that the index names.
/// Therefore a hit waits until the index has been hashed. A miss does no harm, and waits for nothing.
final class ServedArchive: Sendable {
    private enum State { case unchecked, sound, unusable }

    /// The archive.
    let archive: Archive

    private let state = Monitor<State>(.unchecked)

    /// Creates an archive whose index is not checked.
    init(_ archive: Archive) { self.archive = archive }

    /// Whether lookups in the archive are of use.
    var isUsable: Bool { state.withLock { $0 != .unusable } }

    /// Whether the index is known to be sound; the call waits until that is decided.
    var isSound: Bool { state.wait(until: { $0 != .unchecked }) { $0 == .sound } }

    /// Checks the index, unless GOCACHE tells that this state of the archive has been checked before.
    ///
    /// - Parameters:
    ///   - store: GOCACHE, which keeps the note of the check.
    ///   - failing: Called with the error that is thrown, before anybody who waits learns that the archive is
    ///     unusable.
    /// - Throws: ``CacheStoreError`` as ``Archive/checkIndex()`` does; the archive is unusable then.
    func check(
        _ store: ProgramStore,
        failing: (CacheStoreError) -> Void = { _ in }
    ) throws(CacheStoreError) {
        do throws(CacheStoreError) {
            if archive.frames.file.remote != nil {
                // The index has just come, and no status tells that it is the one that was checked.
                try archive.checkIndex()
            } else {
                let status = try archive.frames.file.status()
                let note = CheckedArchives.State(index: archive.trailer.indexID, status)
                if !store.hasNote(of: note) {
                    try archive.checkIndex()
                    store.keep(note)
                }
            }
            set(.sound)
        } catch {
            failing(error)
            giveUp()
            throw error
        }
    }

    /// Makes the archive unusable.
    func giveUp() { set(.unusable) }

    private func set(_ value: State) {
        state.withLock { $0 = $0 == .unusable ? .unusable : value }
        state.broadcast()
    }
}

/// The reader of a ``ServedArchive`` for one thread.
final class ServedArchiveReader {
    /// The lookup of entries.
    let lookup: IndexLookup

    /// The time in the future that a restore of the archive would give to entries, in seconds since 1970.
    let sealTime: Int

    private let archive: Archive
    private var reader: ChunkReader

    /// Opens the index.
    ///
    /// - Throws: ``SQLiteError``, or ``CacheStoreError`` if the database is not an archive's index.
    init(_ archive: Archive) throws {
        self.archive = archive
        lookup = try IndexLookup(archive)
        sealTime = BuildCacheLayout.sealTime(forArchitectures: try lookup.architectures())
        reader = try ChunkReader(archive)
    }

    /// Writes the output of an entry to a file, and checks it.
    ///
    /// - Parameters:
    ///   - entry: The entry.
    ///   - file: The file.
    ///   - cancellation: The cancellation, which is checked before each chunk.
    /// - Throws: ``SQLiteError``, `CancellationError`, or ``CacheStoreError``, which names the output.
    func write(
        _ entry: IndexLookup.Entry,
        to file: borrowing File,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        let stream = try lookup.stream(of: entry)
        archive.prepare { stream.chunks }
        let limit = min(FormatLimits.outputSize, FormatLimits.content(ofFrames: archive.trailer.framesSize))
        guard stream.size <= limit else {
            throw CacheStoreError(
                .corruptArchive,
                "damaged archive: more content than frames of this length may hold",
                path: archive.path,
                member: "output \(entry.entry.output)"
            )
        }
        let content = StreamWriter(id: entry.entry.output, size: stream.size, chunks: stream.chunks)
        do {
            let crew = ReadingCrew(cancellation)
            // More threads would wait for the hash of the whole.
            let isLong = stream.size >= ChunkReader.sharedSize
            let helpers = isLong ? min(3, WorkerThreads.count(for: nil) - 1) : 0
            try crew.work(
                with: &reader,
                helpers: helpers,
                state: { [archive] in try ChunkReader(archive) }
            ) {
                try content.write(to: file, with: &$0, crew)
            }
        } catch let error as CacheStoreError {
            throw error.naming(member: "output \(entry.entry.output)")
        }
    }
}
