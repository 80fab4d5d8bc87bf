import ArgumentParser
import CacheStore

/// Checks of the library's options that act as checks of the command line.
enum OptionCheck {
    /// Runs a check of the library, and turns its error into an error of the command line.
    ///
    /// - Parameter check: The check.
    /// - Throws: `ValidationError`, whose message comes with the usage of the command.
    static func run(_ check: () throws(CacheStoreError) -> Void) throws {
        do {
            try check()
        } catch {
            let advice = error.remedy.map { ": \(RemedyText.words(for: $0))" } ?? ""
            throw ValidationError(error.summary + advice)
        }
    }
}
