import SystemPackage

/// The check of the directory that is to be a checkout.
extension CheckoutSums {
    /// Checks that a directory stands at a path.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - consequence: The consequence for the job if there is no directory, for the message.
    ///   - remedy: The advice if there is no directory.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notFound``, or as the system says.
    static func checkDirectory(
        _ path: FilePath,
        _ consequence: String,
        remedy: Remedy
    ) throws(CacheStoreError) {
        let fault =
            switch try Place(at: path) {
            case .directory: nil as String?
            case .nothing: "there is no directory of sources here"
            case .file: "this is a file, and no directory of sources"
            case .special: "this is a pipe or a device, and no directory of sources"
            case .brokenLink: "this is a symbolic link that leads nowhere, and no directory of sources"
            }
        guard let fault else { return }
        throw CacheStoreError(.notFound, "\(fault), \(consequence)", path: path, remedy: remedy)
    }
}
