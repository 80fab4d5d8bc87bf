import SystemPackage

/// A file that takes part in a repair: an archive, or what is left of one.
struct RepairSource: Sendable {
    let frames: FrameFile

    /// The archive, if its index is sound and its frames can lie where the index has them.
    let archive: Archive?

    /// The index, if it is sound and bytes around it are not.
    let found: IndexFinder.Found?

    /// The SHA-256 of the index, as the trailer states it or what is left of that.
    let statements: [IndexStatement]

    /// The reason why there is no archive.
    let fault: CacheStoreError?

    /// The offset, in bytes, at which the frames end, or the bytes before the index.
    private let framesSize: Int?

    var path: FilePath { frames.path }

    /// The archive with its sound index, wherever its frames lie.
    var indexed: Archive? { archive ?? found?.archive }

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
            (statements, framesSize) = ([], archive.trailer.framesSize)
        } catch {
            guard [.corruptArchive, .notAnArchive, .unsupportedVersion].contains(error.code) else {
                throw error
            }
            let frames = try opened?.frames ?? FrameFile(File(reading: path))
            let result = try IndexFinder(frames).find(at: opened?.trailer.indexOffset, step)
            let found = result.found
            if found == nil, error.code == .unsupportedVersion { throw error }
            let isInPlace = found?.isInPlace ?? false
            (archive, self.frames, self.found) = (isInPlace ? found?.archive : nil, frames, found)
            fault = isInPlace ? nil : error
            statements =
                (opened.map { [IndexStatement(bytes: Array($0.trailer.indexID.bytes))] } ?? [])
                + result.statements
            let trailer = opened?.trailer ?? found?.archive.trailer
            framesSize = opened != nil || isInPlace ? trailer?.framesSize : trailer?.headerOffset
        }
    }

    /// Whether the index has the SHA-256 in the header.
    var isProven: Bool { found?.isProven ?? (archive != nil) }

    /// Returns whether the header, or what is left of it, is that of the index of an archive.
    func states(_ archive: Archive) -> Bool {
        statements.contains { $0.proves(archive.trailer.indexID) }
    }

    /// Finds the chunks of a file whose index is lost.
    ///
    /// Frames are found where the archives have the same, and between these one after another. In a file
    /// whose index another archive has, only frames count that this index names.
    ///
    /// - Parameters:
    ///   - archives: The archives, whose indexes are sound.
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
        return try await WorkerThreads.performCancellable { cancellation in
            func step(_ count: Int) throws {
                try cancellation.check()
                counters.add(bytes: count, items: 0)
            }
            let lost = archives.first { $0.frames !== frames && states($0) }
            let known = try Self.frames(of: lost.map { [$0] } ?? archives, in: frames, size, step)
            var names: Set<ObjectID> = []
            try lost?.index(isChecked: true).forEachChunk { names.insert($0.id) }
            if !names.isEmpty, names.count == known.count { return known }
            var walk = try FrameWalk(frames, upTo: framesSize, knowing: known)
            let found = try walk.records(step)
            return lost == nil ? found : found.filter { names.contains($0.id) }
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
