extension Verify {
    /// A part of an archive's content, chosen at random, to be checked in place of all of it.
    ///
    /// The index is always checked whole. Of the content, whole members are checked: outputs, module trees,
    /// stored zips, and chunks that no member uses. Each has the same chance, whatever its size, so each byte
    /// has about the same chance too. Another ``seed`` gives another part.
    public struct Part: Hashable, Sendable {
        /// The size of a part.
        enum Extent: Hashable, Sendable {
            /// A share of the content's bytes, above 0 and at most 1.
            case share(Double)
            /// The members that can be checked in a time, at least one.
            case time(Duration)
        }

        let extent: Extent

        /// The number that decides which members are chosen: the same number chooses the same ones.
        public let seed: UInt32

        private init(_ extent: Extent, _ seed: UInt32?) {
            self.extent = extent
            self.seed = seed ?? .random(in: .min ... .max)
        }

        /// Returns a part of a given share.
        ///
        /// - Parameters:
        ///   - share: The share of the content's bytes. Members are chosen until they have at least as many.
        ///   - seed: The number that decides which members are chosen; `nil` for another part in each run.
        /// - Returns: The part.
        /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` if the share is not
        ///   above 0 and at most 1.
        public static func share(_ share: Double, seed: UInt32? = nil) throws(CacheStoreError) -> Part {
            guard share > 0, share <= 1 else {
                throw CacheStoreError(.badArgument, "the share must be above 0 % and at most 100 %")
            }
            return Part(.share(share), seed)
        }

        /// Returns the part that can be checked in a given time.
        ///
        /// - Parameters:
        ///   - time: The time from the start of the verification on. No member is begun after it, except the
        ///     first.
        ///   - seed: The number that decides the order of the members; `nil` for another in each run.
        /// - Returns: The part.
        public static func time(_ time: Duration, seed: UInt32? = nil) -> Part { Part(.time(time), seed) }
    }
}
