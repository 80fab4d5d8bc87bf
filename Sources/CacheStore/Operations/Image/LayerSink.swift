import Synchronization
import SystemPackage

/// A writer of one layer, which hashes and writes in order the parts that workers make in any order.
///
/// A worker whose part is not next leaves its blocks here while there is memory for them. Otherwise the
/// worker waits. Workers begin parts in order. Therefore the worker whose part is next never waits, and all
/// workers finish.
final class LayerSink: Sendable {
    private struct Turn {
        var next = 0
        var ended: Set<Int> = []
        var isDraining = false
        var isStopped = false
        var waiting: [Int: [LayerBlock]] = [:]
    }

    private struct Stream {
        var tar = ContentHasher()
        var blob = ContentHasher()
        var members = MemberChecker()
        var tarBytes = 0
        var bytes = 0
        var spliced = 0
    }

    /// The digests and lengths of a finished layer.
    struct Outcome: Sendable {
        var diffID: ObjectID
        var digest: ObjectID
        var tarBytes: Int
        var bytes: Int
        var splicedBytes: Int
    }

    private let turn = Monitor(Turn())
    private let stream = Mutex(Stream())
    private let budget: BlockBudget
    private let parts: Int
    private let file: File
    private let archive: FilePath
    private let lasts: Bool

    /// Begins a layer.
    ///
    /// - Parameters:
    ///   - file: The file of the layer's blob, empty.
    ///   - parts: The number of the layer's parts, at least one.
    ///   - budget: The budget for blocks that wait.
    ///   - archive: The archive that holds the content, for messages.
    ///   - lasts: Whether the layer is waited for until it is on the disk.
    init(_ file: consuming File, parts: Int, budget: BlockBudget, archive: FilePath, lasts: Bool) {
        self.file = file
        self.parts = parts
        self.budget = budget
        self.archive = archive
        self.lasts = lasts
    }

    /// Brings the next block of a part.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` or as the system says,
    ///   or `CancellationError` after ``stop()``.
    func bring(_ block: LayerBlock, of part: Int) throws {
        let isNext = turn.withLock { $0.next == part || $0.isStopped }
        if !isNext, budget.reserve(block.byteCount) {
            let copy = block.copy
            let isKept = turn.withLock { turn in
                guard turn.next != part, !turn.isStopped else { return false }
                turn.waiting[part, default: []].append(copy)
                return true
            }
            if isKept { return }
            budget.release(block.byteCount)
        }
        let kept = turn.wait(until: { $0.next == part || $0.isStopped }) { turn in
            turn.isStopped ? nil : turn.waiting.removeValue(forKey: part) ?? []
        }
        guard let kept else { throw CancellationError() }
        try write(kept)
        try write(block)
    }

    /// Ends a part, and writes the blocks that waited for it.
    ///
    /// - Returns: The outcome of the layer, if this call completes it; otherwise `nil`.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` or as the system says.
    func end(_ part: Int) throws -> Outcome? {
        turn.withLock { _ = $0.ended.insert(part) }
        var isWhole = false
        while let kept = takeNext() {
            try write(kept)
            isWhole = turn.withLock { turn in
                turn.ended.remove(turn.next)
                turn.next += 1
                turn.isDraining = false
                return turn.next == parts
            }
            turn.broadcast()
        }
        return isWhole ? try finish() : nil
    }

    /// Releases all workers that wait.
    func stop() {
        turn.withLock { $0.isStopped = true }
        turn.broadcast()
    }

    private func takeNext() -> [LayerBlock]? {
        turn.withLock { turn in
            guard !turn.isDraining, !turn.isStopped, turn.ended.contains(turn.next) else { return nil }
            turn.isDraining = true
            return turn.waiting.removeValue(forKey: turn.next) ?? []
        }
    }

    private func write(_ kept: [LayerBlock]) throws(CacheStoreError) {
        for block in kept {
            try write(block)
            budget.release(block.byteCount)
        }
    }

    private func write(_ block: LayerBlock) throws(CacheStoreError) {
        let offset = try stream.withLock { stream throws(CacheStoreError) in
            try stream.members.take(block.checks, of: block.tar, from: archive)
            stream.tar.update(block.tar.span)
            stream.blob.update(block.stored.span)
            defer { stream.bytes += block.stored.count }
            stream.tarBytes += block.tar.count
            if block.isSpliced { stream.spliced += block.stored.count }
            return stream.bytes
        }
        try file.write(block.stored.span, at: offset)
    }

    private func finish() throws(CacheStoreError) -> Outcome {
        if lasts { try file.synchronize() }
        return stream.withLock { stream in
            Outcome(
                diffID: stream.tar.finish(),
                digest: stream.blob.finish(),
                tarBytes: stream.tarBytes,
                bytes: stream.bytes,
                splicedBytes: stream.spliced
            )
        }
    }
}
