import Synchronization

/// A value that several threads add to.
///
/// A class, because closures that run on several threads can't share a noncopyable `Mutex` otherwise.
final class Gathered<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    /// Begins with a value.
    init(_ value: Value) { mutex = Mutex(value) }

    /// The value as it is now.
    var value: Value { mutex.withLock { $0 } }

    /// Changes the value.
    func update(_ body: (inout Value) -> Void) { mutex.withLock { body(&$0) } }
}
