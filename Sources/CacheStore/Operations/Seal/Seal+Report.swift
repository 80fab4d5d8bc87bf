public import SystemPackage

extension Seal {
    /// The faults that kept the caches from being sealed.
    public struct Report: Hashable, Sendable {
        /// A kind of fault that occurs in the cache, with the number of places.
        public struct Fault: Hashable, Sendable {
            /// The kind of a fault.
            ///
            /// The type is a struct rather than an enum, so that a later release can add a kind without
            /// breaking a caller's `switch`.
            public struct Kind: RawRepresentable, Hashable, Sendable {
                /// The kind's name, for example `directoryMode`.
                public let rawValue: String

                /// Creates a kind, whether or not this version knows it.
                public init(rawValue: String) { self.rawValue = rawValue }

                /// An entry without a time in the far future.
                ///
                /// Go trims such an entry five days after its time. At a hit, Go sets the entry's time, which
                /// copies the entry up into a container's layer.
                public static let time = Kind(rawValue: "time")
                /// A file that some users can't read, or a program that some users can't execute.
                ///
                /// With ``CacheProfile/readonly``, also a file that other users can write to. The files of
                /// module trees count, too.
                public static let mode = Kind(rawValue: "mode")
                /// One of the 256 directories that is missing; Go fails where it can't create the directory.
                public static let missingDirectory = Kind(rawValue: "missingDirectory")
                /// One of the 256 directories without the mode of the profile.
                public static let directoryMode = Kind(rawValue: "directoryMode")
                /// A `trim.txt` that is missing or wrong for the profile.
                ///
                /// With ``CacheProfile/readonly``, the file must lead to `/dev/null`. Otherwise, all users
                /// must be able to write to the file.
                public static let trimFile = Kind(rawValue: "trimFile")
                /// A directory of GOMODCACHE, outside of module trees, where other users can't add modules;
                /// with ``CacheProfile/readonly``, where they can.
                public static let moduleDirectoryMode = Kind(rawValue: "moduleDirectoryMode")
                /// A file of GOMODCACHE, outside of module trees, that other users can't write to or lock;
                /// with ``CacheProfile/readonly``, that they can.
                public static let moduleFileMode = Kind(rawValue: "moduleFileMode")
                /// A link or special file where an entry should be; a seal leaves it alone.
                public static let foreign = Kind(rawValue: "foreign")

                /// The kinds that this version knows, in the order in which reports list them.
                public static let all: [Kind] = [
                    .time, .mode, .missingDirectory, .directoryMode, .trimFile, .moduleDirectoryMode,
                    .moduleFileMode, .foreign,
                ]
            }

            /// The kind; stable across releases.
            public var kind: Kind

            /// The number of faults of this kind.
            public var count: Int

            /// The first place with this fault, by path.
            public var first: FilePath
        }

        /// The number of files and directories with the names `…-a` and `…-d`.
        public var entries = 0

        /// The faults that were found, in the order of their kinds; they are mended, unless it was a dry run.
        public var faults: [Fault] = []

        /// Circumstances that a seal does not change, but that the users of the cache should know.
        public var warnings: [Warning] = []
    }
}
