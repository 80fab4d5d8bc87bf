/// A decoder of deflate streams (RFC 1951) with bounded memory: zlib's, with a window of 32 KiB, and a
/// buffer of 128 KiB.
///
/// A stream arrives in pieces of any size. Its output goes to a sink as soon as it is decoded:
///
/// ```swift
/// var inflater = try Inflater()
/// try inflater.begin(expectedSize: 1453)
/// try inflater.append(piece, into: sink)
/// try inflater.finish()
/// ```
///
/// One decoder serves any number of streams, one after the other, also after an error. Nothing in a stream
/// can make the decoder trap: a stream that is not deflate, is cut short or has another size than expected
/// results in a ``ZipError``.
struct Inflater: ~Copyable {
    /// The largest piece of output, in bytes.
    static let bufferSize = InflateStream.bufferSize

    /// The size of the largest window, as a power of two, with a minus sign.
    ///
    /// The sign tells zlib that a stream has neither header nor trailer.
    private static let windowBits: Int32 = -15

    private var stream: InflateStream

    /// The number of bytes of output that are still to come.
    private var remaining = 0

    /// Whether the end of the stream has been decoded.
    private var isAtEnd = true

    /// Creates a decoder.
    ///
    /// - Throws: ``CacheStoreError`` if zlib has no memory for the decoder.
    init() throws {
        do {
            stream = try InflateStream(windowBits: Self.windowBits)
        } catch {
            throw Self.failure(error)
        }
    }

    /// Begins the next stream.
    ///
    /// - Parameter expectedSize: The size of its output in bytes; at least 0.
    /// - Throws: ``CacheStoreError`` if zlib cannot begin.
    mutating func begin(expectedSize: Int) throws {
        do {
            try stream.reset()
        } catch {
            throw Self.failure(error)
        }
        remaining = expectedSize
        isAtEnd = false
    }

    /// Decodes the next piece of the stream.
    ///
    /// When an error is thrown, `sink` may have received some of the output, but never more than the expected
    /// size.
    ///
    /// - Parameters:
    ///   - input: The next piece.
    ///   - sink: Called with the pieces of the output, none of them empty, in order.
    /// - Throws: ``ZipError`` if the stream is not deflate, goes on after its end or gets longer than
    ///   expected, ``CacheStoreError`` if zlib has no memory, or the error of `sink`.
    /// - Complexity: O(*n* + *m*) in the lengths of input and output.
    mutating func append(_ input: Span<UInt8>, into sink: (Span<UInt8>) throws -> Void) throws {
        var consumed = 0
        var isFull = false
        while consumed < input.count || isFull {
            guard !isAtEnd else { throw ZipError("Compressed data goes on after its end") }
            let step = try decode(input.extracting(droppingFirst: consumed))
            consumed += step.consumed
            guard step.produced <= remaining else { throw ZipError("Content is longer than its size") }
            remaining -= step.produced
            if step.produced > 0 { try stream.showOutput(of: step, to: sink) }
            // With a full buffer, zlib may hold back output for which it needs no more input.
            isFull = step.produced == Self.bufferSize && !isAtEnd
        }
    }

    /// Ends the stream.
    ///
    /// - Throws: ``ZipError`` if the stream does not end here, or is shorter than expected.
    func finish() throws(ZipError) {
        guard isAtEnd else { throw ZipError("Compressed data is cut short") }
        guard remaining == 0 else { throw ZipError("Content is shorter than its size") }
    }

    /// Decodes until the input is used up, the buffer is full or the stream ends.
    ///
    /// - Parameter input: The bytes after those that were consumed before.
    /// - Returns: The progress.
    /// - Throws: The errors of ``append(_:into:)``, except those of its sink.
    private mutating func decode(_ input: Span<UInt8>) throws -> InflateStream.Step {
        do {
            let step = try stream.decode(input)
            if step.isAtEnd { isAtEnd = true }
            return step
        } catch {
            throw Self.failure(error)
        }
    }

    /// Returns the error for a failure of zlib.
    ///
    /// - Parameter failure: The failure.
    /// - Returns: A ``ZipError`` if the data is at fault, otherwise a ``CacheStoreError``: a lack of memory
    ///   says nothing about the data.
    static func failure(_ failure: ZlibError) -> any Error {
        if failure.isDamage {
            return ZipError("Compressed data is damaged" + (failure.message.map { ": \($0)" } ?? ""))
        }
        return CacheStoreError.undecoded(failure)
    }
}
