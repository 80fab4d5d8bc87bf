import Glibc

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

    /// The kind in words, for messages.
    var noun: String {
        switch kind {
        case .regular: "file"
        case .directory: "directory"
        case .symbolicLink: "symbolic link"
        case .other: "special file"
        }
    }
}
