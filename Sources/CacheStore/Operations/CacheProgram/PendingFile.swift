import SystemPackage

/// A file that is written piece by piece in a scratch directory, and goes on in the next one where one fails.
final class PendingFile {
    /// The place of the directory among the scratch directories.
    private(set) var level: Int

    /// The directory that holds the file.
    private(set) var scratch: ProgramScratch

    /// The name of the file in the directory.
    private(set) var name: String

    private var file: File
    private var size = 0
    private let mode: UInt32
    private let scratches: ProgramScratches
    private let note: (CacheStoreError) -> Void

    /// Creates the file in the first directory that takes it.
    ///
    /// - Parameters:
    ///   - scratches: The directories.
    ///   - first: The place of the directory to begin with.
    ///   - mode: The permission bits.
    ///   - note: Called with the error of each directory that does not take the file.
    /// - Throws: The error of the last directory.
    init(
        in scratches: ProgramScratches,
        from first: Int = 0,
        mode: UInt32,
        note: @escaping (CacheStoreError) -> Void
    ) throws(CacheStoreError) {
        var level = first
        while true {
            do throws(CacheStoreError) {
                scratch = try scratches.scratch(level)
                name = scratch.newName()
                file = try scratch.directory.creatingFile(name, mode: mode)
                break
            } catch {
                note(error)
                level += 1
                guard level < scratches.count else { throw error }
            }
        }
        self.level = level
        self.mode = mode
        self.scratches = scratches
        self.note = note
    }

    /// The path of the file.
    var path: FilePath { scratch.path(of: name) }

    /// Appends bytes.
    ///
    /// - Throws: The error of the last directory.
    func append(_ bytes: [UInt8]) throws(CacheStoreError) {
        do throws(CacheStoreError) {
            try file.write(bytes.span, at: size)
        } catch {
            try moveOn(after: error)
            return try append(bytes)
        }
        size += bytes.count
    }

    /// Copies what was written to the next directory that takes it.
    private func moveOn(after error: CacheStoreError) throws(CacheStoreError) {
        note(error)
        guard level + 1 < scratches.count else { throw error }
        let next = try PendingFile(in: scratches, from: level + 1, mode: mode, note: note)
        for offset in stride(from: 0, to: size, by: 1 << 20) {
            try next.append(try file.bytes(at: offset, count: min(1 << 20, size - offset)))
        }
        discard()
        (level, scratch, name) = (next.level, next.scratch, next.name)
        file = try next.file.duplicate()
    }

    /// Sets the modification time, in seconds since 1970.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func setTime(_ time: Int) throws(CacheStoreError) { try file.setTimes(time) }

    /// Calls `body` with the file, to write its whole content.
    ///
    /// - Throws: The error of `body`.
    func write(_ body: (borrowing File) throws -> Void) throws { try body(file) }

    /// Moves the file to its place in another directory of the same file system.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func move(to name: String, in directory: borrowing Directory) throws(CacheStoreError) {
        try scratch.directory.move(self.name, to: name, in: directory)
    }

    /// Removes the file.
    func discard() { try? scratch.directory.remove(name) }
}
