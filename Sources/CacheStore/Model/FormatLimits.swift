/// Numbers that the format of archives fixes: see <doc:Format>.
enum FormatLimits {
    /// The version of the format that is written, and the highest that is read.
    static let version = 1

    /// The size of a page of the index database, in bytes.
    static let pageSize = 4096

    /// The largest content of a chunk, in bytes.
    static let chunkSize = 8 << 20

    /// The largest value in the index itself, in bytes: Go's own limit for a go.mod file.
    static let valueSize = 16 << 20

    /// The largest module zip, in bytes: `MaxZipFile` in Go's golang.org/x/mod/zip, zip.go.
    static let zipSize = 500 << 20
}
