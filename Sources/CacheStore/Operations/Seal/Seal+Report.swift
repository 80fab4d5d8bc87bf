public import SystemPackage

extension Seal {
    /// What a GOCACHE lacked to be sealed.
    public struct Report: Hashable, Sendable {
        /// Something that is not as it should be.
        public struct Fault: Hashable, Sendable {
            /// The kind of a fault.
            ///
            /// A struct rather than an enum, so that a later release can add a kind without breaking a caller's
            /// `switch`.
            public struct Kind: RawRepresentable, Hashable, Sendable {
                /// The kind's name, for example `directoryMode`.
                public let rawValue: String

                /// Names a kind, known to this version or not.
                public init(rawValue: String) { self.rawValue = rawValue }

                /// An entry without a time in the far future: Go trims it five days after that time, and sets its time
                /// at a hit, which copies it up into a container's layer.
                public static let time = Kind(rawValue: "time")
                /// A file that not all users can read, or a program that they can't execute.
                public static let mode = Kind(rawValue: "mode")
                /// One of the 256 directories that is missing: Go fails where it can't create it.
                public static let missingDirectory = Kind(rawValue: "missingDirectory")
                /// One of the 256 directories without the mode of the profile.
                public static let directoryMode = Kind(rawValue: "directoryMode")
                /// A `trim.txt` that is missing, that not all users can write, or, if read-only, that does not lead to
                /// `/dev/null`.
                public static let trimFile = Kind(rawValue: "trimFile")
                /// A link or special file where an entry should be; it is left alone.
                public static let foreign = Kind(rawValue: "foreign")

                /// The kinds that this version knows, in the order in which reports list them.
                public static let all: [Kind] = [
                    .time, .mode, .missingDirectory, .directoryMode, .trimFile, .foreign,
                ]
            }

            /// The kind; stable across releases.
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
}
