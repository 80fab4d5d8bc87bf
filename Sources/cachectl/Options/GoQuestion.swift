import CacheStore

/// A question to the Go command, on behalf of a command of cachectl.
enum GoQuestion {
    /// Asks a question, lets signals cancel it, and gives advice if the Go command can't be run.
    ///
    /// - Parameters:
    ///   - advice: The advice if the Go command can't be run.
    ///   - adviceWhereGoFails: The advice if the Go command itself says why it fails, if it differs.
    ///   - consequence: The state after an interruption by a signal, for the message.
    ///   - question: A function that runs the Go command.
    /// - Returns: The answer of `question`.
    /// - Throws: ``AdvisedError`` with the advice, ``Interruption`` if a signal stopped the Go command, or
    ///   another error of `question`.
    static func asking<Answer: Sendable>(
        advice: String,
        adviceWhereGoFails: String? = nil,
        consequence: String,
        _ question: @escaping @Sendable () async throws -> Answer
    ) async throws -> Answer {
        do {
            return try await Signals.cancelling(consequence: consequence, question)
        } catch let error as CacheStoreError where error.code == .goCommand {
            // Control-C reaches the Go command too, and the command's end may be noticed before the signal.
            if let signal = Signals.received {
                throw Interruption(signal: signal, consequence: consequence)
            }
            // Where the machine lacks something, another Go is no way out.
            if let remedy = error.remedy, remedy != .installGo, remedy != .heedGo { throw error }
            let isOfGo = error.remedy == .heedGo
            throw AdvisedError(error, advice: isOfGo ? adviceWhereGoFails ?? advice : advice)
        }
    }
}
