import Glibc
import SystemPackage

/// The stamp of a restore in a GOCACHE that stays with its user: a file, and the time of all action entries.
///
/// Go sets the time of an entry to now when it uses the entry, unless that time is less than an hour old
/// (`markUsed` in cmd/go/internal/cache/cache.go; `used` up to Go 1.23). Therefore a restore gives all action
/// entries a time that is a day old. An entry that still has this time, or an older one, has not been used
/// since the restore. An entry with a later time has been used or made.
///
/// The comparison is with the time that the entries got, and not with the time of the restore. So a clock
/// that is set back does no harm, unless it is by 23 hours or more, less the time that the job takes.
///
/// A job may still run in the cache when another restore comes. Therefore an entry that was used or made
/// within the last day keeps its time, and counts as used after that restore, too: see ``EntryTimes``.
struct RestoreStamp: Hashable, Sendable {
    /// The name of the file, which Go ignores.
    static let name = "castore-restored.txt"

    /// The age that entries have at the restore, in seconds.
    ///
    /// The age is much more than ``BuildCacheLayout/stampInterval``, for clocks that are set back, and much
    /// less than the five days after which Go removes an entry.
    static let age = 86_400

    /// A difference between times that a file system may cause by rounding, in seconds.
    static let tolerance = 60

    /// The length that the file of no restore reaches, in bytes.
    private static let maximumSize = 1 << 16

    /// The reason for which a stamp tells nothing.
    enum Fault: Hashable, Sendable {
        /// The file has other content than a restore writes.
        case damaged
        /// The times of the files are not those that the restore set: the cache was copied without them, or
        /// its file system does not keep them.
        case timesLost
        /// The clock was set back so far that Go has not marked what it used.
        case clockSetBack
    }

    /// The stamp that a GOCACHE has.
    enum Found: Hashable, Sendable {
        case nothing
        case stamp(RestoreStamp)
        case unusable(Fault)
    }

    /// The time of entries that have not been used since the restore, in seconds since 1970.
    ///
    /// The number is even, because some file systems round times to two seconds.
    let entryTime: Int

    /// The time of the restore, in seconds since 1970.
    let restoreTime: Int

    /// The versions of Go whose entries were restored.
    var versions: Set<String> = []

    /// Creates the stamp of a restore at a time, in seconds since 1970.
    init(restoredAt now: Int) {
        restoreTime = now
        entryTime = (now - Self.age) & ~1
    }

    /// The earliest time of an entry that has been used or made since the restore.
    var earliestUse: Int { entryTime + Self.tolerance + 1 }

    /// Returns whether a time of a file may be the one that the restore set.
    private func isEntryTime(_ time: Int) -> Bool {
        // A file system may hold any time, so nothing is subtracted from it.
        (entryTime - Self.tolerance...entryTime + Self.tolerance).contains(time)
    }

    // MARK: - The file

    /// Writes the file, which gets the time of the entries.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func write(in root: borrowing Directory) throws {
        let names = versions.filter { !$0.isEmpty && !$0.utf8.contains(UInt8(ascii: "\n")) }.sorted()
        let text = ([String(restoreTime)] + names).map { "\($0)\n" }.joined()
        _ = try FilePlacement(mode: 0o644, time: entryTime).put(Array(text.utf8), as: Self.name, in: root)
    }

    /// Removes the file, because the times of the entries tell nothing any more.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    static func remove(from root: borrowing Directory) throws(CacheStoreError) { try root.remove(name) }

    /// Looks for the stamp of a GOCACHE.
    ///
    /// - Parameters:
    ///   - root: GOCACHE.
    ///   - now: The present time, in seconds since 1970.
    /// - Returns: The stamp, or the reason for which there is none that helps.
    /// - Throws: ``CacheStoreError`` as the system says.
    static func find(in root: borrowing Directory, now: Int = time(nil)) throws(CacheStoreError) -> Found {
        guard let status = try root.status(of: name) else { return .nothing }
        guard status.kind == .regular, let file = try root.file(name) else { return .unusable(.damaged) }
        let bytes = try file.bytes(count: maximumSize)
        // Lines are told apart by bytes: to Swift, `\r\n` is one character, and no line feed.
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let texts = lines.dropLast().compactMap { String(validating: $0, as: UTF8.self) }
        guard bytes.count < maximumSize, lines.last?.isEmpty == true, texts.count == lines.count - 1,
            let number = texts.first.flatMap({ Int($0) }), number > age, number < Int.max / 2,
            !texts.contains("")
        else { return .unusable(.damaged) }
        var stamp = RestoreStamp(restoredAt: number)
        stamp.versions = Set(texts.dropFirst())
        guard stamp.isEntryTime(status.modified) else { return .unusable(.timesLost) }
        guard now >= stamp.earliestUse + BuildCacheLayout.stampInterval else {
            return .unusable(.clockSetBack)
        }
        return .stamp(stamp)
    }
}
