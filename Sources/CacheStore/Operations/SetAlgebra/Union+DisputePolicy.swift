extension Union {
    /// The treatment of action IDs for which the inputs hold several outputs: see ``ActionDispute``.
    ///
    /// A policy covers action entries alone, because they decide which compiled packages and programs builds
    /// take. Other values that differ stay under the rule that <doc:Design> states: `.info` files and lookups
    /// of the checksum database are not built, and the form and class of an output do not change its bytes.
    /// Different values of a `.mod`, a module hash or a tile are a conflict under every policy.
    public enum DisputePolicy: String, Hashable, Sendable, CaseIterable {
        /// All entries stay in the archive, and a restore takes the one with the lowest output ID.
        case keep

        /// The union fails with code ``CacheStoreError/Code/dispute``, and nothing is written.
        ///
        /// Results of tests, and sources that `go test -cover` generates, differ in each run. No exception is
        /// made for them, because a forger could give other entries the look of these. So the policy is not
        /// for archives that keep test results, nor for jobs that measure the coverage of the same packages.
        case fail

        /// No entry of a disputed action ID stays, and no output that only such entries refer to; Go then
        /// runs the action again.
        ///
        /// The result does not depend on the order of the inputs. However, an archive does not record which
        /// IDs were dropped: a later union with one of the inputs brings that input's entry back. Where
        /// archives are united in several steps, all steps but the last should keep the entries.
        case drop
    }
}
