/// The frames of a new archive, compressed again.
extension FrameMending {
    private struct Reader: ~Copyable {
        let decoder: FrameDecoder
        var frame: [UInt8] = []

        mutating func read(
            _ place: FramePlace,
            of archives: [Archive],
            into content: inout [UInt8]
        ) throws(CacheStoreError) {
            let file = archives[place.input].frames
            try file.read([place.record], into: &frame)
            try decoder.decode(frame.span, of: place.record, in: file, into: &content)
        }
    }

    /// Decodes frames, and writes them compressed with one level.
    ///
    /// The frames of equal chunks are equal, whichever frames the inputs have. So where a frame is damaged,
    /// any other frame of its chunk serves.
    ///
    /// - Parameters:
    ///   - places: The frames, in the order of the new archive.
    ///   - compression: The level and the number of threads.
    ///   - writer: The new archive.
    ///   - counters: The counters to add to.
    /// - Returns: The chunks with the places of the new frames.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` if no input has a
    ///   sound copy of a damaged frame, or for a lack of memory or a system error; or `CancellationError`.
    /// - Complexity: That of ``FrameCompression/write(_:to:_:reader:read:)``, with a frame more per thread.
    mutating func compress(
        _ places: [FramePlace],
        _ compression: FrameCompression,
        to writer: ArchiveWriter,
        _ counters: ProgressCounters
    ) async throws -> [ChunkRecord] {
        compressesAgain = true
        guard let first = archives.first else { return [] }
        let replaced = Gathered<Replacements>([:])
        let (archives, spares) = (archives, spares)
        let records = try await compression.write(
            places.map(\.record),
            to: writer,
            counters,
            reader: { Reader(decoder: try FrameDecoder(first.frames)) }
        ) { reader, index, content in
            let place = places[index]
            do throws(CacheStoreError) {
                try reader.read(place, of: archives, into: &content)
            } catch {
                guard error.code == .corruptArchive else { throw error }
                var damaged = [place]
                let others = try spares.places(of: place.record, besides: place.input)
                let sound = try Self.sound(others, of: archives, &reader, into: &content, &damaged)
                guard let sound else {
                    throw try archives[place.input].naming(error, using: place.record)
                }
                replaced.update { replaced in
                    for place in damaged { replaced[place] = sound }
                }
            }
            return .content
        }
        found.merge(replaced.value) { $1 }
        return records.compactMap(\.self)
    }

    /// Reads the first sound frame of some, and notes those before it, which are damaged.
    ///
    /// - Returns: The frame, or `nil` if all are damaged.
    private static func sound(
        _ places: [FramePlace],
        of archives: [Archive],
        _ reader: inout Reader,
        into content: inout [UInt8],
        _ damaged: inout [FramePlace]
    ) throws(CacheStoreError) -> FramePlace? {
        for place in places {
            do {
                try reader.read(place, of: archives, into: &content)
                return place
            } catch {
                guard error.code == .corruptArchive else { throw error }
                damaged.append(place)
            }
        }
        return nil
    }
}

extension Archive {
    /// Returns the error for a damaged frame with the name of a member that uses it, if there is one.
    ///
    /// - Throws: ``CacheStoreError`` if the index can't be read.
    func naming(
        _ error: CacheStoreError,
        using chunk: ChunkRecord
    ) throws -> CacheStoreError {
        guard let member = try index(isChecked: true).member(using: chunk) else { return error }
        return error.naming(member: member)
    }
}
