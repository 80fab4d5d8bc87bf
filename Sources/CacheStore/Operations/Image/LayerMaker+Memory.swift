extension LayerMaker.Worker {
    /// Creates a worker for an archive.
    ///
    /// - Throws: ``CacheStoreError`` if there is not enough memory.
    init(_ archive: Archive, _ options: Layers.Options, _ memory: LayerMemory) throws(CacheStoreError) {
        self.init(
            reader: try ChunkReader(archive),
            stream: LayerStream(options.compression, level: options.effectiveLevel),
            share: LayerMemory.Share(of: memory)
        )
    }

    /// Ends the part, and returns the number of the next one once there is memory for it.
    ///
    /// - Throws: `CancellationError`.
    mutating func next() throws -> Int {
        let share = share
        let part = try share.next { discard() }
        if share.held.chunk > 0 { reader.reserve() }
        return part
    }

    private mutating func discard() {
        reader.discard()
        stream.discard()
    }
}

extension LayerMaker {
    /// The memory of a compressor at the default level, in bytes.
    ///
    /// Higher levels take more, and that is not counted: fewer threads would work at a time.
    private static let compressorSize = 2 << 20

    /// Returns the memory that a part needs.
    ///
    /// - Complexity: O(*n*) in the chunks of the part.
    func need(of part: LayerPlan.Part) -> LayerMemory.Need {
        var chunks: [ChunkRecord] = []
        func add(_ list: ChunkList, _ part: Range<Int>? = nil) {
            let numbers = list.numbers
            if let part {
                chunks += numbers.dropFirst(part.lowerBound).prefix(part.count).map { plan.set.chunks[$0] }
            } else {
                chunks += numbers.map { plan.set.chunks[$0] }
            }
        }
        func add(_ module: LayerPlan.Module, _ part: Range<Int>? = nil) {
            if part?.lowerBound ?? 0 == 0 {
                for download in plan.set.downloads[module.downloads] {
                    if case .stored(_, _, let chunks) = download.content { add(chunks) }
                }
            }
            guard let tree = module.tree.map({ plan.set.trees[$0] }) else { return }
            add(tree.manifest)
            add(tree.chunks, part)
        }
        switch part {
        case .directories, .end: break
        case .entries(_, let outputs): for index in outputs { add(plan.set.outputs[index].chunks) }
        case .output(let index, let part): add(plan.set.outputs[index].chunks, part)
        case .modules(let modules): for index in modules { add(plan.modules[index]) }
        case .tree(let module, let part): add(plan.modules[module], part)
        }
        var need = LayerMemory.Need()
        need.chunk = chunks.lazy.map { $0.contentBytes + $0.storedBytes }.max() ?? 0
        if case .output = part, options.compression == .zstd { return need }
        // A fast level makes the block longer than the frames of the same content, at most twice about.
        let (content, stored) = chunks.reduce((0, 0)) { ($0.0 + $1.contentBytes, $0.1 + $1.storedBytes) }
        let ratio = content > 0 ? min(1, 2 * Double(stored) / Double(content)) : 1
        need.block = LayerStream.blockSize + Int(ratio * Double(LayerStream.blockSize)) + Self.compressorSize
        return need
    }
}
