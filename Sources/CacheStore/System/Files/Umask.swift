import Glibc
import SystemPackage

/// The process's umask, read without changing it.
///
/// `umask(2)` can only read the umask by setting it, and other threads would see the change.
enum Umask {
    /// The bits that the system removes from the mode of new files; 0o022 where `/proc` does not tell.
    static let value: mode_t = {
        let status = try? File(reading: "/proc/self/status").bytes(count: 1 << 16)
        for line in String(decoding: status ?? [], as: UTF8.self).split(separator: "\n") {
            guard line.hasPrefix("Umask:") else { continue }
            return mode_t(line.dropFirst(6).filter { !$0.isWhitespace }, radix: 8) ?? 0o022
        }
        return 0o022
    }()

    /// Returns whether a new file would lack some of the bits of `mode`.
    static func hides(_ mode: mode_t) -> Bool { value & mode != 0 }
}
