/// A file in GOCACHE that names the archives whose indexes have had their SHA-256.
///
/// A cache program starts with each go command. To hash an index takes a second per 1 or 2 GB, so the program
/// hashes it once, and again when the archive has changed. Whoever can write this file can write entries,
/// too.
struct CheckedArchives: Hashable, Sendable {
    /// The name of the file, which Go ignores.
    static let name = "castore-checked.txt"

    /// The number of archives that are named; the oldest gives way to a new one.
    private static let maximumCount = 32

    /// The length that the file does not reach, in bytes.
    private static let maximumSize = 1 << 14

    /// A state of an archive.
    struct State: Hashable, Sendable {
        fileprivate let line: String

        /// Describes an archive.
        ///
        /// - Parameters:
        ///   - index: The SHA-256 of the index, as the archive states it.
        ///   - status: The status of the open file. Every change of a file changes its status.
        init(index: ObjectID, _ status: FileStatus) {
            let modified = "\(status.modified).\(status.modifiedNanoseconds)"
            let file = "\(status.device) \(status.inode) \(status.size)"
            line = "\(index) \(file) \(modified) \(status.changedNanoseconds)"
        }
    }

    private var lines: [String] = []

    /// Reads the file; one that is missing, or that can't be read, names no archive.
    init(in root: borrowing Directory) {
        guard let file = try? root.file(Self.name), let bytes = try? file.bytes(count: Self.maximumSize),
            bytes.count < Self.maximumSize, bytes.last == UInt8(ascii: "\n")
        else { return }
        lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Returns whether an archive is named, in just this state.
    func contains(_ state: State) -> Bool { lines.contains(state.line) }

    /// Adds an archive to the file.
    ///
    /// Two programs may do so at the same time. Then one of the archives may be hashed once more.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    static func add(_ state: State, in root: borrowing Directory) throws(CacheStoreError) {
        var lines = CheckedArchives(in: root).lines.filter { $0 != state.line }
        lines = lines.suffix(maximumCount - 1) + [state.line]
        TemporaryName.removeAbandoned(for: name, in: root)
        let temporaryName = TemporaryName(for: name)
        let temporary = temporaryName.text
        do throws(CacheStoreError) {
            let file = try root.creatingFile(temporary, mode: 0o644, shownAs: root.path(of: name))
            // If another program removes the file before it is locked, it has no name to be renamed from.
            _ = temporaryName.lock(file.descriptor, in: root)
            try file.write(Array(lines.map { "\($0)\n" }.joined().utf8).span, at: 0)
            try root.rename(temporary, to: name)
        } catch {
            try? root.remove(temporary)
            throw error
        }
    }
}
