import Glibc
import SystemPackage

/// The status of a file, from `stat(2)`.
struct FileStatus: Hashable {
    /// The kinds of file that matter here.
    enum Kind { case regular, directory, symbolicLink, other }

    let kind: Kind

    /// The permission bits, 0 to 0o7777.
    let mode: mode_t

    /// The user that owns the file.
    let owner: uid_t

    /// The length of the file, in bytes.
    let size: Int

    /// The modification time, in whole seconds since 1970.
    let modified: Int

    /// The rest of the modification time, in nanoseconds, 0 to 999,999,999.
    let modifiedNanoseconds: Int

    /// The time at which the content, the mode or the owner changed last, in nanoseconds since 1970.
    ///
    /// Only the system sets this time.
    let changedNanoseconds: Int

    /// The device number of the file system that holds the file.
    let device: dev_t

    /// The file's number on that file system.
    let inode: ino_t

    /// The numbers that tell a file from all others.
    struct Identity: Hashable {
        let device: dev_t
        let inode: ino_t
    }

    /// The numbers that tell the file from all others.
    var identity: Identity { Identity(device: device, inode: inode) }

    init(_ raw: stat) {
        switch raw.st_mode & S_IFMT {
        case S_IFREG: kind = .regular
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink
        default: kind = .other
        }
        mode = raw.st_mode & 0o7777
        owner = raw.st_uid
        size = raw.st_size
        modified = raw.st_mtim.tv_sec
        modifiedNanoseconds = raw.st_mtim.tv_nsec
        changedNanoseconds = raw.st_ctim.tv_sec &* 1_000_000_000 &+ raw.st_ctim.tv_nsec
        device = raw.st_dev
        inode = raw.st_ino
    }

    /// The kind in more exact words than those of ``kind``, where there are some.
    private var exactNoun: String?

    /// Creates the status of a file that lies in another file, for example in a tar.
    ///
    /// - Parameters:
    ///   - kind: The kind.
    ///   - noun: The kind in words, if ``kind`` does not tell it exactly.
    ///   - mode: The permission bits.
    ///   - owner: The user.
    ///   - size: The length in bytes.
    ///   - modified: The modification time, in whole seconds since 1970.
    ///   - modifiedNanoseconds: The rest of the modification time.
    ///   - number: The file's number; the device is one that no file system has.
    init(
        _ kind: Kind,
        noun: String? = nil,
        mode: mode_t,
        owner: uid_t,
        size: Int,
        modified: Int,
        modifiedNanoseconds: Int,
        number: Int
    ) {
        (self.kind, exactNoun, self.mode, self.owner, self.size) = (kind, noun, mode, owner, size)
        (self.modified, self.modifiedNanoseconds) = (modified, modifiedNanoseconds)
        changedNanoseconds = modified &* 1_000_000_000 &+ modifiedNanoseconds
        (device, inode) = (dev_t.max, ino_t(number))
    }

    /// Creates the status of a remote file, which has no number and no time that is known.
    ///
    /// - Parameter size: The length in bytes.
    init(ofRemoteFileOf size: Int) {
        self.init(.regular, mode: 0, owner: 0, size: size, modified: 0, modifiedNanoseconds: 0, number: 0)
    }

    /// The kind in words, for messages.
    var noun: String {
        if let exactNoun { return exactNoun }
        return switch kind {
        case .regular: "file"
        case .directory: "directory"
        case .symbolicLink: "symbolic link"
        case .other: "special file"
        }
    }
}

extension CacheStoreError {
    /// Returns the error for something that stands where a file or directory should be.
    ///
    /// - Parameters:
    ///   - found: The status of what stands there.
    ///   - wanted: The kind that should be there: a file or a directory.
    ///   - path: The path.
    /// - Returns: An error, with code ``Code/symbolicLink`` for a link in the place of a directory.
    static func obstacle(_ found: FileStatus, insteadOf wanted: FileStatus.Kind, _ path: FilePath) -> Self {
        let isLink = found.kind == .symbolicLink && wanted == .directory
        return Self(
            isLink ? .symbolicLink : .io,
            wanted == .directory
                ? "a \(found.noun) stands where a directory should be" : "a \(found.noun), and not a file",
            path: path,
            remedy: .removeObstacle
        )
    }
}
