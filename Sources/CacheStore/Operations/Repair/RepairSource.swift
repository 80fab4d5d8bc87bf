import SystemPackage

/// A file that takes part in a repair: an archive, or what is left of one.
struct RepairSource: Sendable {
    let frames: FrameFile

    /// The archive, if its index is sound.
    let archive: Archive?

    /// The index, if it is sound and bytes around it are not.
    let found: IndexFinder.Found?

    /// The SHA-256 of the index, if the trailer is sound.
    let indexID: ObjectID?

    /// The reason why there is no index.
    let fault: CacheStoreError?

    /// The offset, in bytes, at which the frames end, if the trailer is sound.
    private let framesSize: Int?

    var path: FilePath { frames.path }

    /// Opens a file, and finds its index and checks it.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - step: Called from time to time; an error that it throws ends the search for the index.
    /// - Throws: The error of `step`, or ``CacheStoreError`` for a system error, a stream, or an archive of a
    ///   newer format.
    init(opening path: FilePath, _ step: () throws -> Void) throws {
        var opened: Archive?
        do throws(CacheStoreError) {
            let archive = try Archive(opening: path)
            opened = archive
            try archive.checkIndex()
            (self.archive, frames, found, fault) = (archive, archive.frames, nil, nil)
        } catch {
            guard [.corruptArchive, .notAnArchive, .unsupportedVersion].contains(error.code) else {
                throw error
            }
            let frames = try opened?.frames ?? FrameFile(File(reading: path))
            found = try IndexFinder(frames).find(at: opened?.trailer.indexOffset, step)
            if found == nil, error.code == .unsupportedVersion { throw error }
            (archive, self.frames, fault) = (found?.archive, frames, found == nil ? error : nil)
        }
        indexID = opened?.trailer.indexID
        framesSize = opened?.trailer.framesSize
    }

    /// Finds the chunks of a file whose index is lost.
    ///
    /// The frames of a file whose index another archive has lie where that index has them. In any other file,
    /// frames are found where the other archives have the same, and between these one after another.
    ///
    /// - Parameters:
    ///   - archives: The other archives, whose indexes have their SHA-256.
    ///   - counters: The counters to add to.
    /// - Returns: The chunks of sound frames, in the order of the frames, which don't overlap.
    /// - Throws: ``CacheStoreError`` if an index can't be read, or for a system error; or
    ///   `CancellationError`.
    func chunks(
        knowing archives: [Archive],
        _ counters: ProgressCounters
    ) async throws -> [ChunkRecord] {
        let status = try frames.file.status()
        let size = status.kind == .regular ? min(status.size, framesSize ?? status.size) : 0
        counters.begin("reading frames", bytes: size, items: 0)
        return try await WorkerThreads.performCancellable { [frames, indexID, framesSize] cancellation in
            func step(_ count: Int) throws {
                try cancellation.check()
                counters.add(bytes: count, items: 0)
            }
            if let lost = archives.first(where: { $0.trailer.indexID == indexID }) {
                return try Self.frames(of: [lost], in: frames, size, step)
            }
            let known = try Self.frames(of: archives, in: frames, size, step)
            var walk = try FrameWalk(frames, upTo: framesSize, knowing: known)
            return try walk.records(step)
        }
    }

    /// Finds the frames of a file that other archives have in the same places.
    private static func frames(
        of archives: [Archive],
        in frames: FrameFile,
        _ size: Int,
        _ step: (Int) throws -> Void
    ) throws -> [ChunkRecord] {
        let decoder = try FrameDecoder(frames)
        var frame: [UInt8] = []
        var content: [UInt8] = []
        var seen: Set<ChunkRecord> = []
        var found: [ChunkRecord] = []
        for archive in archives {
            try archive.index(isChecked: true).forEachChunk { record in
                try step(0)
                guard record.offset + record.storedBytes <= size, seen.insert(record).inserted else { return }
                do throws(CacheStoreError) {
                    try frames.read([record], into: &frame)
                    try decoder.decode(frame.span, of: record, in: frames, into: &content)
                } catch {
                    if error.code == .corruptArchive { return }
                    throw error
                }
                found.append(record)
                try step(record.storedBytes)
            }
        }
        return found
    }
}
