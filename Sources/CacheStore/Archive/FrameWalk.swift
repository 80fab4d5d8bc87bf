/// A walk through a file's frames from its beginning, for a file whose index is lost.
///
/// The frames lie end to end, each states its own length, and the SHA-256 of its content names its chunk. So
/// the chunks can be told without an index. Behind a damaged frame, the walk looks for the next bytes that
/// begin a frame.
struct FrameWalk: ~Copyable {
    /// The greatest length of a frame, in bytes.
    private static let frameSize = FormatLimits.chunkSize + FormatLimits.chunkSize / 128 + 1024

    /// The beginning of the trailer: the magic number of a skippable frame.
    private static let trailerMagic: [UInt8] = [0x5C, 0x2A, 0x4D, 0x18]

    private let frames: FrameFile
    private let decompressor: ZstdDecompressor

    /// The offset, in bytes, at which the frames end or the file does.
    private var size: Int

    /// A part of the file, and its offset.
    private var window: [UInt8] = []
    private var start = 0

    /// Begins a walk.
    ///
    /// - Parameters:
    ///   - frames: The file.
    ///   - end: The offset, in bytes, at which the frames end, or `nil` if it is not known.
    /// - Throws: ``CacheStoreError`` if there is not enough memory for a decoder.
    init(_ frames: FrameFile, upTo end: Int? = nil) throws(CacheStoreError) {
        self.frames = frames
        size = end ?? Int.max
        do {
            decompressor = try ZstdDecompressor()
        } catch {
            throw CacheStoreError.undecoded(error, frames.path)
        }
    }

    /// Finds the frames that are sound.
    ///
    /// - Parameter step: Called with the number of bytes since the last call; an error that it throws ends
    ///   the walk.
    /// - Returns: The chunks, in the order of their frames.
    /// - Throws: The error of `step`, or ``CacheStoreError`` for a system error, or with code
    ///   ``CacheStoreError/Code/corruptArchive`` for frames with more content than an archive may have.
    /// - Complexity: O(*n*) in the bytes of the file and of the content; memory for 24 MiB and the chunks.
    mutating func records(_ step: (Int) throws -> Void) throws -> [ChunkRecord] {
        let status = try frames.file.status()
        size = status.kind == .regular ? min(size, status.size) : 0
        // The bytes that may be looked at in vain: a hostile file could hold a beginning of a frame every few
        // bytes.
        var patience = 16 * min(size, 1 << 48) + 16 * Self.frameSize
        var records: [ChunkRecord] = []
        var content: [UInt8] = []
        var offset = 0
        var followsFrame = true
        var contentBytes = 0
        while offset < size, patience > 0 {
            try load(offset)
            if followsFrame, begins(with: Self.trailerMagic, at: offset) { break }
            let begin = offset
            if begins(with: ZstdFrame.magic, at: offset),
                let record = try frame(at: offset, into: &content, &patience)
            {
                records.append(record)
                offset += record.storedBytes
                contentBytes += record.contentBytes
                guard contentBytes <= FormatLimits.content(ofFrames: size) else { throw tooMuchContent }
                followsFrame = true
            } else {
                followsFrame = false
                offset = try nextBeginning(after: offset)
            }
            try step(offset - begin)
        }
        return records
    }

    private var tooMuchContent: CacheStoreError {
        CacheStoreError(
            .corruptArchive,
            "its frames have more content than an archive of its length may have",
            path: frames.path,
            remedy: .distrust
        )
    }

    /// Reads the part of the file that the longest frame at an offset could take, unless it is there already.
    private mutating func load(_ offset: Int) throws(CacheStoreError) {
        let needed = min(offset + Self.frameSize, size)
        if start <= offset, needed <= start + window.count { return }
        // The buffer is moved out of the walk while it is filled.
        var buffer: [UInt8] = []
        swap(&buffer, &window)
        defer { swap(&buffer, &window) }
        start = offset
        try frames.file.read(at: offset, count: min(2 * Self.frameSize, size - offset), into: &buffer)
        guard buffer.count >= needed - offset else {
            throw CacheStoreError.changed(frames.path)
        }
    }

    private func begins(with magic: [UInt8], at offset: Int) -> Bool {
        let position = offset - start
        return position + magic.count <= window.count
            && magic.indices.allSatisfy { window[position + $0] == magic[$0] }
    }

    /// Returns the chunk of the frame at an offset, or `nil` if no sound frame begins there.
    private func frame(
        at offset: Int,
        into content: inout [UInt8],
        _ patience: inout Int
    ) throws(CacheStoreError) -> ChunkRecord? {
        let position = offset - start
        let rest = window.span.extracting(position..<min(position + Self.frameSize, window.count))
        guard let frame = ZstdFrame(atStartOf: rest),
            ChunkRecord.isPossible(contentBytes: frame.contentBytes, storedBytes: frame.storedBytes)
        else {
            patience -= rest.count
            return nil
        }
        let bytes = rest.extracting(first: frame.storedBytes)
        do {
            guard try decompressor.decode(bytes, size: frame.contentBytes, into: &content) else { return nil }
        } catch {
            if error.isLackOfMemory { throw CacheStoreError.undecoded(error, frames.path) }
            patience -= frame.storedBytes + frame.contentBytes
            return nil
        }
        return ChunkRecord(
            id: ContentHasher.hash(content.span),
            offset: offset,
            storedBytes: frame.storedBytes,
            contentBytes: frame.contentBytes,
            checksum: XXH64.hash(bytes)
        )
    }

    /// Returns the next offset at which the magic number of a frame stands, or the end of the frames.
    private mutating func nextBeginning(after offset: Int) throws(CacheStoreError) -> Int {
        var offset = offset + 1
        while offset + ZstdFrame.magic.count <= size {
            try load(offset)
            let last = start + window.count - ZstdFrame.magic.count
            while offset <= last {
                if window[offset - start] == ZstdFrame.magic[0], begins(with: ZstdFrame.magic, at: offset) {
                    return offset
                }
                offset += 1
            }
        }
        return size
    }
}
