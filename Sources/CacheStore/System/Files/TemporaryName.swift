import Glibc
import SystemPackage

/// A temporary name beside a final one, under which one process writes an output.
///
/// The process holds a lock (`flock(2)`) on what has the name. A process that is killed releases its lock,
/// so the next output in the same directory finds what is abandoned, and removes it. Where the file system
/// has no locks, nothing is found to be abandoned.
struct TemporaryName: Hashable, Sendable {
    private static let suffix = ".tmp"

    /// The name, which has the same length for all final names.
    let text: String

    /// Makes a name that nothing else has.
    init(for name: String) {
        text = Self.prefix(for: name) + String(UInt64.random(in: .min ... .max), radix: 36) + Self.suffix
    }

    /// The beginning of all temporary names for a final name.
    ///
    /// A final name may be as long as the system allows, so its FNV-1a hash stands for it. No member of an
    /// archive has such a name, because a restore takes the prefix for its own.
    private static func prefix(for name: String) -> String {
        let hash = name.utf8.reduce(0xCBF2_9CE4_8422_2325) { hash, byte in
            (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        return "\(FilePlacement.temporaryPrefix)\(String(hash, radix: 36))-"
    }

    /// Locks what has been created under the name.
    ///
    /// - Parameters:
    ///   - descriptor: The file or directory.
    ///   - directory: The directory in which it has the name.
    /// - Returns: Whether it is still there, and nobody else has the lock: another process may take it for
    ///   abandoned before it is locked.
    func lock(_ descriptor: CInt, in directory: borrowing Directory) -> Bool {
        do throws(Errno) {
            _ = try SystemCall.run { flock(descriptor, LOCK_EX | LOCK_NB) }
        } catch {
            // Where the file system has no locks, nobody takes what is there for abandoned.
            if error == .wouldBlock { return false }
        }
        do { return try directory.status(of: text) != nil } catch { return true }
    }

    /// Takes a lock that nobody has, and returns whether it was taken.
    private static func isLocked(_ descriptor: CInt) -> Bool {
        (try? SystemCall.run { flock(descriptor, LOCK_EX | LOCK_NB) }) != nil
    }

    /// Returns whether a name is one that this type makes.
    private static func isTemporary(_ name: String) -> Bool {
        guard name.hasPrefix(FilePlacement.temporaryPrefix), name.hasSuffix(suffix) else { return false }
        let numbers = name.dropFirst(FilePlacement.temporaryPrefix.count).dropLast(suffix.count)
            .split(separator: "-", omittingEmptySubsequences: false)
        return numbers.count == 2 && numbers.allSatisfy { UInt64($0, radix: 36) != nil }
    }

    /// Removes what killed processes have left under temporary names.
    ///
    /// An error is passed over: what stays does no harm, and is removed the next time.
    ///
    /// - Parameters:
    ///   - name: The final name; `nil` for all, in a directory that holds outputs and no members.
    ///   - directory: The directory.
    static func removeAbandoned(for name: String? = nil, in directory: borrowing Directory) {
        let prefix = name.map(prefix) ?? FilePlacement.temporaryPrefix
        guard let names = try? directory.names().valid else { return }
        for name in names where name.hasPrefix(prefix) && isTemporary(name) {
            if let inner = try? directory.directory(name) {
                if isLocked(inner.descriptor) { try? directory.removeAll(name) }
            } else if let file = try? directory.file(name), isLocked(file.descriptor) {
                try? directory.remove(name)
            }
        }
    }
}
