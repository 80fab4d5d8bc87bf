import SystemPackage

/// The limit for the content of stored zips.
extension PackOperation {
    /// A zip of GOMODCACHE that is to be stored as it is.
    private struct Zip {
        var module: ModuleKey
        /// The length of the zip, in bytes.
        var size: Int
        /// The length of its files together, in bytes.
        var content: Int
    }

    /// The content of a zip, for each of its bytes, from which on the zip is compressed to find its frames'
    /// length: far more than any source code has.
    private static let strangeRatio = 64

    /// Refuses zips that no reader would inflate, before they are inflated here.
    ///
    /// How much content an archive may have depends on its frames, which do not exist yet. So each frame is
    /// taken to be as long as it could be. Only strange zips are compressed, in far less time than they would
    /// take to inflate. The writer of the archive compares the exact numbers.
    ///
    /// - Parameters:
    ///   - modules: The modules of the zips, in order.
    ///   - root: GOMODCACHE.
    ///   - chunks: The chunks of all other members.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/damagedCache``, or if the machine is at
    ///   fault; or `CancellationError`.
    /// - Complexity: O(*n*) in the directories of the zips, and in the length of strange ones if they may be
    ///   too many.
    func checkRoom(
        for modules: [ModuleKey],
        in root: FileTree,
        besides chunks: [ChunkRecord]
    ) async throws {
        // Zips that the bases hold, or that patterns exclude, are not written.
        guard !modules.isEmpty, options.bases.isEmpty, !options.hasPatterns else { return }
        let zips = try await WorkerThreads.performCancellable { cancellation in
            let directory = try root.open()
            return try modules.compactMap { module in
                try cancellation.check()
                return try Self.zip(of: module, in: directory)
            }
        }
        let total = zips.reduce(chunks.reduce(0) { $0 + $1.contentBytes }) { $0 + $1.content }
        var frames = chunks.reduce(0) { $0 + Self.longestFrames(of: $1.contentBytes, count: 1) }
        guard total > FormatLimits.content(ofFrames: frames) else { return }
        let strange = zips.filter { $0.content / Self.strangeRatio > $0.size }
        for zip in zips where zip.content / Self.strangeRatio <= zip.size {
            // Each chunk but the last is longer than the shortest one.
            let count = zip.size / Chunker.minimumSize + 1
            frames += Self.longestFrames(of: zip.size, count: count)
        }
        let most = Gathered(frames)
        let level = options.level
        try await WorkerThreads.forEach(
            below: strange.count,
            threads: threads,
            state: { ZipState(compressor: try ZstdCompressor(level: level)) }
        ) { state, index, cancellation in
            let path = ModuleCacheLayout.zip(of: strange[index].module)
            guard let file = try Unusable.passedOver(try root.open().openFile(at: path)) else {
                return
            }
            let survey = try StreamSurvey.file(file, &state.cutter).0
            for chunk in survey.chunks {
                try cancellation.check()
                try file.read(at: chunk.offset, count: chunk.size, into: &state.content)
                let frame = try state.compressor.frame(state.content.span)
                most.update { $0 += frame.count }
            }
        }
        let limit = FormatLimits.content(ofFrames: most.value)
        guard total > limit else { return }
        var rest = limit - chunks.reduce(0) { $0 + $1.contentBytes }
        for zip in zips {
            rest -= zip.content
            if rest < 0 { throw ZippedContent.excess(of: zip.module, most.value, in: path ?? root.path) }
        }
    }

    private struct ZipState: ~Copyable {
        var compressor: ZstdCompressor
        var cutter = StreamCutter()
        var content: [UInt8] = []
    }

    /// The greatest length of the frames of some chunks, in bytes.
    private static func longestFrames(of contentBytes: Int, count: Int) -> Int {
        contentBytes + contentBytes / 128 + 1024 * count
    }

    /// Returns the lengths of a zip, or `nil` if it can't be read; whoever reads it then says why.
    ///
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    private static func zip(of module: ModuleKey, in root: borrowing Directory) throws -> Zip? {
        let path = ModuleCacheLayout.zip(of: module)
        guard let file = try Unusable.passedOver(try root.openFile(at: path)) else { return nil }
        let size = try file.status().size
        do {
            let content = try ZipDirectory.statedSize(of: file)
            return Zip(module: module, size: size, content: min(content, FormatLimits.content(ofZip: size)))
        } catch is ZipError {
            return nil
        }
    }
}
