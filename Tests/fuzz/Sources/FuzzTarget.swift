import Dispatch
import Glibc

@testable import CacheStore

/// A reader of untrusted bytes, with the properties that must hold for all inputs.
protocol FuzzTarget {
    /// Prepares the target, once per process.
    init() throws

    /// Gives the bytes to the code under test, and ends the process by ``fail(_:)`` if a property does not
    /// hold.
    func run(_ bytes: [UInt8])
}

/// Reports that a property does not hold, and ends the process so that libFuzzer keeps the input.
func fail(_ message: String) -> Never {
    let text = "property: \(message)\n"
    _ = unsafe text.withCString { unsafe write(STDERR_FILENO, $0, strlen($0)) }
    abort()
}

/// Ends the process by ``fail(_:)`` if a condition is false.
func expect(_ condition: Bool, _ message: @autoclosure () -> String) {
    if !condition { fail(message()) }
}

/// The codes of errors that say that data is at fault; every other error about data would send the user to
/// the wrong place.
private let dataCodes: Set<CacheStoreError.Code> = [
    .notAnArchive, .corruptArchive, .unsupportedVersion, .unsafePath, .conflict, .duplicateLabel,
]

/// Checks that an error is one of the library's, and that it says that the data is at fault.
///
/// - Parameters:
///   - error: The error.
///   - action: The action that failed, for the message.
///   - others: Codes that are allowed, too.
func expectFaultOfData(_ error: any Error, _ action: String, or others: Set<CacheStoreError.Code> = []) {
    guard let error = error as? CacheStoreError else { fail("\(action): \(error) is no CacheStoreError") }
    expect(
        dataCodes.contains(error.code) || others.contains(error.code),
        "\(action): the error is \(error.code): \(error)"
    )
    expect(!error.message.isEmpty, "\(action): the error has no message")
}

/// Returns the SHA-256 of bytes.
func digest(_ bytes: [UInt8]) -> ObjectID { ContentHasher.hash(bytes.span) }

/// Runs `body` to its end on another thread.
///
/// - Throws: The error of `body`.
func blocking<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
    let done = DispatchSemaphore(value: 0)
    let result = Gathered<Result<Value, any Error>?>(nil)
    Task.detached {
        let value: Result<Value, any Error>
        do { value = .success(try await body()) } catch { value = .failure(error) }
        result.update { $0 = value }
        done.signal()
    }
    done.wait()
    guard let value = result.value else { fail("a task ended without a result") }
    return try value.get()
}
