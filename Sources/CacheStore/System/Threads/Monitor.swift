import Glibc

/// A value behind a lock, for whose changes threads can wait (`pthread_cond_wait(3)`).
///
/// The type is a class, because the mutex must not move. The type is `@unchecked Sendable`, because every
/// access to `value` holds the mutex.
@safe package final class Monitor<Value>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var value: Value

    /// Creates a monitor of `value`.
    package init(_ value: sending Value) {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        self.value = value
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Calls `body` with exclusive access to the value.
    package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body(&value)
    }

    /// Waits until `holds` is true for the value, then calls `body` with exclusive access to the value.
    package func wait<Result>(until holds: (Value) -> Bool, then body: (inout Value) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while !holds(value) { unsafe pthread_cond_wait(condition, mutex) }
        return body(&value)
    }

    /// Waits until `holds` is true for the value, but not longer than a number of milliseconds.
    ///
    /// - Returns: Whether `holds` is true.
    func wait(atMost milliseconds: Int, until holds: (Value) -> Bool) -> Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        var end = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &end)
        let nanoseconds = end.tv_nsec + milliseconds % 1000 * 1_000_000
        end.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
        end.tv_nsec = nanoseconds % 1_000_000_000
        while !holds(value) {
            if unsafe pthread_cond_timedwait(condition, mutex, &end) != 0 { return holds(value) }
        }
        return true
    }

    /// Wakes all waiting threads, so that they look at the value again.
    package func broadcast() { unsafe pthread_cond_broadcast(condition) }
}
