/// The version of cachectl and of the library that it is built with.
enum Version {
    /// The version, following semantic versioning.
    static let current = "0.2.0"
}
