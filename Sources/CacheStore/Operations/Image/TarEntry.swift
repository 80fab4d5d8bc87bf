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

    /// The path as the stream states it.
    var path: String

    var kind: Kind

    /// The permission bits, 0 to 0o7777.
    var mode: mode_t

    var owner: FileOwner

    var extendedAttributes: [ExtendedAttribute] = []

    /// The content of a file `….ziphash` of the length that Go gives it; `nil` for all other members.
    var hash: [UInt8]?

    /// Returns whether the content of a member is read.
    ///
    /// - Parameter size: The length of the content in bytes.
    /// - Returns: Whether it is a `.ziphash` of the length that Go gives it.
    func isHash(_ size: Int) -> Bool { kind == .file && size == 47 && path.hasSuffix(".ziphash") }
}
