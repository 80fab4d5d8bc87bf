import SystemPackage

/// A search for the index of an archive that is damaged around its index.
///
/// Everything around an index follows from the index: it states its own length and version, and the end of
/// the frames, from which its place follows. The header has its SHA-256 besides, which proves it.
struct IndexFinder {
    /// An index that is sound, although bytes around it are damaged.
    struct Found: Sendable {
        /// The archive, as it was before the damage.
        let archive: Archive

        /// Whether the index has the SHA-256 in the header.
        ///
        /// If not, nothing is left of that, and the index has the digest of its members, which covers neither
        /// the environment of the jobs nor the checksums of frames.
        let isProven: Bool

        /// Whether the frames can lie where the index has them.
        ///
        /// If not, bytes were lost or added in front of the index or among the frames.
        let isInPlace: Bool

        /// The number of bytes behind the archive's end.
        let surplus: Int

        /// The damage, in words that follow the file's name.
        let damage: String

        fileprivate var rank: Int { isProven ? isInPlace ? 2 : 1 : 0 }
    }

    /// The result of a search.
    struct Result: Sendable {
        /// The index, if one is sound.
        var found: Found?

        /// The statements of headers about an index that is not sound or not there.
        var statements: [IndexStatement] = []
    }

    /// The places that the search looks at.
    private struct Places {
        /// The offsets at which an index seems to begin, in bytes.
        var indexes: [Int] = []

        /// The offsets of indexes whose headers are in their places.
        var headers: [Int] = []
    }

    /// The number of places that are tried whatever they cost, from the end of the file.
    private static let attempts = 16

    /// The number of bytes whose reading takes as long as a look at a place.
    private static let attemptCost = 1 << 16

    /// The number of headers whose statements count, from the end of the file.
    private static let statements = 1024

    /// The greatest offset of an index, in bytes.
    private static let reach = 1 << 50

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
    /// An index whose frames can lie in their places comes before others, and one that is proven before one
    /// that is not.
    ///
    /// - Parameters:
    ///   - place: The offset of the index in bytes, if that is known.
    ///   - step: Called from time to time; an error that it throws ends the search.
    /// - Returns: The index, and what headers state.
    /// - Throws: The error of `step`, or ``CacheStoreError`` for an error of the machine.
    /// - Complexity: O(*n*) in the bytes of the file, or of the index if its place is known. Holes are not
    ///   read.
    func find(at place: Int?, _ step: () throws -> Void) throws -> Result {
        let places = try place.map { Places(indexes: [$0]) } ?? places(step)
        var result = Result()
        let stating = places.headers + places.indexes.filter { $0 % FormatLimits.pageSize == 0 }
        for offset in stating.suffix(Self.statements) where place == nil {
            let start = max(0, offset - ObjectID.byteCount)
            let bytes = try frames.file.bytes(at: start, count: offset - start)
            result.statements.append(IndexStatement(bytes: bytes))
        }
        // Whatever a file holds, it is not read many times over.
        var budget = 4 * min(size, Self.reach) + 1024 * Self.attemptCost
        let first = Set(places.headers)
        let rest = places.indexes.reversed().filter { !first.contains($0) }
        for (attempt, offset) in (places.headers.reversed() + rest).enumerated() {
            guard attempt < Self.attempts || budget > 0 else { break }
            try step()
            do {
                guard let found = try open(at: offset, &budget) else { continue }
                if result.found.map({ $0.rank < found.rank }) ?? true { result.found = found }
                if found.isProven, found.isInPlace { break }
            } catch let error as CacheStoreError where !error.isOfMachine {
                continue
            }
        }
        return result
    }

    // MARK: - Places

    /// Returns the offsets at which an index of an archive seems to begin.
    private func places(_ step: () throws -> Void) throws -> Places {
        var places = Places()
        var window: [UInt8] = []
        var start = 0
        while let data = frames.file.data(from: start), data < size {
            try step()
            start = data
            let count = min(Self.windowSize + IndexBeginning.size, size - start)
            try frames.file.read(at: start, count: count, into: &window)
            Self.look(at: window.span, from: start, &places)
            start += Self.windowSize
        }
        return places
    }

    private static func look(at bytes: Span<UInt8>, from start: Int, _ places: inout Places) {
        let (first, second) = (IndexBeginning.magic[0], IndexBeginning.magic[1])
        let mark = Trailer.magic[0]
        for position in 0..<min(windowSize, bytes.count) {
            if bytes[position] == first, position + IndexBeginning.size <= bytes.count,
                bytes[position + 1] == second,
                IndexBeginning(bytes.extracting(position..<position + IndexBeginning.size)) != nil
            {
                places.indexes.append(start + position)
            } else if bytes[position] == mark {
                let index = start + position + Trailer.headerSize
                let end = min(bytes.count, position + Trailer.headerSize)
                if index % FormatLimits.pageSize == 0,
                    Trailer.isHeader(bytes.extracting(position..<end), ofIndexAt: index)
                {
                    places.headers.append(index)
                }
            }
        }
    }

    // MARK: - One index

    /// Opens an index, and returns it if it is that of the file and sound.
    private func open(at offset: Int, _ budget: inout Int) throws -> Found? {
        guard let beginning = try IndexBeginning(at: offset, in: frames.file),
            beginning.indexSize <= size - offset
        else { return nil }
        budget -= Self.attemptCost + beginning.indexSize
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
        guard let end, (0...Self.reach).contains(end) else { return nil }
        let start = max(0, offset - Trailer.headerSize)
        let header = try frames.file.bytes(at: start, count: offset - start)
        let isInPlace = try isPlace(offset, after: end)
        guard isInPlace || isStated(beginning, end, in: header) else { return nil }
        let right = try trailer(beginning, end, offset)
        guard let head = right.head else { return nil }
        var trailer = right
        trailer.indexOffset = offset
        let archive = Archive(frames, trailer)
        let field = IndexStatement(bytes: Array(header.suffix(ObjectID.byteCount)))
        let isProven = field.proves(right.indexID)
        if !isProven {
            // Where the header is sound up to the SHA-256, and that is not lost, the index is damaged.
            let start = Trailer.headerSize - ObjectID.byteCount
            guard isInPlace,
                header.dropFirst(start).allSatisfy({ $0 == 0 })
                    || !header.prefix(start).elementsEqual(head.suffix(Trailer.headerSize).prefix(start))
            else { return nil }
            _ = try archive.members()
            guard try IndexImage.isCanonical(archive) else { return nil }
        }
        return Found(
            archive: archive,
            isProven: isProven,
            isInPlace: isInPlace,
            surplus: max(0, size - offset - right.indexSize - Trailer.markSize),
            damage: try damage(right, head, at: offset)
        )
    }

    /// Returns the trailer that belongs to an index.
    private func trailer(_ beginning: IndexBeginning, _ end: Int, _ offset: Int) throws -> Trailer {
        Trailer(
            version: beginning.version,
            framesSize: end,
            indexSize: beginning.indexSize,
            indexID: try frames.id(ofBytesAt: offset, count: beginning.indexSize)
        )
    }

    /// Returns whether an index can begin at an offset, if the frames are in their places.
    ///
    /// It can lie some bytes from its place, if the trailer begins where the frames end: then bytes between
    /// them were lost or added.
    private func isPlace(_ offset: Int, after end: Int) throws -> Bool {
        guard (0...size).contains(end), end <= offset else { return false }
        let distance = abs(offset - Trailer.indexOffset(after: end))
        if distance == 0 { return true }
        return try distance < FormatLimits.pageSize && Trailer.hasMagic(at: end, in: frames.file)
    }

    /// Returns whether most of what a header states is right, before its SHA-256.
    private func isStated(_ beginning: IndexBeginning, _ end: Int, in header: [UInt8]) -> Bool {
        let right = Trailer(
            version: beginning.version,
            framesSize: end,
            indexSize: beginning.indexSize,
            indexID: ContentHasher.hash(header.span)
        )
        guard header.count == Trailer.headerSize, let head = right.head else { return false }
        let count = Trailer.headerSize - ObjectID.byteCount
        let expected = head.suffix(Trailer.headerSize).prefix(count)
        return zip(header, expected).count { $0 == $1 } > count / 2
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
