import SystemPackage

/// The content of the zips that an archive stores, which counts for the limit of the archive's content.
///
/// An index states the length of a zip, and only the zip's directory states that of its files: a frame of
/// some hundred bytes can hold a zip of 500 MiB of zeros. Therefore, whoever inflates stored zips asks here
/// first, once for the whole archive, and gets the same answer whatever the number of threads and the choice
/// of members. Few archives need more than a look at the lengths of their zips.
struct ZippedContent: Sendable {
    private struct Zip {
        var module: ModuleKey
        var size: Int
        var chunks: [ChunkRecord]
    }

    private let zips: [Zip]

    /// The content that the zips may have together, in bytes.
    private let room: Int

    /// Creates the content of the zips of a set.
    ///
    /// - Parameters:
    ///   - set: The members of GOMODCACHE, with their chunks.
    ///   - room: The content that all zips may have together, in bytes.
    init(of set: MemberSet, room: Int) {
        self.room = room
        zips = set.downloads.compactMap { download in
            guard case .stored(_, let size, let chunks) = download.content else { return nil }
            return Zip(module: download.module, size: size, chunks: chunks.numbers.map { set.chunks[$0] })
        }
    }

    /// Creates the content of the zips of an archive.
    ///
    /// - Parameters:
    ///   - set: The members of GOMODCACHE that the index has.
    ///   - index: The index, through which a pass has gone.
    init(of set: MemberSet, in index: IndexReader) {
        let limit = FormatLimits.content(ofFrames: index.framesSize)
        self.init(of: set, room: limit - index.contentBytes)
    }

    /// Refuses an archive whose zips have more content than it may hold.
    ///
    /// - Parameters:
    ///   - reader: A reader of the archive, which stays as it is.
    ///   - step: Called before each zip; an error that it throws ends the work.
    /// - Throws: The error of `step`, or ``CacheStoreError`` with code
    ///   ``CacheStoreError/Code/corruptArchive``, or for a system error.
    /// - Complexity: O(*n*) in the number of zips; where the lengths of the zips leave a doubt, O(*n*) in the
    ///   length of their directories.
    func check(with reader: borrowing ChunkReader, _ step: () throws -> Void) throws {
        guard let module = try firstBeyondLimit(with: reader, step) else { return }
        throw reader.frames.explaining(
            CacheStoreError(
                .corruptArchive,
                "damaged archive: with the files in its zips, it has more content than frames of this length "
                    + "may hold",
                path: reader.frames.path,
                member: "zip \(module.text)",
                remedy: .distrust
            )
        )
    }

    /// Returns the module of the first zip with which the content is more than the archive may hold.
    ///
    /// A zip whose directory can't be read does not count, because nothing of it is inflated.
    ///
    /// - Parameters:
    ///   - reader: A reader of the frames, which stays as it is.
    ///   - step: Called before each zip; an error that it throws ends the work.
    /// - Returns: The module, or `nil` if all zips have room.
    /// - Throws: The error of `step`, or ``CacheStoreError`` for a system error.
    func firstBeyondLimit(
        with reader: borrowing ChunkReader,
        _ step: () throws -> Void = {}
    ) throws -> ModuleKey? {
        guard zips.reduce(0, { $0 + FormatLimits.content(ofZip: $1.size) }) > room else { return nil }
        var rest = room
        for zip in zips {
            try step()
            do {
                rest -= try ZipDirectory.statedSize(of: StoredZip(zip.chunks, besides: reader))
            } catch is ZipError {
                continue
            } catch let error as CacheStoreError where error.code == .corruptArchive {
                continue
            }
            if rest < 0 { return zip.module }
        }
        return nil
    }

    /// Returns the error for an archive that is not written because no reader would inflate its zips.
    ///
    /// - Parameters:
    ///   - module: The module of the first zip that has no room.
    ///   - framesSize: The length of all frames, in bytes, or a greater number.
    ///   - path: The archive.
    /// - Returns: The error, with code ``CacheStoreError/Code/damagedCache``.
    static func excess(of module: ModuleKey, _ framesSize: Int, in path: FilePath) -> CacheStoreError {
        CacheStoreError(
            .damagedCache,
            "no archive may hold zips whose files repeat themselves so often: with all other content, they "
                + "have more than \(FormatLimits.content(ofFrames: framesSize)) bytes, which are at most "
                + "\(framesSize) bytes when they are compressed",
            path: path,
            member: "zip \(module.text)",
            remedy: .removeMember
        )
    }
}
