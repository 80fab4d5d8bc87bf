import ArgumentParser
import CacheStore

extension CacheProfile {
    /// Reads the value of `--profile`.
    ///
    /// - Throws: `ValidationError` if the value is not a profile.
    @Sendable
    static func read(_ name: String) throws -> CacheProfile {
        if let profile = CacheProfile(rawValue: name) { return profile }
        throw ValidationError("it must be `image`, `ci` or `readonly`")
    }
}
