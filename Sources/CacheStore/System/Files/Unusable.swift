/// The rule for what is there and can't be used: it is passed over, and an error of the machine is not.
///
/// A directory that turns out to be a file, or that this user may not read, is a matter of the data. Too few
/// descriptors or a disk that fails are not: whoever passed them over would do less than was asked, and say
/// nothing of it.
enum Unusable {
    /// Returns the result of `body`, or `nil` if what is there can't be used.
    ///
    /// - Throws: The error of `body`, if it is of the machine and not one of access.
    static func passedOver<Value: ~Copyable>(
        _ body: @autoclosure () throws(CacheStoreError) -> Value?
    ) throws(CacheStoreError) -> Value? {
        do throws(CacheStoreError) {
            return try body()
        } catch {
            if error.isOfMachine, error.code != .permissionDenied { throw error }
            return nil
        }
    }
}
