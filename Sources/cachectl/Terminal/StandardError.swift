import Glibc
import SystemPackage

/// What a command says to people; that it can't be written to is no failure.
enum StandardError {
    /// Writes text as it is.
    static func write(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll(text.utf8)
    }

    /// Writes a message.
    static func write(_ message: Message) {
        write(message.lines.joined(separator: "\n") + "\n")
    }

    /// Opens `/dev/null` in the place of a standard stream that the parent closed (`>&-`): otherwise the next
    /// file that is opened, an archive, would get its number, and messages would be written into it.
    static func openClosedStreams() {
        for number: Int32 in 0...2 where fcntl(number, F_GETFD) == -1 {
            _ = try? FileDescriptor.open(FilePath("/dev/null"), .readWrite)
        }
    }
}
