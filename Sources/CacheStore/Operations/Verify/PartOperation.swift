import SystemPackage

/// The check of a part of an archive's content.
struct PartOperation {
    let operation: VerifyOperation
    let part: Verify.Part

    /// The time at which the verification began.
    let start: ContinuousClock.Instant

    /// Returns the time.
    var now: @Sendable () -> ContinuousClock.Instant = { .now }

    /// The outputs and their chunks.
    private let set: MemberSet

    /// All content: first the outputs, then ``items``.
    private let items: [VerifyOperation.Item]

    /// Reads the outputs.
    ///
    /// - Throws: ``CacheStoreError`` if the index can't be read.
    init(_ operation: VerifyOperation, _ part: Verify.Part, since start: ContinuousClock.Instant) throws {
        (self.operation, self.part, self.start) = (operation, part, start)
        set = try operation.archive.index(isChecked: true).members()
        items = operation.items
    }

    /// Checks the part.
    ///
    /// - Returns: The members that are damaged, and the extent of what was checked.
    /// - Throws: ``CacheStoreError`` or `CancellationError`, as ``VerifyOperation/find()`` does.
    /// - Complexity: O(*n*) in the content of the part; memory for the index.
    func run() async throws -> (found: DamagedMembers, checked: Verify.Report.Checked) {
        let order = chosen
        let deadline: ContinuousClock.Instant? =
            if case .time(let time) = part.extent { start + time } else { nil }
        let (archive, spares, counters) = (operation.archive, operation.spares, operation.counters)
        let now = now
        counters.begin("verifying", bytes: order.reduce(0) { $0 + size(of: $1) }, items: order.count)
        let found = Gathered(DamagedMembers())
        let checked = Gathered<[Int]>([])
        try await WorkerThreads.forEach(
            below: order.count,
            threads: operation.threads,
            state: { try ChunkReader(archive, spares: spares) }
        ) { reader, index, cancellation in
            let deadline = index == 0 ? nil : deadline
            do {
                func pause() throws {
                    try cancellation.check()
                    if let deadline, now() >= deadline { throw TimeIsUp() }
                }
                try pause()
                try check(order[index], with: &reader, found, pause)
            } catch is TimeIsUp {
                return
            }
            checked.update { $0.append(order[index]) }
            counters.add(bytes: size(of: order[index]))
        }
        return (found.value, extent(of: checked.value))
    }

    /// The end of the time for a part, in the middle of a piece.
    private struct TimeIsUp: Error {}

    /// The number of pieces of content.
    private var count: Int { self.set.outputs.count + items.count }

    /// The pieces that may be checked: for a share in the order of the file, for a time in random order.
    private var chosen: [Int] {
        let order = RandomOrder.numbers(below: count, seed: part.seed)
        guard case .share(let share) = part.extent else { return order }
        let all = order.reduce(0) { $0 + size(of: $1) }
        let wanted = Int((Double(all) * share).rounded(.up))
        if share >= 1 { return order.sorted() }
        var (sum, picked, tooLong) = (0, [Int](), [Int]())
        for piece in order where sum < wanted || picked.isEmpty {
            // The first piece is taken whatever its size, so that each piece is taken in some run.
            if !picked.isEmpty, sum + size(of: piece) > 2 * wanted {
                tooLong.append(piece)
            } else {
                sum += size(of: piece)
                picked.append(piece)
            }
        }
        // Half the share is promised, even if only long pieces are left to fill it.
        for piece in tooLong where 2 * sum < wanted {
            sum += size(of: piece)
            picked.append(piece)
        }
        return picked.sorted()
    }

    private func size(of piece: Int) -> Int {
        piece < set.outputs.count ? set.outputs[piece].size : items[piece - set.outputs.count].size
    }

    private func check(
        _ piece: Int,
        with reader: inout ChunkReader,
        _ found: Gathered<DamagedMembers>,
        _ pause: () throws -> Void
    ) throws {
        guard piece < set.outputs.count else {
            try operation.check(items[piece - set.outputs.count], with: &reader, found, pause)
            return
        }
        let output = set.outputs[piece]
        let chunks = output.chunks.numbers.map { set.chunks[$0] }
        let item = OutputFeed.Item(number: OutputNumber(piece), output: output, chunks: chunks)
        try operation.check(item, with: &reader, found, pause)
    }

    private func extent(of checked: [Int]) -> Verify.Report.Checked {
        var result = Verify.Report.Checked(seed: part.seed)
        var chunks: Set<ObjectID> = []
        let isChecked = Set(checked)
        for piece in 0..<count {
            let item = piece < set.outputs.count ? nil : items[piece - set.outputs.count]
            let isMember = item?.isMember ?? true
            if isMember { result.allMembers += 1 }
            result.allContentBytes += size(of: piece)
            guard isChecked.contains(piece) else { continue }
            if isMember { result.members += 1 }
            result.contentBytes += size(of: piece)
            if let item {
                for number in item.chunks { chunks.insert(operation.set.chunks[number].id) }
                if case .unused(let chunk) = item { chunks.insert(chunk.id) }
            } else {
                for number in set.outputs[piece].chunks.numbers { chunks.insert(set.chunks[number].id) }
            }
        }
        result.chunks = chunks.count
        result.isWhole = checked.count == count
        return result
    }
}
