import Glibc

/// The file `trim.txt` in GOCACHE: the time when Go last looked for old entries, in seconds since 1970.
enum TrimFile {
    static let name = "trim.txt"

    /// The target of the symbolic link that stands for the file in a cache to which nobody can write.
    static let sink = "/dev/null"

    /// Writes the file with the current time, and lets everyone write to the file.
    ///
    /// If `profile` discards the time, the file is a link to ``sink`` instead.
    ///
    /// Without a fresh file, the next build scans all entries, and fails where it can't rewrite the file (Go
    /// up to 1.25).
    static func write(in root: borrowing Directory, _ profile: CacheProfile) throws {
        guard profile.discardsTrimTime else {
            _ = try FilePlacement(mode: 0o666).put(Array("\(time(nil))".utf8), as: name, in: root)
            return
        }
        if try isRight(in: root, profile) { return }
        let temporary = FilePlacement.temporaryPrefix + name
        try root.remove(temporary)
        try root.createLink(temporary, to: sink)
        do {
            try root.rename(temporary, to: name)
        } catch {
            try? root.remove(temporary)
            throw error
        }
    }

    /// Returns whether the file is there and everyone can write to it, whatever its age.
    static func isRight(in root: borrowing Directory, _ profile: CacheProfile) throws(CacheStoreError) -> Bool
    {
        guard let status = try root.status(of: name) else { return false }
        guard profile.discardsTrimTime else {
            return status.kind == .regular && status.mode & 0o666 == 0o666
        }
        guard status.kind == .symbolicLink else { return false }
        return try root.target(ofLink: name) == sink
    }
}
