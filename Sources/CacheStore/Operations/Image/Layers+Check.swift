import SystemPackage

extension Layers.Options {
    /// Checks the options, as ``Layers/run(_:to:progress:)`` does before anything else.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
    public func check() throws(CacheStoreError) {
        func refuse(
            _ message: String,
            _ path: FilePath? = nil,
            _ remedy: Remedy? = nil
        ) -> CacheStoreError {
            CacheStoreError(.badArgument, message, path: path, remedy: remedy)
        }
        let paths = [caches.buildCache, caches.moduleCache].compactMap(\.self)
        guard !paths.isEmpty else { throw refuse("neither GOCACHE nor GOMODCACHE is to be in the image") }
        for path in paths {
            guard path.isAbsolute, path.isLexicallyNormal, !path.components.isEmpty else {
                throw refuse("a cache's directory in the image must be an absolute path", path)
            }
            guard !PathRules.isWhiteout(path.string) else {
                throw refuse("an image removes files by names that begin with `.wh.`", path, .chooseCachePath)
            }
            let longest = path.components.map(\.string.utf8.count).max() ?? 0
            guard longest <= ImageLimits.element, path.string.utf8.count <= ImageLimits.path else {
                let message = "a cache's directory in the image has a name that is too long"
                throw refuse(message, path, .chooseCachePath)
            }
        }
        guard profile.seals else {
            let message =
                "the profile `\(profile.rawValue)` has the present time, which an image does not have"
            throw refuse(message, nil, .chooseProfile)
        }
        let levels = Self.levels(of: compression)
        guard levels.contains(effectiveLevel) else {
            throw refuse(
                "the level is \(effectiveLevel), and must be \(levels.lowerBound) to \(levels.upperBound)"
                    + " for \(compression.rawValue)",
                nil,
                .chooseLevel
            )
        }
        guard (0...0xFFFF_FFFE).contains(owner.user), (0...0xFFFF_FFFE).contains(owner.group) else {
            throw refuse("the numbers of user and group must be 0 to 4294967294")
        }
        guard tag.map(Self.isValid(tag:)) ?? true else {
            throw refuse("`\(tag ?? "")` can't be the name of an image", nil, .chooseTag)
        }
        if let architecture, ImagePlatform(argument: architecture) == nil {
            throw refuse("`\(architecture)` is not the name of an architecture", nil, .nameArchitecture)
        }
    }

    /// Returns whether a text may be the annotation `org.opencontainers.image.ref.name` (`annotations.md`).
    private static func isValid(tag: String) -> Bool {
        guard tag.utf8.count <= 1024 else { return false }
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
        let parts = tag.utf8.split(omittingEmptySubsequences: false) { "-._:@/+".utf8.contains($0) }
        return parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(isAlphanumeric) }
    }
}
