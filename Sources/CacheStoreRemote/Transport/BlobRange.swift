import CacheStore
import NIOCore
import Synchronization

/// A range of a file that is sent as the body of a request, piece by piece.
struct BlobRange: AsyncSequence, Sendable {
    let file: any RemoteFile
    let range: Range<Int>

    /// The watch over the transfer, which is told of each piece.
    var watch: StallWatch?

    /// The length of a piece, in bytes.
    private static let pieceByteCount = 1 << 20

    func makeAsyncIterator() -> Iterator { Iterator(blob: self, offset: range.lowerBound) }

    struct Iterator: AsyncIteratorProtocol {
        let blob: BlobRange
        var offset: Int

        mutating func next() async throws -> ByteBuffer? {
            blob.watch?.touch()
            guard offset < blob.range.upperBound else { return nil }
            let piece = offset..<Swift.min(offset + BlobRange.pieceByteCount, blob.range.upperBound)
            let buffer = Mutex(ByteBuffer())
            try await blob.file.read(piece) { bytes in
                buffer.withLock { buffer in _ = unsafe buffer.writeBytes(bytes.bytes) }
            }
            let filled = buffer.withLock { $0 }
            guard filled.readableBytes == piece.count else {
                throw CacheStoreError(
                    .io,
                    "cannot send `\(blob.file.name)`: it became shorter while it was read",
                    remedy: .runAgain
                )
            }
            offset = piece.upperBound
            blob.watch?.touch()
            return filled
        }
    }
}
