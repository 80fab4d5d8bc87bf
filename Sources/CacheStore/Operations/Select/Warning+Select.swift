extension Warning {
    /// Creates the warning that frames have become larger; `nil` if they have not.
    ///
    /// - Parameters:
    ///   - stored: The length of the frames as the inputs store them, in bytes.
    ///   - written: The length of the frames that were written, in bytes.
    ///   - level: The level of compression.
    init?(from stored: Int, to written: Int, level: Int) {
        guard written > stored else { return nil }
        self.init(
            code: .largerContent,
            message: "level \(level) has made the content larger: \(written) bytes instead of the "
                + "\(stored) bytes in which the inputs store it",
            remedy: .keepLevel
        )
    }

    /// Creates the warning that a selection keeps nothing that builds could use; `nil` if it keeps something,
    /// or if the inputs hold nothing either.
    ///
    /// - Parameters:
    ///   - whole: Whether the inputs hold compiled packages or modules.
    ///   - rest: Whether the selection does.
    init?(ofUse whole: Bool, left rest: Bool) {
        guard whole, !rest else { return nil }
        self.init(
            code: .nothingLeft,
            message: "the filters leave no compiled package and no module: builds have no use for the archive"
        )
    }
}

extension MemberSet {
    /// Whether there are modules, as trees or as zips.
    var holdsModules: Bool { !trees.isEmpty || downloads.contains { $0.kind == .zip } }

    /// Whether there are compiled packages or modules.
    var isOfUse: Bool { holdsModules || outputs.contains { [.package, .main].contains($0.contentClass) } }
}
