public import SystemPackage

/// An action ID for which archives hold several outputs, and the package that the action belongs to.
///
/// Go is right with each of the outputs of an honest build. Whoever can write one of the archives decides
/// which of them later builds use, so a caller can refuse or leave out such entries:
/// see ``Union/DisputePolicy``.
public struct ActionDispute: Hashable, Sendable {
    /// One of the outputs, and the holders of the action entry for it.
    public struct Side: Hashable, Sendable {
        /// The ID of the output.
        public var output: ObjectID

        /// The length of the output, in bytes.
        public var contentBytes: Int

        /// The labels of the sources that have the entry, in order.
        public var labels: [String]

        /// The archives that hold the entry, as they were given, in the order of their names.
        public var archives: [FilePath]
    }

    /// The action ID.
    public var action: ObjectID

    /// The class of the entries.
    public var entryClass: EntryClass

    /// The import path of the package; for a program, `main` and, in parentheses, the directory of its
    /// sources.
    ///
    /// The value is `nil` where nothing in the archives tells the package, as for the facts of `go vet`.
    public var package: String?

    /// The outputs, ordered by their IDs; a restore of an archive with all of them takes the first.
    public var sides: [Side]
}
