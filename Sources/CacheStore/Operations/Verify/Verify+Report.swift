extension Verify {
    /// The result of a verification.
    public struct Report: Sendable {
        /// The problems that were found, in the order of the archive; empty for a sound archive.
        public var problems: [CacheStoreError]

        /// The digest of the archive, if its index could be read.
        public var digest: ObjectID?

        /// The number of chunks whose bytes were checked.
        public var chunks = 0

        /// The number of members that were checked.
        public var members = 0

        /// The number of modules with a tree, a zip or a `go.mod` of which ``Verify/Options/modules`` has no
        /// hash; `nil` without that option.
        public var unnamedModules: Int?

        /// The part of the content that was checked; `nil` without ``Verify/Options/part``.
        public var checked: Checked?

        /// Whether all content was checked and no problem was found.
        ///
        /// Without problems in a part, nothing is known about the rest.
        public var isSound: Bool { problems.isEmpty && checked?.isWhole ?? true }

        /// The number of bytes of content that were checked.
        public var contentBytes = 0
    }
}

extension Verify.Report {
    /// The extent of a part that was checked.
    public struct Checked: Hashable, Sendable {
        /// The number that chose the part: see ``Verify/Part/seed``.
        public var seed: UInt32

        /// The number of members with content in frames that were checked: outputs, trees and stored zips.
        public var members = 0

        /// The number of all members with content in frames.
        public var allMembers = 0

        /// The content that was checked, in bytes.
        public var contentBytes = 0

        /// All content in frames, in bytes.
        public var allContentBytes = 0

        /// The number of chunks that were checked.
        public var chunks = 0

        /// Whether the part was all content.
        public var isWhole = false

        /// The share of all content that was checked, 0 to 1; 1 if there is no content.
        public var share: Double {
            allContentBytes == 0 ? 1 : Double(contentBytes) / Double(allContentBytes)
        }

        init(seed: UInt32) { self.seed = seed }
    }
}
