import SystemPackage

/// The files of a repair, and the index that names its members.
struct RepairPlan {
    /// The archive whose index is used; it comes first in ``holders``.
    let base: Archive

    /// The files, by their positions among the inputs.
    let holders: [FrameHolder]

    /// The index of another archive, if that of the damaged one is lost.
    let foreign: ForeignIndex?

    /// The chunks that are left of an archive that lost its index, in the order of their frames.
    let chunksLeft: [ChunkRecord]

    /// Warnings about the files that are of no use.
    let warnings: [Warning]

    /// The position of the damaged archive among the inputs.
    var damagedInput: Int { foreign == nil ? 0 : 1 }

    /// Opens the files of a repair, and finds the chunks of those that lost their index.
    ///
    /// - Parameters:
    ///   - damaged: The damaged archive.
    ///   - others: The other files. Those that are of no use give a warning.
    ///   - counters: The counters to add to.
    /// - Throws: ``CacheStoreError`` if no archive has an index that serves, or for a system error; or
    ///   `CancellationError`.
    init(_ damaged: FilePath, from others: [FilePath], _ counters: ProgressCounters) async throws {
        let source = try RepairSource(opening: damaged)
        var opened = try await WorkerThreads.perform { try Others(opening: others) }
        if let archive = source.archive {
            (base, foreign, chunksLeft) = (archive, nil, [])
            holders = [FrameHolder(archive)] + (try await opened.holders(for: archive, counters))
        } else {
            let archives = opened.archives
            let chunks = try await source.chunks(knowing: archives, counters)
            let best = try await WorkerThreads.perform {
                try ForeignIndex.best(among: archives, naming: chunks, lost: source.indexID)
            }
            guard let best else { throw Self.nothingLeft(of: source, chunks.count, opened.withoutIndex) }
            (base, foreign, chunksLeft) = (best.archive, best, chunks)
            holders =
                [FrameHolder(best.archive), FrameHolder(source.frames, found: chunks)]
                + (try await opened.holders(for: best.archive, counters))
        }
        warnings = opened.useless.map { path, fault in
            Warning(code: .uselessArchive, message: "`\(path)` is of no use: \(Self.words(for: fault))")
        }
    }

    /// The error for an archive that lost its index, and of which nothing can be got back.
    private static func nothingLeft(
        of source: RepairSource,
        _ chunks: Int,
        _ useless: [(path: FilePath, fault: CacheStoreError)]
    ) -> CacheStoreError {
        guard let fault = source.fault else {
            return CacheStoreError(.io, "cannot be read", path: source.path)
        }
        let list = useless.map { "`\($0)` is of no use: \(words(for: $1))" }.joined(separator: "; ")
        let others = list.isEmpty ? "" : " (\(list))"
        if chunks == 0 {
            return CacheStoreError(
                fault.code,
                "\(fault.message); no piece of content is left\(others)",
                path: source.path,
                offset: fault.offset,
                remedy: fault.remedy
            )
        }
        let loss = fault.code == .notAnArchive ? "the archive lost its end, with the index" : fault.message
        let left = chunks == 1 ? "1 piece of content is left" : "\(chunks) pieces of content are left"
        return CacheStoreError(
            fault.code,
            "\(loss); \(left), and no other archive has an index that names any, so nothing tells which "
                + "members they belong to\(others)",
            path: source.path,
            offset: fault.offset,
            remedy: .recoverIndex
        )
    }

    /// Returns the words for a fault, without the file's name.
    private static func words(for fault: CacheStoreError) -> String {
        fault.message + (fault.offset.map { ", at byte \($0)" } ?? "")
            + (fault.cause.map { " (\($0))" } ?? "")
    }
}

extension RepairPlan {
    /// The other files of a repair.
    private struct Others: Sendable {
        private var sources: [RepairSource] = []

        /// The files that are of no use, with the reasons.
        private(set) var useless: [(path: FilePath, fault: CacheStoreError)] = []

        /// The archives whose indexes are sound.
        var archives: [Archive] { sources.compactMap(\.archive) }

        /// The files that are of no use or lost their index, with the reasons.
        var withoutIndex: [(path: FilePath, fault: CacheStoreError)] {
            useless + sources.compactMap { source in source.fault.map { (source.path, $0) } }
        }

        /// Opens the files.
        ///
        /// - Throws: ``CacheStoreError`` for an error of the machine.
        init(opening paths: [FilePath]) throws {
            for path in paths {
                do {
                    let source = try RepairSource(opening: path)
                    // Rows that contradict each other are found now, and not in the middle of the work.
                    _ = try source.archive?.members()
                    sources.append(source)
                } catch let error as CacheStoreError where Self.isUseless(error) {
                    useless.append((path, error))
                }
            }
        }

        /// Returns whether an error tells that a file, and not the machine, is at fault.
        ///
        /// The code for a stream is that of a bad argument.
        private static func isUseless(_ error: CacheStoreError) -> Bool {
            !error.isOfMachine || error.code == .badArgument || error.cause as? Errno == .fileNameTooLong
        }

        /// Returns the files with lists of their chunks, without the archive that comes first.
        ///
        /// - Throws: The errors of ``RepairSource/chunks(knowing:_:)``.
        mutating func holders(for base: Archive, _ counters: ProgressCounters) async throws -> [FrameHolder] {
            let archives = [base] + archives.filter { $0.frames !== base.frames }
            var names: Set<ObjectID>?
            var result: [FrameHolder] = []
            for source in sources where source.frames !== base.frames {
                if let archive = source.archive {
                    result.append(FrameHolder(archive))
                    continue
                }
                let chunks = try await source.chunks(knowing: archives, counters)
                if chunks.isEmpty, let fault = source.fault {
                    useless.append((source.path, fault))
                    continue
                }
                let wanted = try names ?? Self.names(in: base)
                names = wanted
                result.append(FrameHolder(source.frames, found: chunks.filter { wanted.contains($0.id) }))
            }
            return result
        }

        private static func names(in archive: Archive) throws -> Set<ObjectID> {
            var names: Set<ObjectID> = []
            try archive.index(isChecked: true).forEachChunk { names.insert($0.id) }
            return names
        }
    }
}
