import ArgumentParser

/// Values with commas between them, as in `--only aws,gcp`.
enum CommaList {
    /// Splits a list.
    ///
    /// - Parameter list: The values.
    /// - Returns: At least one value, none of them empty.
    /// - Throws: `ValidationError`.
    static func values(_ list: String) throws -> [String] {
        let values = list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard !values.contains("") else { throw ValidationError("a value is empty") }
        return values
    }
}
