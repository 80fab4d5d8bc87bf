public import SystemPackage

extension Doctor {
    /// Whether builds here will hit, and if not, why.
    public struct Report: Hashable, Sendable {
        /// What becomes of builds here.
        public enum Prediction: String, Hashable, Sendable {
            /// All that the sources built hits.
            case hits
            /// It can't be told.
            case unknown
            /// Some packages are compiled again.
            case someMiss
            /// Everything is compiled again.
            case nothingHits
        }

        /// What the Go command says of packages.
        public struct Packages: Hashable, Sendable {
            /// The directory that it was run in.
            public var directory: FilePath

            /// The packages that it was asked for.
            public var patterns: [String]

            /// The number of packages that a build from nothing compiles.
            public var total: Int

            /// The packages of which there is no entry, in the order in which Go compiles them.
            public var missing: [MissingPackage]

            /// How many packages a build compiles.
            ///
            /// At least those that are certain, at most all that are missing; one number if they were compiled.
            public var compiles: ClosedRange<Int>
        }

        /// A package of which there is no entry.
        public struct MissingPackage: Hashable, Sendable {
            /// Its import path.
            public var importPath: String

            /// Its module, `path@version`; empty for the standard library and the programs themselves.
            public var module: String

            /// Whether it is compiled in any case: it depends on no other that is missing, or a setting keeps it from
            /// hitting.
            public var isCertain: Bool

            /// The first package missing that it depends on.
            ///
            /// If all that it depends on is compiled to what it was in the job, this one hits.
            public var dependsOn: String?

            /// The setting that explains it, as ``Finding/setting`` has it.
            public var setting: String?
        }

        /// The digest of the archive.
        public var digest: ObjectID

        /// The environment at hand.
        public var environment: GoEnvironment

        /// What becomes of builds here: what the Go command says where packages were judged, otherwise what the
        /// settings say.
        public var prediction: Prediction

        /// What becomes of what each source built, by label, as the settings say.
        public var sources: [String: Prediction]

        /// What the Go command says of the packages, if it was asked and could tell.
        public var packages: Packages?

        /// What decides, the gravest first.
        public var findings: [Finding]
    }
}
