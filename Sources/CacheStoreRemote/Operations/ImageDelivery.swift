import CacheStore
import Synchronization

/// The sending of the blobs of an image, while others of its blobs are still being made.
///
/// Blobs wait in lanes, and each lane sends one blob after the other. A new blob goes to the lane with the
/// fewest bytes that wait.
final class ImageDelivery: Sendable {
    private struct State {
        /// The bytes that wait in each lane.
        var waiting: [Int]
        var known: Set<ObjectID> = []
        var blobs: [ObjectID: (byteCount: Int, delivery: Registry.Delivery)] = [:]
        var manifest: ImageBlob?
        /// The bytes that are to be sent, and those that the registry has got of them or had before.
        var wanted = 0
        var done = 0
        /// Whether all blobs are made, so that the progress is that of sending.
        var isMade = false
    }

    private let registry: Registry
    private let origins: @Sendable (ImageBlob.Kind) -> String?
    private let counters: ProgressCounters
    private let lanes: [(stream: AsyncStream<ImageBlob>, continuation: AsyncStream<ImageBlob>.Continuation)]
    private let state: Mutex<State>

    /// Creates lanes to a repository.
    ///
    /// - Parameters:
    ///   - registry: The repository.
    ///   - lanes: How many blobs are sent at once.
    ///   - counters: The counters to add to.
    ///   - origins: Returns another repository of the same registry that may have blobs of a kind.
    init(
        to registry: Registry,
        lanes: Int,
        _ counters: ProgressCounters,
        mountingFrom origins: @escaping @Sendable (ImageBlob.Kind) -> String?
    ) {
        (self.registry, self.origins, self.counters) = (registry, origins, counters)
        let count = max(1, min(lanes, registry.client.options.connections))
        self.lanes = (0..<count).map { _ in AsyncStream.makeStream() }
        state = Mutex(State(waiting: Array(repeating: 0, count: count)))
    }

    /// The blobs that are in the repository now, with their lengths and the ways in which they came there.
    var blobs: [ObjectID: (byteCount: Int, delivery: Registry.Delivery)] { state.withLock { $0.blobs } }

    /// Has an image made, and sends its blobs.
    ///
    /// - Parameter make: Makes the image, and calls its argument with each blob, the manifest last.
    /// - Returns: The result of `make`, when the repository has all blobs.
    /// - Throws: The first error of `make` and of the lanes; all others are cancelled then.
    func run<Result: Sendable>(
        _ make: @escaping @Sendable (_ take: @escaping @Sendable (ImageBlob) -> Void) async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { [self] in
                defer { for lane in lanes { lane.continuation.finish() } }
                let result = try await make { self.take($0) }
                beginSending()
                return result
            }
            for number in lanes.indices {
                group.addTask { [self] in
                    // A registry that refuses to be written to says so before much is made.
                    if number == 0 { _ = try await registry.hasBlob(Self.probe, isWriting: true) }
                    for await blob in lanes[number].stream { try await send(blob, in: number) }
                    // The stream of a cancelled task ends, whatever is left in it.
                    try Task.checkCancellation()
                    return nil
                }
            }
            var result: Result?
            for try await outcome in group { result = outcome ?? result }
            guard let result else { throw CancellationError() }
            return result
        }
    }

    /// The digest of nothing, which every registry can look for.
    private static let probe = ContentHasher.hash([UInt8]().span)

    /// Writes the manifest under the tags, which named other images until now.
    ///
    /// - Throws: As ``Registry/put(manifest:mediaType:as:)`` does.
    func finish(tags: [String]) async throws {
        guard let manifest = state.withLock({ $0.manifest }) else { return }
        for tag in tags {
            try await registry.put(manifest: manifest.bytes, mediaType: ImageBlob.manifestType, as: .tag(tag))
        }
    }

    /// Queues a blob.
    private func take(_ blob: ImageBlob) {
        let lane = state.withLock { state -> Int? in
            if blob.kind == .manifest {
                state.manifest = blob
                return nil
            }
            guard state.known.insert(blob.digest).inserted else { return nil }
            let lane = state.waiting.indices.min { state.waiting[$0] < state.waiting[$1] } ?? 0
            // A blob without bytes takes a while, too.
            state.waiting[lane] += blob.byteCount + 1
            state.wanted += blob.byteCount
            return lane
        }
        if let lane { lanes[lane].continuation.yield(blob) }
    }

    private func send(_ blob: ImageBlob, in lane: Int) async throws {
        let sent = Mutex(0)
        let origin = origins(blob.kind)
        let delivery = try await registry.upload(blob, digest: blob.digest, mountingFrom: origin) { count in
            sent.withLock { $0 += count }
            self.add(count)
        }
        add(blob.byteCount - sent.withLock { $0 })
        state.withLock { state in
            state.waiting[lane] -= blob.byteCount + 1
            state.blobs[blob.digest] = (blob.byteCount, delivery)
        }
    }

    // MARK: - Progress

    /// Begins to show the progress of sending, where that of making was shown until now.
    private func beginSending() {
        state.withLock { state in
            state.isMade = true
            counters.begin("sending", bytes: state.wanted - state.done, items: 0)
        }
    }

    private func add(_ count: Int) {
        state.withLock { state in
            state.done += count
            if state.isMade { counters.add(bytes: count, items: 0) }
        }
    }
}
