extension CompiledPackage {
    /// Reads the description of a compiled package from content that is to be packed.
    ///
    /// The content is not checked: whoever packs it reads all of it, and compares its SHA-256.
    ///
    /// - Parameters:
    ///   - content: The content.
    ///   - size: The length of the content, in bytes.
    ///   - check: Called before each read; an error that it throws ends the work.
    /// - Returns: The description, or `nil` if the content is not a package that states its name.
    /// - Throws: The error of `check`, or ``CacheStoreError`` as the system says.
    /// - Complexity: That of ``read(size:_:)``.
    static func read(
        from content: ContentFile,
        size: Int,
        check: () throws -> Void = {}
    ) throws -> CompiledPackage? {
        var bytes: [UInt8] = []
        return try read(size: size) { range in
            try check()
            try content.read(at: range.lowerBound, count: range.count, into: &bytes)
            // Another process may have cut the file.
            return bytes + [UInt8](repeating: 0, count: range.count - bytes.count)
        }
    }
}
