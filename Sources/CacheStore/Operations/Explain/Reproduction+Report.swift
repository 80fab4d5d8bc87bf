extension Reproduction {
    /// A report on the actions for which two archives hold other outputs.
    public struct Report: Hashable, Sendable {
        /// The actions with other outputs, ordered by ID.
        public var differing: [ActionDispute]

        /// The actions with other outputs whose content tells that it differs in each run, ordered by ID.
        ///
        /// These are results and logs of tests, which hold the time that a test took, and sources generated
        /// for coverage, which name Go's temporary directory. Only `go test` reads them.
        public var varying: [ActionDispute]

        /// The number of action IDs that both archives have.
        public var commonActions: Int

        /// The number of action IDs that only the first archive has.
        ///
        /// A job that runs again in empty caches asks for the same actions, apart from a few whose IDs
        /// depend on the run itself: see <doc:AboutGoCaches>. Such actions are not compared.
        public var actionsOnlyInFirst: Int

        /// The number of action IDs that only the second archive has.
        public var actionsOnlyInSecond: Int

        /// The length of the first archive, in bytes.
        public var firstFileBytes: Int

        /// The length of the second archive, in bytes.
        public var secondFileBytes: Int

        /// Whether all actions that both archives have are reproduced, apart from those in ``varying``; `nil`
        /// if there is no such action, so that nothing was compared.
        public var isReproduced: Bool? { commonActions > varying.count ? differing.isEmpty : nil }
    }
}
