/// A module zip that cannot be read or written.
///
/// One type serves for everything from a wrong checksum to a name that Go refuses: code that catches the
/// error can only give up on the zip and show the message.
struct ZipError: Error, Hashable, Sendable {
    /// One sentence, without a trailing period, that says what is wrong.
    let message: String

    /// The path in the zip of the file or directory at fault, if there is one.
    let member: String?

    /// Creates an error.
    init(_ message: String, member: String? = nil) {
        self.message = message
        self.member = member
    }

    /// Returns the same error for `member`, unless the error already names a member.
    func naming(_ member: String) -> ZipError {
        ZipError(message, member: self.member ?? member)
    }
}

extension ZipError: CustomStringConvertible {
    /// The message, then the member if there is one.
    var description: String {
        guard let member else { return message }
        return "\(message): '\(member)'"
    }
}
