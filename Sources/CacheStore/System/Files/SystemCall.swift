import Glibc
import SystemPackage

/// The one way from a system call's result to a value or an error.
///
/// No other place repeats an interrupted call. ``CacheStoreError/isOfMachine`` judges the error.
enum SystemCall {
    /// Runs `call`, repeats it as long as a signal interrupts it, and returns its result.
    ///
    /// - Parameter call: The system call; −1 and `errno` report that it failed.
    /// - Returns: The result of `call`, which is not negative.
    /// - Throws: The `errno`.
    @inline(__always)
    static func run<Value: SignedInteger>(_ call: () -> Value) throws(Errno) -> Value {
        while true {
            let result = call()
            if result >= 0 { return result }
            let cause = Errno(rawValue: errno)
            guard cause == .interrupted else { throw cause }
        }
    }

    /// Runs `call` as ``run(_:)`` does, and says what failed.
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
        do throws(Errno) { return try run(call) } catch { throw .system(error, action(), path()) }
    }
}
