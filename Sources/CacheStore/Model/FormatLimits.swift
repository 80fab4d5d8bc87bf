/// The limits that the format of archives fixes: see <doc:Format>.
enum FormatLimits {
    /// The version of the format that nearly all archives have.
    static let version = 1

    /// The version of an archive with a manifest of several chunks, which is the highest version that is
    /// read.
    static let longManifestVersion = 2

    /// The size of a page of the index database, in bytes.
    static let pageSize = 4096

    /// The greatest length of a chunk's content, in bytes.
    static let chunkSize = 8 << 20

    /// The greatest length of a value in the index itself, in bytes: Go's own limit for a go.mod file.
    static let valueSize = 16 << 20

    /// The greatest length of a module zip, in bytes: `MaxZipFile` in Go's golang.org/x/mod/zip, zip.go.
    static let zipSize = 500 << 20

    /// Returns the most content that a module zip can have, in bytes.
    ///
    /// Deflate makes at most 258 bytes of two bits (RFC 1951, 3.2.5), and Go takes no more than ``zipSize``.
    ///
    /// - Parameter size: The length of the zip, in bytes.
    /// - Returns: The limit, which holds for every zip that can be read, whatever its directory states.
    static func content(ofZip size: Int) -> Int { min(1032 * min(size, zipSize), zipSize) }

    /// The greatest length of the files of a tree together, in bytes.
    ///
    /// Go takes no more than ``zipSize`` of unpacked files. Those of a toolchain may be there twice.
    static let treeSize = 2 * zipSize

    /// The greatest length of an output, in bytes: far more than Go compiles into one file.
    static let outputSize = 16 << 30

    /// The greatest length of a manifest, in bytes.
    ///
    /// A zip holds each name twice, so the manifest of a module that Go accepts is shorter than half of its
    /// zip.
    static let manifestSize = zipSize / 2

    /// The greatest number of files in a tree: a zip takes at least 78 bytes per file.
    static let treeFiles = zipSize / 78

    /// The bytes of content by which a file of a tree counts in ``content(ofFrames:)``.
    static let fileWeight = 4096

    /// Returns the most content that an archive may have in all, in bytes.
    ///
    /// A few bytes can name one chunk a thousand times, and a frame of some hundred bytes can hold 8 MiB of
    /// zeros. Without this limit, a small archive could take hours to read. What counts is the content of
    /// each chunk, again for each use of the chunk, ``fileWeight``, and the content of stored zips; real
    /// archives have some 12 times the length of their frames.
    ///
    /// - Parameter framesSize: The length of all frames, in bytes.
    /// - Returns: The limit, which is below 2⁶¹.
    static func content(ofFrames framesSize: Int) -> Int { 4 << 30 + 1024 * min(framesSize, 1 << 50) }
}
