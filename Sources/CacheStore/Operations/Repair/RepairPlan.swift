import SystemPackage

/// The files of a repair, and the index that names its members.
struct RepairPlan {
    /// The archive whose index is used; it comes first in ``holders``.
    let base: Archive

    /// The files, by their positions among the inputs.
    let holders: [FrameHolder]

    /// The index of another archive, if that of the damaged one is lost or not proven.
    let foreign: ForeignIndex?

    /// The chunks that are left of an archive whose own index is not enough to read them, in the order of
    /// their frames.
    let chunksLeft: [ChunkRecord]

    /// The index of the damaged archive, if it is sound and bytes around it are not.
    let found: IndexFinder.Found?

    /// Whether the index that is used is that of the damaged archive, by its SHA-256.
    let isProven: Bool

    /// Whether the index that is used states the digest of the damaged archive.
    let isDigestKnown: Bool

    /// The frames of chunks whose names in the index are damaged, by these names.
    let renamed: [ObjectID: FramePlace]

    /// Whether the damaged archive may be one that was compressed as a whole.
    let mayBeCompressed: Bool

    /// Warnings about the damaged archive's trailer, and about the files that are of no use.
    let warnings: [Warning]

    /// The position among the inputs of the damaged archive with ``chunksLeft``.
    let damagedInput: Int

    /// The damaged archive's file.
    let damagedFrames: FrameFile

    /// Returns whether an input is the damaged archive.
    func isDamaged(_ input: Int) -> Bool { holders[input].frames === damagedFrames }

    /// Opens the files of a repair, and finds the chunks of those that lost their index.
    ///
    /// - Parameters:
    ///   - damaged: The damaged archive.
    ///   - others: The other files. Those that are of no use give a warning.
    ///   - counters: The counters to add to.
    /// - Throws: ``CacheStoreError`` if no archive has an index that serves, or for a system error; or
    ///   `CancellationError`.
    init(_ damaged: FilePath, from others: [FilePath], _ counters: ProgressCounters) async throws {
        let (source, found) = try await WorkerThreads.performCancellable { cancellation in
            let source = try RepairSource(opening: damaged) { try cancellation.check() }
            return (source, try Others(opening: others) { try cancellation.check() })
        }
        var opened = found
        (damagedFrames, self.found) = (source.frames, source.found)
        let (archives, proven) = (opened.archives, opened.provenIndexes)
        if let archive = source.archive, source.isProven || proven.contains(archive.trailer.indexID) {
            (base, foreign, chunksLeft, renamed, mayBeCompressed) = (archive, nil, [], [:], false)
            (isProven, isDigestKnown, damagedInput) = (true, true, 0)
            holders = [FrameHolder(archive)] + (try await opened.holders(for: archive, counters))
        } else {
            let own = [source.indexed].compactMap(\.self)
            let chunks = try await source.chunks(knowing: own + archives, counters)
            let index = try await WorkerThreads.perform {
                try RepairIndex(of: source, among: archives, proven, naming: chunks)
            }
            guard let index else { throw Self.nothingLeft(of: source, chunks, opened.withoutIndex) }
            (base, foreign, chunksLeft) = (index.archive, index.foreign, chunks)
            (isProven, isDigestKnown) = (index.isProven, index.isDigestKnown)
            damagedInput = 1
            renamed = index.renamed.mapValues { FramePlace(input: 1, record: $0) }
            mayBeCompressed = Self.mayBeCompressed(source, chunks)
            holders =
                [FrameHolder(index.archive), FrameHolder(source.frames, found: chunks)]
                + (try await opened.holders(for: index.archive, counters))
        }
        var own: [Warning] = []
        if let found = source.found, base.frames === source.frames {
            let (base, left) = (base, chunksLeft)
            let unnamed = try await WorkerThreads.perform {
                let names = left.isEmpty ? [] : try Others.names(in: base)
                return left.count { !names.contains($0.id) }
            }
            own = [Self.warning(of: found, isProven, unnamed, in: damaged)]
        }
        warnings =
            own
            + opened.useless.map { path, fault in
                Warning(code: .uselessArchive, message: "`\(path)` is of no use: \(Self.words(for: fault))")
            }
    }

    private static func warning(
        of found: IndexFinder.Found,
        _ isProven: Bool,
        _ unnamed: Int,
        in path: FilePath
    ) -> Warning {
        let pieces = unnamed == 1 ? "1 piece" : "\(unnamed) pieces"
        let rest =
            found.isProven && unnamed > 0 ? "; \(pieces) of content that it does not name were left out" : ""
        let proof =
            if isProven {
                "its index is sound, by its SHA-256, and was used"
            } else if found.isProven {
                "its index is sound, by its SHA-256, and was used, but names less than half of what is left"
            } else {
                "its index has the digest of its members and was used, but nothing proves what it records of "
                    + "the environment of the jobs"
            }
        return Warning(code: .damagedTrailer, message: "`\(path)` \(found.damage); \(proof)\(rest)")
    }

    /// Returns whether a file may be an archive that was compressed as a whole.
    ///
    /// The first frame of such a file is none of an archive, or it is the whole file.
    private static func mayBeCompressed(_ source: RepairSource, _ chunks: [ChunkRecord]) -> Bool {
        source.fault?.remedy == .copyOrUnpack && (chunks.count <= 1 || chunks[0].offset != 0)
    }

    /// The error for an archive that lost its index, and of which nothing can be got back.
    private static func nothingLeft(
        of source: RepairSource,
        _ chunks: [ChunkRecord],
        _ useless: [(path: FilePath, fault: CacheStoreError)]
    ) -> CacheStoreError {
        guard let fault = source.fault else {
            return CacheStoreError(.io, "cannot be read", path: source.path)
        }
        let list = useless.map { "`\($0)` is of no use: \(words(for: $1))" }.joined(separator: "; ")
        let others = list.isEmpty ? "" : " (\(list))"
        if chunks.isEmpty {
            return CacheStoreError(
                fault.code,
                "\(fault.message); no piece of content is left\(others)",
                path: source.path,
                offset: fault.offset,
                remedy: fault.remedy == .recoverIndex ? .packAgain : fault.remedy
            )
        }
        let loss = fault.code == .notAnArchive ? "the archive lost its end, with the index" : fault.message
        let left =
            chunks.count == 1 ? "1 piece of content is left" : "\(chunks.count) pieces of content are left"
        return CacheStoreError(
            fault.code,
            "\(loss); \(left), and no other archive has an index that names any, so nothing tells which "
                + "members they belong to\(others)",
            path: source.path,
            offset: fault.offset,
            remedy: mayBeCompressed(source, chunks) ? .copyOrUnpack : .useOtherIndex
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

        /// The archives whose indexes are sound, those with a proven one first.
        var archives: [Archive] {
            (sources.filter(\.isProven) + sources.filter { !$0.isProven }).compactMap(\.indexed)
        }

        /// The SHA-256 of the indexes that are proven.
        var provenIndexes: Set<ObjectID> {
            Set(sources.filter(\.isProven).compactMap { $0.indexed?.trailer.indexID })
        }

        /// The files that are of no use or lost their index, with the reasons.
        var withoutIndex: [(path: FilePath, fault: CacheStoreError)] {
            useless + sources.compactMap { source in source.fault.map { (source.path, $0) } }
        }

        /// Opens the files.
        ///
        /// - Throws: The error of `step`, or ``CacheStoreError`` for an error of the machine.
        init(opening paths: [FilePath], _ step: () throws -> Void) throws {
            for path in paths {
                do {
                    let source = try RepairSource(opening: path, step)
                    // Rows that contradict each other are found now, and not in the middle of the work.
                    _ = try source.indexed?.members()
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
            for source in sources where source.archive == nil || source.frames !== base.frames {
                if let archive = source.archive {
                    result.append(FrameHolder(archive))
                    continue
                }
                let chunks: [ChunkRecord]
                do {
                    chunks = try await source.chunks(knowing: archives, counters)
                } catch let error as CacheStoreError where error.code == .corruptArchive {
                    useless.append((source.path, error))
                    continue
                }
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

        static func names(in archive: Archive) throws -> Set<ObjectID> {
            var names: Set<ObjectID> = []
            try archive.index(isChecked: true).forEachChunk { names.insert($0.id) }
            return names
        }
    }
}
