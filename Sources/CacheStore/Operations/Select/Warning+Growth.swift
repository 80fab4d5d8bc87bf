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
}
