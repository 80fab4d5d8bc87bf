import Synchronization

/// A value that several threads add to.
///
/// The type is a class, because closures that run on several threads can't share a noncopyable `Mutex`
/// otherwise.
final class Gathered<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    /// Creates a container with a first value.
    init(_ value: Value) { mutex = Mutex(value) }

    /// The current value.
    var value: Value { mutex.withLock { $0 } }

    /// Calls `body` to change the value.
    func update(_ body: (inout Value) -> Void) { mutex.withLock { body(&$0) } }
}
