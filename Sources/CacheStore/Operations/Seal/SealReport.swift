public import SystemPackage

/// What a GOCACHE lacked to be sealed.
public struct SealReport: Hashable, Sendable {
    /// Something that is not as it should be.
    public struct Fault: Hashable, Sendable {
        /// The kinds; stable across releases.
        public enum Kind: String, Hashable, Sendable, CaseIterable {
            /// An entry without a time in the far future: Go trims it five days after that time, and sets its time
            /// at a hit, which copies it up into a container's layer.
            case time
            /// A file that not all users can read, or a program that they can't execute.
            case mode
            /// One of the 256 directories that is missing: Go fails where it can't create it.
            case missingDirectory
            /// One of the 256 directories without the mode of the profile.
            case directoryMode
            /// A `trim.txt` that is missing, that not all users can write, or, if read-only, that does not lead to
            /// `/dev/null`.
            case trimFile
            /// A link or special file where an entry should be; it is left alone.
            case foreign
        }

        /// The kind.
        public var kind: Kind

        /// How many there are.
        public var count: Int

        /// The first of them, by path.
        public var first: FilePath
    }

    /// The number of files and directories `…-a` and `…-d`.
    public var entries = 0

    /// What was found, ordered as the kinds are; mended, unless it was only looked for.
    public var faults: [Fault] = []
}
