/// The release of Go in a version, as far as it decides how Go behaves.
enum GoRelease {
    /// Returns the number of the minor release: 25 for `go1.25.5`, `go1.25rc1` or `devel go1.25-0123abcd`.
    ///
    /// The result is `nil` for a version that is in another form.
    static func minor(of version: String) -> Int? {
        guard let word = version.split(separator: " ").first(where: { $0.hasPrefix("go1.") }) else {
            return nil
        }
        return Int(word.dropFirst(4).prefix { $0.isASCII && $0.isNumber })
    }
}
