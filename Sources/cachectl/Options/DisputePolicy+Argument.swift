import ArgumentParser
import CacheStore

extension Union.DisputePolicy {
    /// Reads the value of `--on-conflict`.
    ///
    /// - Throws: `ValidationError` if the value is not a policy.
    @Sendable
    static func read(_ name: String) throws -> Union.DisputePolicy {
        if let policy = Union.DisputePolicy(rawValue: name) { return policy }
        throw ValidationError("it must be `keep`, `fail` or `drop`")
    }
}
