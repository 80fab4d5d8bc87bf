import SystemPackage

/// Checks the members of a layer while their parts, made by several workers, arrive in order.
struct MemberChecker {
    private var content = ContentHasher()
    private var tree: TreeHash?

    /// Takes the next block of a layer.
    ///
    /// - Parameters:
    ///   - checks: The checks of the block, in order.
    ///   - block: The bytes of the tar stream in the block.
    ///   - archive: The archive that holds the content, for messages.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    mutating func take(
        _ checks: [ContentCheck],
        of block: [UInt8],
        from archive: FilePath
    ) throws(CacheStoreError) {
        for check in checks {
            switch check {
            case .begun(let hasher): content = hasher
            case .content(let range): content.update(block.span.extracting(range))
            case .file(let path, let known, let module):
                let id = known ?? endFile()
                if tree == nil { tree = TreeHash(module) }
                tree?.add(path, id: id)
            case .tree(let module, let h1):
                let found = (tree ?? TreeHash(module)).finish()
                tree = nil
                guard found == h1 else {
                    throw Self.damaged("the tree does not have its h1 hash", archive, "tree \(module.text)")
                }
            case .whole(let id, let member):
                guard endFile() == id else { throw Self.damaged(member, archive) }
            }
        }
    }

    private mutating func endFile() -> ObjectID {
        defer { content = ContentHasher() }
        return content.finish()
    }

    /// Returns the error for a member that is one file and does not have its SHA-256.
    static func damaged(_ member: String, _ archive: FilePath) -> CacheStoreError {
        damaged("its content does not have its SHA-256", archive, member)
    }

    private static func damaged(_ message: String, _ archive: FilePath, _ member: String) -> CacheStoreError {
        CacheStoreError(.corruptArchive, "damaged archive: \(message)", path: archive, member: member)
    }
}
