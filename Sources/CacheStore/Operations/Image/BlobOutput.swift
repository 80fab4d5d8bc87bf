import Synchronization
import SystemPackage

/// An image that is handed over blob by blob, as soon as each is made.
///
/// The layers lie in files without names. So nothing is left of them when the process ends, in whatever way.
final class BlobOutput: ImageOutput {
    private let scratch: FilePath
    private let take: @Sendable (ImageBlob) -> Void
    private let layers = Mutex<[Int: ScratchFile]>([:])

    let lasts = false

    /// Creates an output.
    ///
    /// - Parameters:
    ///   - scratch: The directory for files of layers.
    ///   - take: Called with each blob, on any thread, with the manifest last; layers of the same content
    ///     come several times.
    init(scratch: FilePath, _ take: @escaping @Sendable (ImageBlob) -> Void) {
        (self.scratch, self.take) = (scratch, take)
    }

    func creatingBlob(_ number: Int) throws(CacheStoreError) -> File {
        let scratch = try ScratchFile(in: scratch)
        layers.withLock { $0[number] = scratch }
        return try scratch.file.duplicate()
    }

    func nameBlob(_ number: Int, _ digest: ObjectID) throws(CacheStoreError) {
        guard let scratch = layers.withLock({ $0.removeValue(forKey: number) }) else { return }
        take(try ImageBlob(.layer, digest, scratch.file))
    }

    func adopt(
        _ file: borrowing File,
        _ digest: ObjectID,
        size: Int,
        _ body: (Span<UInt8>) throws -> Void
    ) throws {
        try check(file, digest, size: size) { piece, _ in try body(piece) }
        take(try ImageBlob(.baseLayer, digest, file))
    }

    func write(blob bytes: [UInt8]) throws(CacheStoreError) -> ObjectID {
        let blob = ImageBlob(.configuration, bytes)
        take(blob)
        return blob.digest
    }

    func publish(manifest: [UInt8], index: [UInt8]) throws(CacheStoreError) {
        take(ImageBlob(.manifest, manifest))
    }
}
