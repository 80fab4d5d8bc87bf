import SystemPackage

/// A copy of frames from several archives that takes sound frames in the place of damaged ones.
///
/// A sound frame that was stored with the same bytes is written where the damaged one was to be written, so
/// the new archive is the same as that of sound inputs. A frame with other bytes has another length, too, so
/// the members are laid out again, as if the input had the damaged frame no more.
struct FrameMending: Sendable {
    /// The sound frames, by the damaged frames that can't be used.
    typealias Replacements = [FramePlace: FramePlace]

    let archives: [Archive]
    let spares: SpareFrames

    /// The sound frames that took the place of damaged ones, by the damaged ones.
    var found: Replacements = [:]

    /// Whether the frames are compressed again, so that their bytes don't depend on which are taken.
    var compressesAgain = false

    /// Creates the means for the inputs of one operation.
    init(_ archives: [Archive]) {
        self.archives = archives
        spares = SpareFrames(archives.map { FrameHolder($0) })
    }

    /// Lays out the members of a new archive and copies their frames, again if need be.
    ///
    /// - Parameters:
    ///   - writer: The new archive.
    ///   - jobs: The number of threads, or `nil` for one per processor.
    ///   - counters: The counters to add to.
    ///   - plan: Called to lay out the members without the frames that are known to be damaged.
    /// - Returns: The plan whose frames were copied.
    /// - Throws: The error of `plan`; ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``
    ///   if no input has a sound copy of a damaged frame, or for a system error; or `CancellationError`.
    mutating func copy<Plan>(
        to writer: ArchiveWriter,
        jobs: Int?,
        _ counters: ProgressCounters,
        planning plan: (Replacements) async throws -> (plan: Plan, frames: FrameQueue)
    ) async throws -> Plan {
        var unusable: Replacements = [:]
        while true {
            let (plan, frames) = try await plan(unusable)
            let replaced = try await frames.copy(from: archives, spares, to: writer, jobs: jobs, counters)
            found.merge(replaced) { $1 }
            let others = replaced.filter { !$0.value.record.isStored(as: $0.key.record) }
            // Each frame is found damaged once, so this ends.
            if others.isEmpty { return plan }
            unusable.merge(others) { $1 }
            try writer.restart()
        }
    }

    /// The warnings about the damaged frames, in the order of the inputs.
    ///
    /// - Throws: ``CacheStoreError`` if an index can't be read.
    func warnings() throws -> [Warning] {
        try found.sorted { ($0.key.input, $0.key.record.offset) < ($1.key.input, $1.key.record.offset) }
            .map { damaged, sound in
                let archive = archives[damaged.input]
                let member = try archive.index(isChecked: true).member(using: damaged.record)
                let place = "at byte \(damaged.record.offset)" + (member.map { ", in member `\($0)`" } ?? "")
                let other =
                    compressesAgain || sound.record.isStored(as: damaged.record)
                    ? ""
                    : ", which is compressed in another way: the new archive has the digest that sound "
                        + "inputs would give, but not the same bytes"
                return Warning(
                    code: .damagedInput,
                    message: "`\(archive.path.shown)` is damaged \(place): the new archive has the sound copy of "
                        + "`\(archives[sound.input].path.shown)`\(other)"
                )
            }
    }
}
