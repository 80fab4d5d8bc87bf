import CacheStore

/// An error with advice of cachectl's own: the options of the command decide what helps.
struct AdvisedError: Error {
    /// The error; its own remedy is not shown.
    var error: CacheStoreError

    /// The advice, as one sentence without a trailing period.
    var advice: String

    /// Gives advice on an error.
    init(_ error: CacheStoreError, advice: String) { (self.error, self.advice) = (error, advice) }

    /// Creates an error of the command line or the environment, with advice.
    init(_ code: CacheStoreError.Code, _ message: String, advice: String) {
        self.init(CacheStoreError(code, message), advice: advice)
    }
}
