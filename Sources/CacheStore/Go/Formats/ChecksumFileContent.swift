/// The content of a file of the checksum database in GOMODCACHE.
///
/// Such files name no hash of themselves. However, a machine that loses power may leave zeros for content that
/// was not yet on the disk, and no sound file of the database has them.
///
/// Source: golang.org/x/mod/sumdb, and the Go proposal 25530 for its paths.
enum ChecksumFileContent {
    /// The length of a hash in a tile, in bytes.
    private static let hashSize = 32

    /// Returns the reason why a file can't be of the database, or `nil` if it can.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - path: The path below `cache/download/sumdb`: `DATABASE/lookup/…`, `DATABASE/tile/…`.
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
