import SystemPackage

extension FilePath {
    /// The path for messages: a path as it is, and the address of a remote archive with both of its slashes.
    ///
    /// A path has no two slashes in a row, so that the name of a remote archive loses one.
    var shown: String {
        for scheme in ["https", "http", "oci"] where string.hasPrefix("\(scheme):/") {
            return "\(scheme):/" + string.dropFirst(scheme.utf8.count + 1)
        }
        return string
    }
}
