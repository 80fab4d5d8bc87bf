import SystemPackage

/// A reader of the JSON documents of an image layout.
enum BaseDocument {
    /// The maximum length of a document, in bytes.
    ///
    /// Registries refuse documents from 4 MiB on.
    static let maximumSize = 8 << 20

    /// The maximum length of a blob, in bytes: sums of such lengths have room in 64 bits.
    private static let largestBlob = 1 << 44

    /// Reads a JSON document.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or as the system
    ///   says.
    static func read(_ path: FilePath) throws(CacheStoreError) -> JSONValue {
        guard let document = JSONValue(try bytes(of: File(reading: path))) else {
            throw damaged("it is not JSON", path)
        }
        return document
    }

    /// Reads the JSON document in the blob that a descriptor names.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` if the blob does not
    ///   have its size and digest or is not JSON, or as the system says.
    static func blob(
        _ descriptor: JSONValue,
        in blobs: FilePath
    ) throws(CacheStoreError) -> (digest: ObjectID, document: JSONValue) {
        let (digest, size) = try reference(descriptor, blobs)
        let path = blobs.appending(digest.description)
        let bytes = try bytes(of: opened(path))
        guard bytes.count == size, ContentHasher.hash(bytes.span) == digest else {
            throw damaged("the blob does not have its size and digest", path)
        }
        guard let document = JSONValue(bytes) else { throw damaged("the blob is not JSON", path) }
        return (digest, document)
    }

    /// Returns the digest and the size that a descriptor states.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    static func reference(
        _ descriptor: JSONValue,
        _ path: FilePath
    ) throws(CacheStoreError) -> (digest: ObjectID, size: Int) {
        guard let digest = descriptor["digest"]?.string.flatMap(digest),
            let size = descriptor["size"]?.integer, (0...largestBlob).contains(size)
        else { throw damaged("a descriptor has no SHA-256 and size", path) }
        return (digest, size)
    }

    /// Returns the digest in text, `sha256:` and 64 hexadecimal digits, or `nil` for other text.
    static func digest(_ text: String) -> ObjectID? {
        guard text.hasPrefix("sha256:") else { return nil }
        return ObjectID(hexadecimal: Array(text.utf8.dropFirst(7)).span)
    }

    /// Opens a blob, which is missing in a layout that was not copied whole.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    static func opened(_ path: FilePath, followsLinks: Bool = true) throws(CacheStoreError) -> File {
        do throws(CacheStoreError) {
            return try File(reading: path, followsLinks: followsLinks)
        } catch {
            throw error.code == .notFound ? error.advising(.copyBaseAgain) : error
        }
    }

    private static func bytes(of file: borrowing File) throws(CacheStoreError) -> [UInt8] {
        let bytes = try file.bytes(count: maximumSize + 1)
        guard bytes.count <= maximumSize else { throw damaged("the document is too long", file.path) }
        return bytes
    }

    /// Returns the error for an image that contradicts itself.
    static func damaged(
        _ message: String,
        _ path: FilePath,
        cause: (any Error)? = nil
    ) -> CacheStoreError {
        CacheStoreError(
            .corruptArchive,
            "damaged image: \(message)",
            path: path,
            remedy: .copyBaseAgain,
            cause: cause
        )
    }
}
