import Glibc

/// A member of a tar stream that was read, without its content except for a `.ziphash`.
struct TarEntry: Hashable, Sendable {
    /// The kind of a member.
    enum Kind: Hashable, Sendable {
        case directory
        /// A symbolic link.
        case symbolicLink(to: String)
        /// Another name of an earlier member.
        case hardLink(to: String)
        /// A file, a device or a FIFO.
        case file
    }

    /// An extended attribute of a file (`xattr(7)`).
    struct ExtendedAttribute: Hashable, Sendable {
        var name: String
        var value: [UInt8]
    }

    /// The place of a member's content, and the facts that a file system keeps besides the content.
    struct Content: Hashable, Sendable {
        /// The offset of the content in the stream, in bytes.
        var offset = 0
        /// The length of the content, in bytes; 0 for a member that is no file.
        var size = 0
        /// The modification time, in whole seconds since 1970.
        var modified = 0
        /// The rest of the modification time, in nanoseconds, 0 to 999,999,999.
        var modifiedNanoseconds = 0
        /// The type as the header states it, for example `0` for a file.
        var type = UInt8(ascii: "0")
        /// Whether the stream holds a map of holes and the data between them in place of the content.
        var isSparse = false
        /// Whether the path, and that of a link's target, is UTF-8 without a NUL.
        var hasValidPath = true
    }

    /// The path as the stream states it; bytes that are not UTF-8 are replaced.
    var path: String

    var kind: Kind

    /// The permission bits, 0 to 0o7777.
    var mode: mode_t

    var owner: FileOwner

    var extendedAttributes: [ExtendedAttribute] = []

    /// The content of a file `….ziphash` of the length that Go gives it; `nil` for all other members.
    var hash: [UInt8]?

    var content = Content()

    /// Returns whether the content of a member is read.
    ///
    /// - Parameter size: The length of the content in bytes.
    /// - Returns: Whether it is a `.ziphash` of the length that Go gives it.
    func isHash(_ size: Int) -> Bool { kind == .file && size == 47 && path.hasSuffix(".ziphash") }
}
