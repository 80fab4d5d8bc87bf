import SystemPackage

/// A file that takes part in a repair: an archive, or what is left of one.
struct RepairSource: Sendable {
    let frames: FrameFile

    /// The archive, if its index has its SHA-256.
    let archive: Archive?

    /// The SHA-256 of the index, if the trailer is sound.
    let indexID: ObjectID?

    /// The reason why there is no index.
    let fault: CacheStoreError?

    /// The offset, in bytes, at which the frames end, if the trailer is sound.
    private let framesSize: Int?

    var path: FilePath { frames.path }

    /// Opens a file and checks its index.
    ///
    /// - Throws: ``CacheStoreError`` for a system error, a stream, or an archive of a newer format.
    init(opening path: FilePath) throws(CacheStoreError) {
        var opened: Archive?
        do throws(CacheStoreError) {
            let archive = try Archive(opening: path)
            opened = archive
            try archive.checkIndex()
            (self.archive, fault) = (archive, nil)
        } catch {
            guard [.corruptArchive, .notAnArchive].contains(error.code) else { throw error }
            (archive, fault) = (nil, error)
        }
        indexID = opened?.trailer.indexID
        framesSize = opened?.trailer.framesSize
        if let opened { frames = opened.frames } else { frames = try FrameFile(File(reading: path)) }
    }

    /// Returns the file with a list of its chunks.
    ///
    /// If there is no index, the chunks are found by decoding the frames.
    ///
    /// - Throws: ``CacheStoreError`` if there is nothing to find, or for a system error; or
    ///   `CancellationError`.
    func holder(_ counters: ProgressCounters) async throws -> FrameHolder {
        if let archive { return FrameHolder(archive) }
        return FrameHolder(frames, found: try await chunks(counters))
    }

    /// Finds the chunks of a file whose index is lost.
    ///
    /// - Throws: The error of ``holder(_:)``.
    func chunks(_ counters: ProgressCounters) async throws -> [ChunkRecord] {
        let size = try frames.file.status().size
        counters.begin("reading frames", bytes: min(size, framesSize ?? size), items: 0)
        let records = try await WorkerThreads.performCancellable { [frames, framesSize] cancellation in
            var walk = try FrameWalk(frames, upTo: framesSize)
            return try walk.records {
                try cancellation.check()
                counters.add(bytes: $0, items: 0)
            }
        }
        if records.isEmpty, let fault { throw fault }
        return records
    }
}
