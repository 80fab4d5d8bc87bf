import ArgumentParser

/// A list of values with commas between them, as in `--only aws,gcp`.
enum CommaList {
    /// Splits a list into its values.
    ///
    /// - Parameter list: The list.
    /// - Returns: At least one value, none of them empty.
    /// - Throws: `ValidationError` if a value is empty.
    static func values(_ list: String) throws -> [String] {
        let values = list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard !values.contains("") else { throw ValidationError("a value is empty") }
        return values
    }
}
