extension Verify {
    /// A part of an archive's content, chosen at random, to be checked in place of all of it.
    ///
    /// The index is always checked whole. Of the content, whole members are checked: outputs, module trees,
    /// stored zips, and chunks that no member uses. They are taken in random order, and another ``seed``
    /// gives another part. A share leaves out members that are too long for it, unless one of them is the
    /// first, so each member is checked in some run, and long ones in fewer.
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
        ///     A member with which they would have more than twice as many is left out, unless it is the
        ///     first or all others together have less than half as many.
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
        ///   - time: The time from the start of the verification on. At its end, the members that are being
        ///     read are given up after at most one chunk each, and do not count, except that the first member
        ///     is always read to its end.
        ///   - seed: The number that decides the order of the members; `nil` for another in each run.
        /// - Returns: The part.
        public static func time(_ time: Duration, seed: UInt32? = nil) -> Part { Part(.time(time), seed) }
    }
}
