/// A file or directory in a module zip.
///
/// A ``ZipDirectory`` has checked that Go accepts ``path``, and that ``content`` lies within the zip and does
/// not overlap that of another entry.
struct ZipEntry: Hashable, Sendable {
    /// The method by which a member's content is stored (APPNOTE.TXT 4.4.5); Go knows these two.
    enum Method: UInt16, Sendable {
        case stored = 0
        case deflated = 8
    }

    /// The path within the module, with `/` between its elements and at a directory's end.
    let path: String

    /// The size of the file in bytes.
    let size: Int

    /// The CRC-32 of the file.
    let crc: UInt32

    /// The method by which ``content`` is stored.
    let method: Method

    /// The range of the content in the zip.
    let content: Range<Int>

    /// Whether the entry is a directory, which has no content.
    var isDirectory: Bool { path.isEmpty || path.utf8.last == UInt8(ascii: "/") }
}
