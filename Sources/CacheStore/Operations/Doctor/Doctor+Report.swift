public import SystemPackage

extension Doctor {
    /// A report on whether builds here will hit, and if not, why.
    public struct Report: Hashable, Sendable {
        /// The expected outcome of builds here.
        public enum Prediction: String, Hashable, Sendable {
            /// Everything that the sources built hits.
            case hits
            /// The outcome can't be predicted.
            case unknown
            /// Some packages are compiled again.
            case someMiss
            /// Everything is compiled again.
            case nothingHits
        }

        /// The Go command's judgement of packages.
        public struct Packages: Hashable, Sendable {
            /// The directory in which the Go command was run.
            public var directory: FilePath

            /// The packages that the Go command was asked to judge.
            public var patterns: [String]

            /// The number of packages that a build from nothing compiles.
            public var total: Int

            /// The packages without an entry, in the order in which Go compiles them.
            public var missing: [MissingPackage]

            /// The number of packages that a build compiles.
            ///
            /// The lower bound counts the packages that are certain, the upper bound all that are missing.
            /// The bounds are equal if the packages were compiled.
            public var compiles: ClosedRange<Int>
        }

        /// A package without an entry.
        public struct MissingPackage: Hashable, Sendable {
            /// The import path of the package.
            public var importPath: String

            /// The package's module, `path@version`; empty for the standard library and the programs
            /// themselves.
            public var module: String

            /// Whether the package is compiled in any case.
            ///
            /// This is so if the package depends on no other missing package, or if a setting keeps it from
            /// hitting.
            public var isCertain: Bool

            /// The first missing package on which this one depends.
            ///
            /// This package hits if all its dependencies are compiled to the same result as in the job.
            public var dependsOn: String?

            /// The setting that explains why the package is missing, as in ``Finding/setting``.
            public var setting: String?
        }

        /// The digest of the archive.
        public var digest: ObjectID

        /// The environment at hand.
        public var environment: GoEnvironment

        /// The prediction for builds here.
        ///
        /// The Go command makes the prediction where packages were judged; otherwise the settings do.
        public var prediction: Prediction

        /// The predictions for the packages that each source built, by label, according to the settings.
        public var sources: [String: Prediction]

        /// The Go command's judgement of the packages, if it was asked and could tell.
        public var packages: Packages?

        /// The findings behind the prediction, the gravest first.
        public var findings: [Finding]
    }
}
