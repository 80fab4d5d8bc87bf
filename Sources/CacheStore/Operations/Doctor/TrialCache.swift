import SystemPackage

/// A build cache that suffices to ask Go what it would compile, but not to compile.
///
/// `go build -n` looks at the length of a compiled package and reads its first 1,032 bytes, in which the
/// package states its IDs; it reads everything else as a whole (Go's cmd/internal/buildid/buildid.go,
/// `ReadFile`; the same from Go 1.21 to 1.27). Therefore compiled packages are written with their beginnings
/// and their lengths alone, and take hardly any room on the disk.
struct TrialCache {
    let archive: Archive

    /// The labels of the sources whose entries are written; `nil` for all.
    let only: [String]?

    /// The number of threads.
    let threads: Int

    let counters: ProgressCounters

    /// The length of the beginning of a compiled package, in bytes.
    private static let headSize = 4096

    /// Writes the cache into a directory, which is made.
    ///
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/corruptArchive``,
    ///   ``CacheStoreError/Code/noSpace`` before anything is written if the free space does not suffice, or
    ///   as the system says), or `CancellationError`.
    func write(to path: FilePath) async throws {
        counters.begin("reading the index", bytes: 0, items: 0)
        let (archive, only) = (archive, only)
        let caches = GoCaches(buildCache: path, moduleCache: nil)
        guard let root = try await CacheRoot.locking(caches, counters).build else { return }
        let work = try await WorkerThreads.perform { [counters] in
            let plan = try RestorePlan(for: archive.index(), only: only, becomesLayer: false)
            try Self.checkRoom(for: plan, of: archive, in: root.directory)
            return BuildCacheRestore(
                root: root,
                plan: plan,
                subdirectories: try Subdirectories(of: root, profile: .ci),
                times: nil,
                damage: RestoreDamage(isSkipped: false),
                report: Gathered(
                    Restore.Report(digest: plan.archiveDigest, archiveDigest: plan.archiveDigest)
                ),
                counters: counters
            )
        }
        counters.begin("reading packages", bytes: work.plan.outputBytes, items: work.plan.outputCount)
        let outputs = try OutputFeed(archive, work.plan.isWanted)
        try await ReadingCrew.run(count: threads, state: { try ChunkReader(archive) }) { reader, crew in
            while let items = try outputs.next() {
                for item in items {
                    try crew.cancellation.check()
                    try Self.write(item, work, &reader, crew)
                }
            }
        }
        let actions = try ActionFeed(archive, work.plan)
        try await WorkerThreads.run(count: threads) { cancellation in
            while let entries = try actions.next() {
                for entry in entries {
                    try cancellation.check()
                    try work.restoreAction(entry.entry, of: entry.output)
                }
            }
        }
    }

    private static func write(
        _ item: OutputFeed.Item,
        _ work: BuildCacheRestore,
        _ reader: inout ChunkReader,
        _ crew: ReadingCrew
    ) throws {
        let output = item.output
        guard isCut(output) else {
            // No build asks for the executables of `go run`.
            if output.executable == nil { try work.restoreOutput(item, with: &reader, crew) }
            return
        }
        var head: [UInt8] = []
        try CacheStoreError.naming("output \(output.id)") {
            try reader.read(0..<headSize, of: item.chunks) { head += $0 }
        }
        let place = try work.subdirectories.directory(of: output.id)
        let file = try place.directory.creatingFile("\(output.id)-d", mode: 0o600)
        try file.write(head.span, at: 0)
        // The last byte gives the file its length; the bytes between take no room.
        try file.write([0].span, at: output.size - 1)
        work.counters.add(bytes: output.size)
    }

    private static func isCut(_ output: MemberSet.Output) -> Bool {
        [.package, .main].contains(output.contentClass) && output.executable == nil
            && output.size > 4 * headSize
    }

    /// Checks that the file system has room, with two blocks for each compiled package.
    private static func checkRoom(
        for plan: RestorePlan,
        of archive: Archive,
        in directory: borrowing Directory
    ) throws {
        var bytes = plan.actionCount * headSize
        let outputs = try OutputCursor(archive.index(isChecked: true))
        while try outputs.next() {
            guard let output = outputs.output, plan.isWanted[outputs.number.index] else { continue }
            bytes += isCut(output) ? 2 * headSize : (output.size + headSize - 1) / headSize * headSize
        }
        let free = try directory.freeBytes()
        guard bytes <= free else {
            throw CacheStoreError.noRoom(to: "judge packages", needed: bytes, free: free, directory.path)
        }
    }
}
