import CacheStore

/// An error with cachectl's own advice, which depends on the options of the command.
struct AdvisedError: Error {
    /// The error, whose own remedy is not shown.
    var error: CacheStoreError

    /// The advice, as one sentence without a trailing period.
    var advice: String

    /// Creates an error with advice from an error of the library.
    init(_ error: CacheStoreError, advice: String) { (self.error, self.advice) = (error, advice) }

    /// Creates an error of the command line or the environment, with advice.
    init(_ code: CacheStoreError.Code, _ message: String, advice: String) {
        self.init(CacheStoreError(code, message), advice: advice)
    }
}
