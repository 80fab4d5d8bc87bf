import Glibc

/// The intended use of a GOCACHE, which determines the times and modes of its files.
///
/// <doc:AboutGoCaches> describes the purpose and the measured effect of each profile.
public enum CacheProfile: String, Hashable, Sendable, CaseIterable {
    /// A cache of which each container has a writable copy, as in an image.
    ///
    /// Entries are sealed. Any user may add entries to GOCACHE and modules to GOMODCACHE.
    ///
    /// Any user of the container may also replace what others put there: an entry of GOCACHE, the `.mod` of a
    /// module, or a whole module. Go hashes the files of a module when it downloads the module, and not when
    /// a build reads them. So this profile is for users who trust each other, as in a container that runs one
    /// job. Elsewhere use ``ci`` or ``readonly``.
    case image

    /// A cache that stays and grows, as on a runner's volume, for the user that restores it.
    ///
    /// Entries are a day old, so that Go marks those that it uses, and trims those that it does not use for
    /// five days. By the marks, a ``Pack`` tells later which entries a job has used. Entries that were in the
    /// cache before and were used or made within the last day keep their times, and count as used; sealed
    /// ones become as old as the others.
    case ci

    /// A cache that nobody can write to, because of its mount or its owner.
    ///
    /// Entries are sealed, and other users lose the right to write that they may have had. Builds need
    /// `GODEBUG=goindex=0` there, because Go fails where it can't store the index of a checkout.
    case readonly

    /// Whether entries get a time at which Go neither trims nor rewrites them.
    var seals: Bool { self != .ci }

    /// The permission bits of GOCACHE itself.
    ///
    /// `go test -fuzz` makes a directory there, and `go clean -testcache` a file (`fuzzInstrumentFlags` in
    /// cmd/go/internal/test/test.go, `clean.go`).
    var buildDirectoryMode: mode_t { self == .image ? 0o777 : 0o755 }

    /// The permission bits of the 256 directories.
    ///
    /// If other users may not list the directories, Go's daily scan for old entries ends at once
    /// (`trimSubdir` in cmd/go/internal/cache/cache.go). Files whose names are known can still be opened.
    var directoryMode: mode_t {
        switch self {
        case .image: 0o733
        case .ci: 0o755
        case .readonly: 0o711
        }
    }

    /// The permission bits of the directories of GOMODCACHE outside of module trees.
    ///
    /// There is no sticky bit, because Go renames new files over files of other users (`writeDiskCache` in
    /// cmd/go/internal/modfetch/cache.go).
    var moduleDirectoryMode: mode_t { self == .image ? 0o777 : 0o755 }

    /// The permission bits of the files of GOMODCACHE outside of module trees.
    ///
    /// Go opens some of them for writing, even if it only locks them (`lockVersion`, `SideLock` and
    /// `rewriteVersionList` in cmd/go/internal/modfetch/cache.go, `hashZip` in fetch.go).
    var moduleFileMode: mode_t { self == .image ? 0o666 : 0o644 }

    /// Returns the mode of a directory or file that is there, once it serves the users of the cache.
    ///
    /// - Parameters:
    ///   - mode: The mode that it has.
    ///   - bits: The permission bits that it must have.
    /// - Returns: The mode with these bits; with ``readonly``, other users lose the right to write.
    func mode(_ mode: mode_t, with bits: mode_t) -> mode_t {
        let whole = mode | bits
        return self == .readonly ? whole & ~0o022 : whole
    }

    /// Whether `trim.txt` leads to `/dev/null`.
    ///
    /// Up to Go 1.25, a `trim.txt` that can't be rewritten is an error once it is a day old.
    var discardsTrimTime: Bool { self == .readonly }
}
