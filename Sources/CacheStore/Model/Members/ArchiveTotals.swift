/// The size of an archive in figures.
public struct ArchiveTotals: Hashable, Sendable {
    /// A number of members and the bytes in them.
    public struct Tally: Hashable, Sendable {
        /// The number of members.
        public var members = 0
        /// The number of files that restoring them makes.
        public var files = 0
        /// Their content as a restore writes it, in bytes.
        public var rawBytes = 0
        /// What their content takes in the archive, in bytes: its frames, or its place in the index.
        ///
        /// A chunk
        /// that several members use counts once, for the first.
        public var storedBytes = 0
    }

    /// The tally of each kind of member that occurs.
    public var byKind: [Member.Kind: Tally] = [:]

    /// The tally of each class of action entries and outputs that occurs.
    public var byClass: [EntryClass: Tally] = [:]

    /// The tally of each source, by label, of all members it holds.
    public var bySource: [String: Tally] = [:]

    /// The tally of the members that only this source holds, by label.
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
}
