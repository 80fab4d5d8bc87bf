import CacheStore

extension CacheDirectories {
    /// Asks Go for the environment with which those of the jobs are compared.
    ///
    /// - Returns: The environment, or a warning that there is no usable Go.
    /// - Throws: ``Interruption``, or `CacheStoreError` if the machine is at fault.
    func comparedEnvironment() async throws -> (GoEnvironment?, CacheStore.Warning?) {
        do {
            let environment = try await asking(advice: "") { [goCommand] in
                try await goCommand.environment(withOrigin: true)
            }
            return (environment, nil)
        } catch let error as AdvisedError {
            let message =
                "the settings of the jobs were not compared with those of builds here, because Go can't be "
                + "asked (\(error.error.summary)), so entries may miss without a warning; name the Go "
                + "command with `--go PATH`, or pass `--no-go` if there is none here"
            return (nil, CacheStore.Warning(code: .notCompared, message: message))
        }
    }
}
