/// A walk through a file's frames from its beginning, for a file whose index is lost.
///
/// The frames lie end to end, each states its own length, and the SHA-256 of its content names its chunk. So
/// the chunks can be told without an index. Behind a damaged frame, the walk looks for the next bytes that
/// begin one. Content can hold frames too, so what is found there need not be a frame of the archive.
struct FrameWalk: ~Copyable {
    /// The greatest length of a frame, in bytes.
    private static let frameSize = FormatLimits.chunkSize + FormatLimits.chunkSize / 128 + 1024

    /// The beginning of the trailer: the magic number of a skippable frame.
    private static let trailerMagic: [UInt8] = [0x5C, 0x2A, 0x4D, 0x18]

    /// The number of bytes from a frame's beginning that tell the frame and what follows.
    private static let reach = frameSize + trailerMagic.count

    /// A frame that has far more content than bytes.
    private struct DenseFrame: Hashable {
        let frame: ZstdFrame
        let checksum: UInt64
    }

    /// The outcome of decoding a frame.
    private enum Outcome {
        case sound(ChunkRecord)
        /// The same bytes were found sound before.
        case repeated
        case damaged
    }

    private let frames: FrameFile
    private let decompressor: ZstdDecompressor

    /// The sound frames whose places are known, in the order of their offsets.
    private let known: [ChunkRecord]

    /// The offset, in bytes, at which the frames end or the file does.
    private var size: Int

    /// A part of the file, and its offset.
    private var window: [UInt8] = []
    private var start = 0
    private var finder = ZstdFrame.Finder()

    /// Whether the dense frames so far are sound.
    ///
    /// An archive has each chunk once. A hostile file could repeat a few bytes that take milliseconds.
    private var dense: [DenseFrame: Bool] = [:]

    /// The number of bytes that may still be decoded in vain for frames that overlap.
    ///
    /// Such frames are those of a hostile file, which could hold the beginning of one every few bytes.
    private var patience = 0

    /// The bytes of content of the frames that were found sound.
    private var contentBytes = 0

    /// The content of the frame that was decoded last.
    private var content: [UInt8] = []

    /// Begins a walk.
    ///
    /// - Parameters:
    ///   - frames: The file.
    ///   - end: The offset, in bytes, at which the frames end, or `nil` if it is not known.
    ///   - known: Sound frames whose places are known, in any order. Frames are looked for between them.
    /// - Throws: ``CacheStoreError`` if there is not enough memory for a decoder.
    init(
        _ frames: FrameFile,
        upTo end: Int? = nil,
        knowing known: [ChunkRecord] = []
    ) throws(CacheStoreError) {
        self.frames = frames
        self.known = known.sorted { $0.offset < $1.offset }
        size = end ?? Int.max
        do {
            decompressor = try ZstdDecompressor()
        } catch {
            throw CacheStoreError.undecoded(error, frames.path)
        }
    }

    /// Finds the frames that are sound.
    ///
    /// A damaged frame whose blocks end where another frame begins is passed over as a whole, so content that
    /// holds frames seldom misleads.
    ///
    /// - Parameter step: Called with the number of bytes since the last call, without those of known frames;
    ///   an error that it throws ends the walk.
    /// - Returns: The chunks, in the order of their frames, which don't overlap.
    /// - Throws: The error of `step`, or ``CacheStoreError`` for a system error, or with code
    ///   ``CacheStoreError/Code/corruptArchive`` for frames with more content than an archive may have.
    /// - Complexity: O(*n*) in the bytes of the file and of the frames' content; memory for 24 MiB and the
    ///   chunks.
    mutating func records(_ step: (Int) throws -> Void) throws -> [ChunkRecord] {
        let status = try frames.file.status()
        size = status.kind == .regular ? min(size, status.size) : 0
        patience = 16 * min(size, 1 << 48) + 16 * Self.frameSize
        var records: [ChunkRecord] = []
        var end = 0
        for record in known where record.offset >= end && record.offset + record.storedBytes <= size {
            try walk(end..<record.offset, into: &records, step)
            records.append(record)
            end = record.offset + record.storedBytes
        }
        try walk(end..<size, into: &records, step)
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

    /// Finds the sound frames in a part of the file that begins where a frame is expected.
    private mutating func walk(
        _ part: Range<Int>,
        into records: inout [ChunkRecord],
        _ step: (Int) throws -> Void
    ) throws {
        // The end of the frames that were decoded in vain.
        var tried = part.lowerBound
        var offset = part.lowerBound
        while offset < part.upperBound {
            try load(offset)
            if begins(with: Self.trailerMagic, at: offset), part.upperBound == size,
                try Trailer.begins(at: offset, in: frames.file)
            {
                return try step(part.upperBound - offset)
            }
            guard let frame = frame(at: offset, before: part.upperBound) else {
                offset = try nextBeginning(after: offset, before: part.upperBound, step)
                continue
            }
            let end = offset + frame.storedBytes
            let isFollowed =
                end == part.upperBound || begins(with: ZstdFrame.magic, at: end)
                || begins(with: Self.trailerMagic, at: end)
            var isPassed = isFollowed
            if isFollowed || offset >= tried || patience > 0 {
                switch try decode(frame, at: offset) {
                case .sound(let record):
                    records.append(record)
                    contentBytes += record.contentBytes
                    guard contentBytes <= FormatLimits.content(ofFrames: size) else { throw tooMuchContent }
                    isPassed = true
                case .repeated: isPassed = true
                case .damaged:
                    if !isFollowed, offset < tried { patience -= frame.storedBytes + frame.contentBytes }
                    if !isFollowed { tried = max(tried, end) }
                }
            }
            if isPassed {
                try step(frame.storedBytes)
                offset = end
            } else {
                offset = try nextBeginning(after: offset, before: part.upperBound, step)
            }
        }
    }

    /// Reads the part of the file that the longest frame at an offset could take, unless it is there already.
    private mutating func load(_ offset: Int) throws(CacheStoreError) {
        let needed = min(offset + Self.reach, size)
        if start <= offset, needed <= start + window.count { return }
        // The buffer is moved out of the walk while it is filled.
        var buffer: [UInt8] = []
        swap(&buffer, &window)
        defer { swap(&buffer, &window) }
        start = offset
        finder.reset()
        try frames.file.read(at: offset, count: min(2 * Self.reach, size - offset), into: &buffer)
        guard buffer.count >= needed - offset else {
            throw CacheStoreError.changed(frames.path)
        }
    }

    private func begins(with magic: [UInt8], at offset: Int) -> Bool {
        let position = offset - start
        return position + magic.count <= window.count
            && magic.indices.allSatisfy { window[position + $0] == magic[$0] }
    }

    /// Returns the frame that begins at an offset and that an archive could have, sound or not.
    private mutating func frame(at offset: Int, before end: Int) -> ZstdFrame? {
        guard begins(with: ZstdFrame.magic, at: offset) else { return nil }
        // The finder is moved out of the walk while it looks at the window.
        var finder = ZstdFrame.Finder()
        swap(&finder, &self.finder)
        defer { swap(&finder, &self.finder) }
        guard let frame = finder.frame(at: offset - start, in: window.span),
            offset + frame.storedBytes <= end,
            ChunkRecord.isPossible(contentBytes: frame.contentBytes, storedBytes: frame.storedBytes)
        else { return nil }
        return frame
    }

    /// Decodes a frame, unless it is dense and the same bytes were decoded before.
    private mutating func decode(_ frame: ZstdFrame, at offset: Int) throws(CacheStoreError) -> Outcome {
        let position = offset - start
        let range = position..<position + frame.storedBytes
        let checksum = XXH64.hash(window.span.extracting(range))
        let key = DenseFrame(frame: frame, checksum: checksum)
        let isDense = frame.contentBytes / 64 > frame.storedBytes
        if isDense, let isSound = dense[key] { return isSound ? .repeated : .damaged }
        let id = try content(of: frame, in: range)
        if isDense { dense[key] = id != nil }
        guard let id else { return .damaged }
        let record = ChunkRecord(
            id: id,
            offset: offset,
            storedBytes: frame.storedBytes,
            contentBytes: frame.contentBytes,
            checksum: checksum
        )
        return .sound(record)
    }

    /// Returns the SHA-256 of a frame's content, or `nil` if the frame is damaged.
    private mutating func content(
        of frame: ZstdFrame,
        in range: Range<Int>
    ) throws(CacheStoreError) -> ObjectID? {
        // The buffer is moved out of the walk while it is filled.
        var content: [UInt8] = []
        swap(&content, &self.content)
        defer { swap(&content, &self.content) }
        let bytes = window.span.extracting(range)
        do {
            guard try decompressor.decode(bytes, size: frame.contentBytes, into: &content) else { return nil }
        } catch {
            if error.isLackOfMemory { throw CacheStoreError.undecoded(error, frames.path) }
            return nil
        }
        return ContentHasher.hash(content.span)
    }

    /// Returns the next offset at which the magic number of a frame stands, or `end`.
    ///
    /// Holes are not read.
    private mutating func nextBeginning(
        after first: Int,
        before end: Int,
        _ step: (Int) throws -> Void
    ) throws -> Int {
        var offset = first + 1
        var counted = first
        while offset < end {
            if offset < start || min(offset + Self.reach, size) > start + window.count {
                try step(offset - counted)
                counted = offset
                offset = min(end, frames.file.data(from: offset) ?? end)
                guard offset < end else { break }
            }
            try load(offset)
            let found = Self.magic(in: window.span, from: offset - start)
            offset = min(end, start + found)
            if found < window.count { break }
        }
        try step(offset - counted)
        return offset
    }

    /// Returns the position of the next magic number of a frame, or the number of bytes.
    ///
    /// At the end of the bytes, the beginning of a magic number counts.
    private static func magic(in bytes: Span<UInt8>, from first: Int) -> Int {
        var position = first
        let (first, second) = (ZstdFrame.magic[0], ZstdFrame.magic[1])
        while position < bytes.count {
            if bytes[position] == first, position + 1 == bytes.count || bytes[position + 1] == second {
                return position
            }
            position += 1
        }
        return position
    }
}
