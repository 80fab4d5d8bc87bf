import Glibc
import SystemPackage

/// A restore of the members of GOCACHE: first outputs, then the action entries that refer to the outputs.
struct BuildCacheRestore: Sendable {
    let root: CacheRoot
    let plan: RestorePlan
    let subdirectories: Subdirectories

    /// The modification times of entries; `nil` for the present time.
    let times: EntryTimes?

    /// The outputs that are left out because they are damaged.
    let damage: RestoreDamage
    let report: Gathered<Restore.Report>
    let counters: ProgressCounters

    /// The space that the restore needs for entries that are not there yet, in bytes.
    private(set) var neededBytes = 0

    /// Adds up ``neededBytes``.
    ///
    /// - Parameter index: The index of the archive.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    mutating func addUpNeededBytes(_ index: IndexReader) throws {
        let outputs = try OutputCursor(index)
        while try outputs.next() {
            guard let output = outputs.output, plan.isWanted[outputs.number.index],
                !subdirectories.mayContain(output.id, isOutput: true)
            else { continue }
            neededBytes += (output.size + 4095) / 4096 * 4096
        }
        let actions = try ActionCursor(index)
        var pass = RestorePlan.Pass()
        while let row = try actions.next() {
            guard plan.restores(row, in: &pass), !subdirectories.mayContain(row.id, isOutput: false) else {
                continue
            }
            neededBytes += 4096
        }
    }

    /// Returns the chunks of the outputs that are certainly not there yet.
    ///
    /// - Parameter index: The index of the archive.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func absentChunks(_ index: IndexReader) throws -> [ChunkRecord] {
        var chunks: [ChunkRecord] = []
        let outputs = try OutputCursor(index)
        while try outputs.next() {
            guard let output = outputs.output, plan.isWanted[outputs.number.index],
                !subdirectories.mayContain(output.id, isOutput: true)
            else { continue }
            chunks += outputs.chunks.map(\.record)
        }
        return chunks
    }

    // MARK: - Outputs

    /// Restores one output, unless it is damaged and damaged outputs are left out.
    func restoreOutput(
        _ item: OutputFeed.Item,
        with reader: inout ChunkReader,
        _ crew: ReadingCrew
    ) throws {
        let output = item.output
        let name = "\(output.id)-d"
        let place = try subdirectories.directory(of: output.id)
        let isKnownAbsent = !subdirectories.mayContain(output.id, isOutput: true)
        var content = StreamWriter(id: output.id, size: output.size, chunks: item.chunks)
        content.time = times?.new
        if output.executable != nil { content.mode = 0o755 }
        var isCounted = false
        let isRestored = try damage.containing(note: { $0.outputs[item.number] = $1 }) {
            let outcome: PutOutcome
            do {
                if let executable = output.executable {
                    outcome = try putExecutable(content, executable, name, place, with: &reader, crew)
                } else {
                    outcome = try content.put(
                        name,
                        in: place.directory,
                        isKnownAbsent: isKnownAbsent,
                        with: &reader,
                        crew
                    )
                }
            } catch let error as CacheStoreError {
                throw error.naming(member: "output \(output.id)")
            }
            // Threads that share an output count its bytes as they write them.
            isCounted = outcome != .untouched && output.size >= ChunkReader.sharedSize
            report.update {
                $0.outputs.count(outcome)
                if outcome != .untouched { $0.bytesWritten += output.size }
            }
        }
        // What is there now is wrong, or it would have stayed. Go would believe it, by its length alone.
        if !isRestored, try place.directory.status(of: name) != nil {
            try place.directory.removeAll(name)
            report.update { $0.removed += 1 }
        }
        counters.add(bytes: isCounted ? 0 : output.size)
    }

    /// Puts an executable in place: a directory with one file, which must be executable.
    ///
    /// Go looks at the time of the directory.
    private func putExecutable(
        _ content: StreamWriter,
        _ file: String,
        _ name: String,
        _ place: Subdirectories.Subdirectory,
        with reader: inout ChunkReader,
        _ crew: ReadingCrew
    ) throws -> PutOutcome {
        var wasThere = false
        if let status = try place.directory.status(of: name) {
            wasThere = true
            if let inner = try content.rightDirectory(name, status, holding: file, in: place.directory) {
                if let found = try inner.status(of: file), found.mode & content.mode != content.mode {
                    try inner.setMode(of: file, found.mode | content.mode)
                }
                if status.mode & 0o755 != 0o755 { try inner.setMode(status.mode | 0o755) }
                if let time = times?.new, status.modified < time {
                    try place.directory.setTimes(of: name, time)
                }
                return .untouched
            }
        }
        let temporary = FilePlacement.temporaryPrefix + name
        let reserve = try DescriptorReserve(levels: 1, place.directory)
        do {
            try place.directory.removeAll(temporary)
            let inner = try place.directory.creatingDirectory(temporary)
            _ = try content.put(file, in: inner, isKnownAbsent: true, with: &reader, crew)
            if let time = times?.new { try place.directory.setTimes(of: temporary, time) }
            // A rename can't replace a directory that is not empty.
            if wasThere { try place.directory.removeAll(name) }
            try place.directory.rename(temporary, to: name)
        } catch {
            reserve.release()
            try FilePlacement.discard(temporary, of: name, in: place.directory, after: error)
            throw error
        }
        return wasThere ? .replaced : .created
    }

    // MARK: - Action entries

    /// Restores one action entry, whose output is in place, or leaves it out with its output.
    func restoreAction(_ entry: ActionEntry, of output: OutputNumber) throws {
        guard !damage.has(output) else { return counters.add(bytes: ActionEntry.byteCount) }
        let name = "\(entry.action)-a"
        let place = try subdirectories.directory(of: entry.action)
        let isKnownAbsent = !subdirectories.mayContain(entry.action, isOutput: false)
        var outcome = PutOutcome.untouched
        var placement = FilePlacement(mode: Self.mode, time: times?.new)
        // A job that runs at the same time may have made the entry, whose time is then the mark of its use.
        if try isKnownAbsent && placement.make(entry.bytes, as: name, in: place.directory) {
            outcome = .created
        } else if try !isRight(name, entry, in: place) {
            let found = try place.directory.status(of: name)?.modified
            if let found { placement.time = times?.time(replacing: found) }
            outcome = try placement.put(
                entry.bytes,
                as: name,
                in: place.directory,
                isKnownAbsent: found == nil
            )
        }
        report.update {
            $0.actions.count(outcome)
            if outcome != .untouched { $0.bytesWritten += ActionEntry.byteCount }
        }
        counters.add(bytes: ActionEntry.byteCount)
    }

    /// Returns whether an entry with the same content is there; the time that it records does not matter, and
    /// stays.
    private func isRight(_ name: String, _ entry: ActionEntry, in place: Subdirectories.Subdirectory) throws
        -> Bool
    {
        guard let status = try place.directory.status(of: name),
            try Self.isRight(name, status, entry, in: place.directory)
        else { return false }
        if let time = times?.change(ofWanted: status.modified) {
            try setTime(time, of: name, in: place.directory)
        }
        if status.mode & Self.mode != Self.mode {
            try place.directory.setMode(of: name, status.mode | Self.mode)
        }
        return true
    }

    /// Returns whether a file holds an entry, whatever the time that the file records.
    static func isRight(
        _ name: String,
        _ status: FileStatus,
        _ entry: ActionEntry,
        in directory: borrowing Directory
    ) throws -> Bool {
        guard status.kind == .regular, let file = try? directory.file(name) else { return false }
        let bytes = try file.bytes(count: ActionEntry.byteCount + 1)
        return ActionEntry(bytes.span, named: entry.action) == entry
    }

    /// The permission bits of an action entry.
    private static let mode: mode_t = 0o644
}
