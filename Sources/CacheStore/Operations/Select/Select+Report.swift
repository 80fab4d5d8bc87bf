extension Select {
    /// A report on the archive that a selection wrote.
    public struct Report: Hashable, Sendable {
        /// The digest of the archive.
        public var digest: ObjectID

        /// The archive in figures.
        public var totals: ArchiveTotals

        /// The members that were left out.
        public var removed: Removal

        /// The packages and modules that went for ``Options/maximumBytes``, in the order in which they go.
        public var cuts: [Cut]

        /// The number of input archives.
        public var inputs: Int

        /// The length of all inputs, in bytes.
        public var inputBytes: Int

        /// The members on which inputs disagree, ordered by kind and name, whether they were kept or not.
        public var disagreements: [Disagreement]

        /// The action IDs for which inputs hold several outputs that the archive keeps, ordered by ID.
        public var disputes: [ActionDispute]

        /// Warnings about damaged inputs of which other inputs had sound copies, about patterns that match
        /// nothing, and about entries that will miss because the sources differ.
        public var warnings: [Warning]
    }

    /// A package or module that went so that the archive is not longer than it may be.
    public struct Cut: Hashable, Sendable {
        /// The import path; for a program, `main` and, in parentheses, the directory of its sources; for a
        /// module, its path, `@` and its version; for a compiled package that states no name, its output.
        public var name: String

        /// Whether this is a module.
        public var isModule: Bool

        /// Whether this is one of Go's own packages.
        public var isStandard: Bool

        /// The length of the frames that nothing else uses, in bytes.
        public var storedBytes: Int

        /// The number of sources that hold a part of it.
        public var sources: Int
    }

    /// A preview of a selection: what the archive would hold, and what would go.
    public struct Preview: Hashable, Sendable {
        /// The report on the archive, as ``Select/run(_:to:progress:)`` would give it.
        public var report: Report

        /// The compiled packages that would go, the one that frees the most bytes first.
        ///
        /// The figures are those of the outputs that go. Stored bytes are those that become free.
        public var packages: [Explain.Report.Package]

        /// The modules of which trees or compiled packages would go, in the same order and figures.
        public var modules: [Explain.Report.Module]

        /// The number of compiled packages that would go and state no name.
        public var unknownPackages: Int
    }

    /// The members that builds of one source will lack.
    public struct Loss: Hashable, Sendable {
        /// The number of action entries, by class: builds miss each of them that they ask for.
        public var byClass: [EntryClass: Int] = [:]

        /// The number of module versions of which neither the tree nor the zip stays: builds download each of
        /// them that they need.
        public var modules = 0

        /// The number of action entries of all classes.
        public var entries: Int { byClass.values.reduce(0, +) }
    }

    /// The members of a union that a selection leaves out, in figures.
    public struct Removal: Hashable, Sendable {
        /// The members that go, by kind.
        public var byKind: [Member.Kind: ArchiveTotals.Tally] = [:]

        /// The entries and modules that sources lose, by the labels of the sources that lose some.
        ///
        /// What stays for another source alone is not counted, because builds still find it.
        public var bySource: [String: Loss] = [:]

        /// For each source that loses action entries, by its label, the number of those entries.
        public var entriesBySource: [String: Int] {
            bySource.compactMapValues { $0.entries == 0 ? nil : $0.entries }
        }

        /// For each source that loses modules, by its label, the number of those modules.
        public var modulesBySource: [String: Int] {
            bySource.compactMapValues { $0.modules == 0 ? nil : $0.modules }
        }

        /// The sum of ``byKind``.
        ///
        /// The stored bytes are those that become free: chunks that members of the result use are not
        /// counted.
        public var all: ArchiveTotals.Tally {
            byKind.values.reduce(into: ArchiveTotals.Tally()) { $0 += $1 }
        }
    }
}
