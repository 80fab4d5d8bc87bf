import SystemPackage

/// A search for the index of an archive that is damaged around its index.
///
/// Everything around an index follows from the index: it states its own length and version, and the end of
/// the frames, from which its place follows. The header has its SHA-256 besides.
struct IndexFinder {
    /// An index that is sound, although bytes around it are damaged.
    struct Found: Sendable {
        /// The archive, as it was before the damage.
        let archive: Archive

        /// Whether the index has the SHA-256 in the header.
        ///
        /// If not, nothing is left of that, and the index has the digest of its members.
        let isStated: Bool

        /// The damage, in words that follow the file's name.
        let damage: String
    }

    /// The number of places in a file that are tried, from its end.
    private static let attempts = 16

    /// The length of a window, in bytes.
    private static let windowSize = 1 << 20

    private let frames: FrameFile
    private let size: Int

    /// Prepares a search in a file.
    ///
    /// - Throws: ``CacheStoreError`` for a system error.
    init(_ frames: FrameFile) throws(CacheStoreError) {
        self.frames = frames
        let status = try frames.file.status()
        size = status.kind == .regular && status.size < 1 << 62 ? status.size : 0
    }

    /// Finds the index.
    ///
    /// - Parameters:
    ///   - place: The offset of the index in bytes, if that is known.
    ///   - step: Called from time to time; an error that it throws ends the search.
    /// - Returns: The index; `nil` if there is none that is sound.
    /// - Throws: The error of `step`, or ``CacheStoreError`` for an error of the machine.
    /// - Complexity: O(*n*) in the bytes of the file, or of the index if its place is known. Holes are not
    ///   read.
    func find(at place: Int?, _ step: () throws -> Void) throws -> Found? {
        for offset in try (place.map { [$0] } ?? places(step)).suffix(Self.attempts).reversed() {
            try step()
            do {
                if let found = try open(at: offset) { return found }
            } catch let error as CacheStoreError where !error.isOfMachine {
                continue
            }
        }
        return nil
    }

    // MARK: - Places

    /// Returns the offsets at which an index of an archive seems to begin.
    private func places(_ step: () throws -> Void) throws -> [Int] {
        var places: [Int] = []
        var window: [UInt8] = []
        var start = 0
        while let data = frames.file.data(from: start), data < size {
            try step()
            start = data
            let count = min(Self.windowSize + IndexBeginning.size, size - start)
            try frames.file.read(at: start, count: count, into: &window)
            places += Self.beginnings(in: window.span).map { start + $0 }
            start += Self.windowSize
        }
        return places
    }

    private static func beginnings(in bytes: Span<UInt8>) -> [Int] {
        var result: [Int] = []
        let (first, second) = (IndexBeginning.magic[0], IndexBeginning.magic[1])
        var position = 0
        while position < min(windowSize, bytes.count - IndexBeginning.size + 1) {
            if bytes[position] == first, bytes[position + 1] == second,
                IndexBeginning(bytes.extracting(position..<position + IndexBeginning.size)) != nil
            {
                result.append(position)
            }
            position += 1
        }
        return result
    }

    // MARK: - One index

    /// Opens an index, and returns it if it is that of the file and sound.
    private func open(at offset: Int) throws -> Found? {
        guard let beginning = try IndexBeginning(at: offset, in: frames.file),
            beginning.indexSize <= size - offset
        else { return nil }
        let window = FileWindow(
            descriptor: frames.file.descriptor,
            offset: offset,
            size: beginning.indexSize
        )
        let end = try IndexReader(
            window,
            of: frames,
            version: beginning.version,
            framesSize: 0,
            path: frames.path
        ).statedFramesSize()
        guard let end, try isPlace(offset, after: end) else { return nil }
        let right = Trailer(
            version: beginning.version,
            framesSize: end,
            indexSize: beginning.indexSize,
            indexID: try frames.id(ofBytesAt: offset, count: beginning.indexSize)
        )
        guard let head = right.head else { return nil }
        var trailer = right
        trailer.indexOffset = offset
        let archive = Archive(frames, trailer)
        let header = try frames.file.bytes(
            at: max(0, offset - Trailer.headerSize),
            count: Trailer.headerSize
        )
        let isStated = Self.isStated(right.indexID, in: header)
        if !isStated {
            // Where the header is sound up to the SHA-256, and that is not lost, the index is damaged.
            let start = Trailer.headerSize - ObjectID.byteCount
            guard
                header.dropFirst(start).allSatisfy({ $0 == 0 })
                    || !header.prefix(start).elementsEqual(head.suffix(Trailer.headerSize).prefix(start))
            else { return nil }
            _ = try archive.members()
            guard try IndexImage.isCanonical(archive) else { return nil }
        }
        return Found(archive: archive, isStated: isStated, damage: try damage(right, head, at: offset))
    }

    /// Returns whether an index can begin at an offset.
    ///
    /// It can lie some bytes from its place, if the trailer begins where the frames end: then bytes between
    /// them were lost or added.
    private func isPlace(_ offset: Int, after end: Int) throws -> Bool {
        guard (0...size).contains(end), end <= offset else { return false }
        let distance = abs(offset - Trailer.indexOffset(after: end))
        if distance == 0 { return true }
        return try distance < FormatLimits.pageSize && Trailer.hasMagic(at: end, in: frames.file)
    }

    /// Returns whether a header states a SHA-256, of which half may be damaged.
    private static func isStated(_ id: ObjectID, in header: [UInt8]) -> Bool {
        let right = zip(header.suffix(ObjectID.byteCount), id.bytes).count { $0 == $1 }
        return right >= ObjectID.byteCount / 2
    }

    // MARK: - The damage

    /// Returns what is damaged around an index, in words.
    private func damage(
        _ right: Trailer,
        _ head: [UInt8],
        at offset: Int
    ) throws(CacheStoreError) -> String {
        var parts: [String] = []
        if offset == right.indexOffset {
            let found = try frames.file.bytes(at: right.framesSize, count: head.count)
            if let fault = Self.difference(found, head) {
                let place =
                    right.framesSize + fault < right.headerOffset ? "before its header" : "in its header"
                parts.append("is damaged at byte \(right.framesSize + fault), \(place)")
            }
        } else {
            let count = Self.bytes(abs(offset - right.indexOffset))
            parts.append("has \(count) too \(offset < right.indexOffset ? "few" : "many") before its index")
        }
        let (end, tail) = (offset + right.indexSize, right.tail)
        let found = try frames.file.bytes(at: end, count: tail.count)
        if found == tail {
            let surplus = size - end - tail.count
            if surplus > 0 { parts.append("has \(Self.bytes(surplus)) too many at its end") }
        } else if tail.starts(with: found) {
            let count = tail.count - found.count
            parts.append("lacks its last \(count == 1 ? "byte" : Self.bytes(count))")
        } else {
            let fault = Self.difference(found, tail) ?? 0
            parts.append("is damaged at byte \(end + fault), behind its index")
        }
        return parts.joined(separator: " and ")
    }

    private static func bytes(_ count: Int) -> String { count == 1 ? "1 byte" : "\(count) bytes" }

    /// Returns the position of the first byte in which some bytes differ from what they should be.
    private static func difference(_ found: [UInt8], _ right: [UInt8]) -> Int? {
        right.indices.first { $0 >= found.count || found[$0] != right[$0] }
    }
}
