/// The size of an archive in figures.
public struct ArchiveTotals: Hashable, Sendable {
    /// A number of members and the bytes in them.
    public struct Tally: Hashable, Sendable {
        /// The number of members.
        public var members = 0
        /// The number of files that a restore makes of the members.
        public var files = 0
        /// The length of the members' content as a restore writes it, in bytes.
        public var contentBytes = 0
        /// The length of the frames and index values that hold the members' content, in bytes.
        ///
        /// A chunk that several members use counts once, for the first of them.
        public var storedBytes = 0

        /// Returns the tally of one file of a cache.
        static func file(of contentBytes: Int) -> Self { files(1, of: contentBytes) }

        /// Returns the tally of members that are several files of a cache.
        static func files(_ files: Int, of contentBytes: Int, members: Int = 1) -> Self {
            Self(members: members, files: files, contentBytes: contentBytes, storedBytes: 0)
        }

        /// Adds a tally to another.
        static func += (lhs: inout Self, rhs: Self) {
            lhs.members += rhs.members
            lhs.files += rhs.files
            lhs.contentBytes += rhs.contentBytes
            lhs.storedBytes += rhs.storedBytes
        }

        /// Subtracts a tally from another.
        static func -= (lhs: inout Self, rhs: Self) {
            lhs.members -= rhs.members
            lhs.files -= rhs.files
            lhs.contentBytes -= rhs.contentBytes
            lhs.storedBytes -= rhs.storedBytes
        }
    }

    /// The tally of each kind of member that occurs.
    public var byKind: [Member.Kind: Tally] = [:]

    /// The tally of each class of action entries and outputs that occurs.
    public var byClass: [EntryClass: Tally] = [:]

    /// The tally of all members that a source holds, by the source's label.
    public var bySource: [String: Tally] = [:]

    /// The tally of the members that only one source holds, by that source's label.
    public var uniqueBySource: [String: Tally] = [:]

    /// The tally of the members that two or more sources hold.
    public var shared = Tally()

    /// The tally of all members.
    public var all = Tally()

    /// The number of chunks, and so of frames.
    public var chunks = 0

    /// The length of all frames, in bytes.
    public var frameBytes = 0

    /// The length of the file, in bytes.
    public var fileBytes = 0

    /// The figures without those of stored bytes, which are 0: what is known before content is compressed.
    var uncompressed: ArchiveTotals {
        func uncompressed(_ tally: Tally) -> Tally {
            .files(tally.files, of: tally.contentBytes, members: tally.members)
        }
        var totals = self
        totals.byKind = byKind.mapValues(uncompressed)
        totals.byClass = byClass.mapValues(uncompressed)
        totals.bySource = bySource.mapValues(uncompressed)
        totals.uniqueBySource = uniqueBySource.mapValues(uncompressed)
        (totals.shared, totals.all) = (uncompressed(shared), uncompressed(all))
        (totals.frameBytes, totals.fileBytes) = (0, 0)
        return totals
    }
}
