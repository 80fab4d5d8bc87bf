/// The content of a file of the checksum database in GOMODCACHE.
///
/// No hash of such a file is recorded. However, a machine that loses power may leave zeros for content that
/// was not on the disk yet, and no sound file of the database has them.
///
/// Source: golang.org/x/mod/sumdb, and the Go proposal 25530 for its paths.
enum ChecksumFileContent {
    /// The length of a hash in a tile, in bytes.
    private static let hashSize = 32

    /// Looks for zeros in a file.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - path: The path below `cache/download/sumdb`: `DATABASE/lookup/…`, `DATABASE/tile/…`.
    /// - Returns: The reason why the file can't be of the database, or `nil` if it can.
    static func fault(in bytes: [UInt8], at path: String) -> String? {
        let elements = path.pathElements
        // `tile/HEIGHT/data/…` holds records as text, as a lookup does. All other tiles hold hashes.
        guard elements.count > 3, elements[1] == "tile", elements[3] != "data" else {
            return bytes.contains(0) ? "it holds zeros, as a file whose content was lost" : nil
        }
        for start in stride(from: 0, to: bytes.count, by: hashSize) {
            let hash = bytes[start..<min(start + hashSize, bytes.count)]
            if hash.allSatisfy({ $0 == 0 }) { return "it holds zeros, as a file whose content was lost" }
        }
        return nil
    }
}
