/// The output of an ``Inflater``: the part a stream may refer back to, and the
/// part not yet delivered, in one buffer.
///
/// ```
/// 0                delivered        filled        buffer.count
/// | window, ≤ 32 KiB  | to be delivered | free         |
/// ```
///
/// When there is no more room the last 32 KiB move to the front.
struct InflateWindow {
    /// How far back a stream may refer, in bytes.
    private static let windowSize = 32_768

    /// The bytes; only the first ``filled`` of them mean something.
    var buffer = [UInt8](repeating: 0, count: 128 * 1024)

    /// How many bytes of ``buffer`` are output.
    var filled = 0

    /// The value of ``filled`` at which the output has its expected size.
    private(set) var limit = 0

    private var delivered = 0

    /// Creates the window of an empty output.
    init() {}

    /// Forgets all output, to begin another of `expectedSize` bytes.
    mutating func reset(expectedSize: Int) {
        filled = 0
        delivered = 0
        limit = expectedSize
    }

    /// Whether the output has its expected size.
    var isComplete: Bool { filled == limit }

    /// Gives what is not delivered yet to `sink`.
    ///
    /// - Parameter sink: Not called when there is nothing to deliver.
    /// - Throws: What `sink` throws.
    mutating func deliver(into sink: (Span<UInt8>) throws -> Void) throws {
        guard delivered < filled else { return }
        try sink(buffer.span.extracting(delivered..<filled))
        delivered = filled
    }

    /// Delivers the output and keeps only the window of it.
    ///
    /// - Parameter sink: Gets what was not delivered yet.
    /// - Throws: What `sink` throws.
    mutating func makeRoom(into sink: (Span<UInt8>) throws -> Void) throws {
        try deliver(into: sink)
        let excess = filled - Self.windowSize
        guard excess > 0 else { return }
        var bytes = buffer.mutableSpan
        for index in 0..<Self.windowSize { bytes[index] = bytes[excess + index] }
        filled -= excess
        delivered -= excess
        limit -= excess
    }

    /// Appends a block without compression.
    ///
    /// - Parameters:
    ///   - source: The bytes of the block.
    ///   - sink: Gets what must be delivered to make room.
    /// - Throws: ``ZipError`` if the output gets longer than expected, or what `sink` throws.
    mutating func append(_ source: Span<UInt8>, into sink: (Span<UInt8>) throws -> Void) throws {
        guard source.count <= limit - filled else { throw ZipError("Content is longer than its size") }
        var copied = 0
        while copied < source.count {
            if filled == buffer.count { try makeRoom(into: sink) }
            let start = filled
            let count = min(source.count - copied, buffer.count - start)
            var bytes = buffer.mutableSpan
            for index in 0..<count { bytes[start + index] = source[copied + index] }
            filled += count
            copied += count
        }
    }
}
