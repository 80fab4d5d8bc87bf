import Glibc

/// Who will use a GOCACHE, and so what times and modes its files get.
///
/// What each one is for, and its measured effect, is in <doc:AboutGoCaches>.
public enum CacheProfile: String, Hashable, Sendable, CaseIterable {
    /// A writable copy of the cache in each container, as in an image: entries are sealed, and any user may add
    /// some.
    case image

    /// A cache that stays and grows, as on a runner's volume: entries have the present time, so that Go trims what
    /// is not used for five days. For the user that restores it.
    case ci

    /// A cache that nobody can write to, by its mount or its owner: entries are sealed. Builds need
    /// `GODEBUG=goindex=0` there, because Go fails where it can't store the index of a checkout.
    case readonly

    /// Whether entries get a time that Go neither trims nor rewrites.
    var seals: Bool { self != .ci }

    /// The permission bits of the 256 directories.
    ///
    /// Where others may not list them, Go's daily scan for old entries ends at once (`trimSubdir` in
    /// cmd/go/internal/cache/cache.go); names that are known still open.
    var directoryMode: mode_t {
        switch self {
        case .image: 0o733
        case .ci: 0o755
        case .readonly: 0o711
        }
    }

    /// Whether `trim.txt` leads to `/dev/null`: what can't be rewritten is an error up to Go 1.25 once it is a day
    /// old.
    var discardsTrimTime: Bool { self == .readonly }
}
