public import SystemPackage

/// An archive on disk: an immutable set of members of Go's caches.
///
/// Opening an archive reads only the bytes directly before and after its index, whatever the size of the
/// archive. An archive is safe to use from several tasks.
public struct Archive: Sendable {
    /// The open file, which is closed when the last copy of the archive goes away.
    let frames: FrameFile
    let trailer: Trailer

    /// The path by which the archive was opened.
    public var path: FilePath { frames.file.path }

    /// The version of the archive's format.
    public var formatVersion: Int { trailer.version }

    /// The length of the file, in bytes.
    public var fileBytes: Int { trailer.fileSize }

    /// Opens an archive and checks its trailer.
    ///
    /// The index and the frames are checked when they are read.
    ///
    /// - Parameter path: The archive.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notAnArchive``,
    ///   ``CacheStoreError/Code/unsupportedVersion`` or ``CacheStoreError/Code/corruptArchive``, with code
    ///   ``CacheStoreError/Code/badArgument`` for a directory, a pipe or a device, or for a system error.
    /// - Complexity: O(1).
    public init(opening path: FilePath) throws(CacheStoreError) {
        try self.init(FrameFile(Self.file(at: path)))
    }

    /// Opens an archive that lies elsewhere, and reads its index.
    ///
    /// Of all else, only the bytes are read that an operation needs, when it needs them. They are kept in a
    /// file without a name as long as a copy of the archive exists. All checks are those of an archive on
    /// disk.
    ///
    /// - Parameters:
    ///   - remote: The archive.
    ///   - scratch: The directory for that file. It must have room for the bytes that are read.
    ///   - patience: The time for which nothing is asked of a server that has failed.
    /// - Throws: The errors of ``init(opening:)``, an error of `remote`, or `CancellationError` if the task
    ///   was cancelled.
    /// - Complexity: O(*n*) in the length of the index; two requests, and one per 2 MiB of the index.
    public init(
        reading remote: any RemoteFile,
        scratch: FilePath = "/tmp",
        patience: Duration = .seconds(10)
    ) async throws {
        self = try await WorkerThreads.perform {
            try Archive(remote, in: scratch, patience: patience)
        }
    }

    /// Opens an archive that lies elsewhere: see ``init(reading:scratch:patience:)``.
    init(
        _ remote: any RemoteFile,
        in scratch: FilePath,
        patience: Duration = .seconds(10)
    ) throws(CacheStoreError) {
        let copy = try RangeCopy(of: remote, in: scratch, patience: patience)
        let file = try File(copy)
        // Whatever the file is, its end is short. The place of the index follows from it.
        let end = min(remote.byteCount, 4 * FormatLimits.pageSize)
        try copy.require(remote.byteCount - end, count: end)
        if let start = try Trailer.beginning(of: file) { try copy.require(start, count: Trailer.headReach) }
        // The header is checked before the index is read, whose length it states.
        try self.init(FrameFile(file))
        try copy.require(trailer.indexOffset, count: trailer.indexSize)
    }

    /// Reads and checks the trailer of an open file.
    init(_ frames: FrameFile) throws(CacheStoreError) {
        self.frames = frames
        do {
            trailer = try Trailer(reading: frames.file)
        } catch {
            throw frames.explaining(error)
        }
    }

    /// The bytes and requests that were needed so far; `nil` for an archive on disk.
    public var remoteFigures: (bytes: Int, requests: Int)? { frames.file.remote?.figures }

    /// Throws an error of the machine again if the archive lies elsewhere.
    ///
    /// A server that fails proves no damage, and would not give the next bytes either.
    func throwIfNotReached(_ error: CacheStoreError) throws(CacheStoreError) {
        if remoteFigures != nil, error.isOfMachine { throw error }
    }

    /// Asks for frames that will be needed, if the archive lies elsewhere.
    ///
    /// - Parameter chunks: Called for the chunks, in any order, only if the archive lies elsewhere.
    func prepare(_ chunks: () throws -> some Sequence<ChunkRecord>) rethrows {
        guard let remote = frames.file.remote else { return }
        remote.prepare(try chunks().map { $0.offset..<$0.offset + $0.storedBytes })
    }

    /// Creates an archive of an open file with a trailer that is known to fit it.
    init(_ frames: FrameFile, _ trailer: Trailer) { (self.frames, self.trailer) = (frames, trailer) }

    /// Opens a file.
    ///
    /// A stream is refused, because an archive is read from its end.
    private static func file(at path: FilePath) throws(CacheStoreError) -> File {
        let stream = CacheStoreError(
            .badArgument,
            "an archive can't be read from a stream, because its index is at its end",
            path: path,
            remedy: .saveToFile
        )
        // The system would say that there is no such file, and the message would name nothing.
        if path.isEmpty { throw CacheStoreError(.badArgument, "the path is empty", remedy: .nameFile) }
        do throws(CacheStoreError) {
            let file = try File(reading: path)
            switch try file.status().kind {
            case .directory:
                let message = "a directory, not an archive"
                throw CacheStoreError(.badArgument, message, path: path, remedy: .nameFile)
            case .other: throw stream
            case .regular, .symbolicLink: return file
            }
        } catch {
            // Many programs take this name for standard input.
            throw error.code == .notFound && path == "-" ? stream : error
        }
    }

    /// Reads the index and checks all of it.
    ///
    /// The check covers the SHA-256 of the index, its schema, and that every row is allowed and fits the
    /// other rows, and that the archive's digest is that of its members.
    ///
    /// - Returns: The members, without their content.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` or
    ///   ``CacheStoreError/Code/unsafePath``, or `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n*) in the number of members, in time and memory.
    public func contents() async throws -> ArchiveContents {
        try await WorkerThreads.perform {
            let (set, digest) = try members()
            return ArchiveContents(archive: self, set: set, digest: digest)
        }
    }

    /// Reads the index and checks it as ``contents()`` does, but counts the members and keeps none of them.
    ///
    /// - Returns: The archive in figures.
    /// - Throws: The errors of ``contents()``.
    /// - Complexity: O(*n*) in the number of members, in time; memory for the members of GOMODCACHE and some
    ///   20 bytes per entry of GOCACHE.
    public func summary() async throws -> ArchiveSummary {
        try await WorkerThreads.performCancellable { cancellation in
            let index = try index()
            let summary = try index.reading {
                try IndexSummary(of: index) { number in
                    try cancellation.check()
                    return try index.output(number).id
                }
            }
            guard summary.isDigestRight else { throw wrongDigest }
            var totals = summary.totals
            totals.fileBytes = fileBytes
            return ArchiveSummary(sources: index.sources, digest: index.digest, totals: totals)
        }
    }

    /// Reads and checks the index.
    func members() throws -> (set: MemberSet, digest: ObjectID) {
        let (set, digest, _) = try membersAndZips()
        return (set, digest)
    }

    /// Reads and checks the index, for a verb that inflates stored zips.
    func membersAndZips() throws -> (set: MemberSet, digest: ObjectID, zips: ZippedContent) {
        let index = try index()
        let set = try index.members()
        guard set.digest == index.digest else { throw wrongDigest }
        return (set, index.digest, ZippedContent(of: set, in: index))
    }

    /// Computes the digest of all members.
    func digest(_ index: IndexReader) throws -> ObjectID {
        try index.reading { try IndexSummary(of: index) { try index.output($0).id }.digest }
    }

    /// The error for an archive that states another digest than its members have.
    var wrongDigest: CacheStoreError {
        frames.explaining(
            CacheStoreError(
                .corruptArchive,
                "damaged archive: its digest is not that of its members",
                path: path,
                remedy: .makeAgain
            )
        )
    }

    /// Opens the index.
    ///
    /// - Parameter isChecked: Whether the index is already known to have its SHA-256.
    /// - Returns: The index.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or for a system
    ///   error.
    func index(isChecked: Bool = false) throws -> IndexReader {
        if !isChecked { try checkIndex() }
        do {
            return try IndexReader(
                indexWindow,
                of: frames,
                version: trailer.version,
                framesSize: trailer.framesSize,
                path: path
            )
        } catch let error as CacheStoreError {
            throw frames.explaining(error)
        }
    }

    /// The part of the file that is the index.
    ///
    /// Its descriptor stays open as long as a copy of the archive exists.
    var indexWindow: FileWindow {
        FileWindow(
            descriptor: frames.file.descriptor,
            offset: trailer.indexOffset,
            size: trailer.indexSize
        )
    }

    /// Checks that the index has its SHA-256.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or for a system
    ///   error.
    func checkIndex() throws(CacheStoreError) {
        guard try frames.id(ofBytesAt: trailer.indexOffset, count: trailer.indexSize) == trailer.indexID
        else {
            throw frames.explaining(
                CacheStoreError(
                    .corruptArchive,
                    "damaged archive: the index does not have its SHA-256",
                    path: path,
                    offset: trailer.indexOffset,
                    remedy: .recoverIndex
                )
            )
        }
    }

    /// Reads bytes of the index, from an offset in it.
    func readIndex(at offset: Int, count: Int, into buffer: inout [UInt8]) throws(CacheStoreError) {
        try frames.file.read(at: trailer.indexOffset + offset, count: count, into: &buffer)
    }
}
