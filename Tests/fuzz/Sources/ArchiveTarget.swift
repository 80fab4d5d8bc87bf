@testable import CacheStore

/// A whole archive, sealed again if it has an index, under all verbs.
struct ArchiveTarget: FuzzTarget {
    private let verbs: ArchiveVerbs

    init() throws { verbs = try ArchiveVerbs() }

    func run(_ bytes: [UInt8]) {
        verbs.run(ArchiveParts(bytes)?.sealed ?? bytes)
    }
}
