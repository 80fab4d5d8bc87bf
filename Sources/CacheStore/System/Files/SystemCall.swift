import Glibc
import SystemPackage

/// The one way from a system call's result to a value or an error.
enum SystemCall {
    /// Runs `call`, repeats it as long as it is interrupted, and returns its result.
    ///
    /// - Parameters:
    ///   - action: The action that may fail, as in "cannot `action`".
    ///   - path: The file or directory that the action concerns.
    ///   - call: The system call; −1 and `errno` report that it failed.
    /// - Returns: The result of `call`, which is not negative.
    /// - Throws: ``CacheStoreError`` for the `errno`.
    @inline(__always)
    static func checked<Value: SignedInteger>(
        _ action: @autoclosure () -> String,
        _ path: @autoclosure () -> FilePath,
        _ call: () -> Value
    ) throws(CacheStoreError) -> Value {
        while true {
            let result = call()
            if result >= 0 { return result }
            let cause = Errno(rawValue: errno)
            guard cause == .interrupted else { throw .system(cause, action(), path()) }
        }
    }
}
