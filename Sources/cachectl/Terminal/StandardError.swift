import Glibc
import SystemPackage

/// The stream for the messages of a command; a failure to write to the stream is ignored.
enum StandardError {
    /// Writes text, without what may be a secret in an address.
    static func write(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll(HumanFormat.withoutSecrets(text).utf8)
    }

    /// Writes a message.
    static func write(_ message: Message) {
        write(message.lines.joined(separator: "\n") + "\n")
    }

    /// Opens `/dev/null` in the place of each standard stream that the parent closed (`>&-`).
    ///
    /// Otherwise the next file to be opened, an archive, would get the number of the closed stream, and
    /// messages would be written into the archive.
    static func openClosedStreams() {
        for number: Int32 in 0...2 where fcntl(number, F_GETFD) == -1 {
            _ = try? FileDescriptor.open(FilePath("/dev/null"), .readWrite)
        }
    }
}
