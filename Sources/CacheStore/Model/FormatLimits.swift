/// The limits that the format of archives fixes: see <doc:Format>.
enum FormatLimits {
    /// The version of the format that is written, and the highest version that is read.
    static let version = 1

    /// The size of a page of the index database, in bytes.
    static let pageSize = 4096

    /// The greatest length of a chunk's content, in bytes.
    static let chunkSize = 8 << 20

    /// The greatest length of a value in the index itself, in bytes: Go's own limit for a go.mod file.
    static let valueSize = 16 << 20

    /// The greatest length of a module zip, in bytes: `MaxZipFile` in Go's golang.org/x/mod/zip, zip.go.
    static let zipSize = 500 << 20
}
