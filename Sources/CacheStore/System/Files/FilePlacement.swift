package import Glibc
import SystemPackage

/// The way in which a file gets to its final name.
///
/// A file is written only if the file that is there is not right. A new file is written under a temporary
/// name first and renamed then.
package struct FilePlacement {
    /// The prefix of the temporary name; a restore that was killed may leave files with this prefix.
    static let temporaryPrefix = PathRules.ownPrefix

    /// The file's permission bits.
    var mode: mode_t

    /// The file's modification time in seconds since 1970, or `nil` for the present time.
    var time: Int?

    /// Creates a description of a file's mode and time.
    ///
    /// - Parameters:
    ///   - mode: The file's permission bits.
    ///   - time: The file's modification time in seconds since 1970, or `nil` for the present time.
    package init(mode: mode_t, time: Int? = nil) {
        self.mode = mode
        self.time = time
    }

    /// Puts the file under `name`, unless the right file is there already.
    ///
    /// A file that is right stays. Its time is then at least ``time``, and its mode has the bits of ``mode``.
    ///
    /// - Parameters:
    ///   - name: The name of the file.
    ///   - directory: The directory of the file.
    ///   - isKnownAbsent: Whether nothing can be there.
    ///   - isRight: Called with the status of an existing entry; it returns whether the entry is right.
    ///   - write: Called with the new file; it writes the content.
    /// - Returns: The outcome.
    /// - Throws: The error of `isRight` or `write`, or ``CacheStoreError`` as the system says; nothing is
    ///   left then.
    func put(
        _ name: String,
        in directory: borrowing Directory,
        isKnownAbsent: Bool,
        isRight: (FileStatus) throws -> Bool,
        write: (borrowing File) throws -> Void
    ) throws -> PutOutcome {
        var wasThere = false
        if !isKnownAbsent, let status = try directory.status(of: name) {
            wasThere = true
            if try isRight(status) {
                if let time, status.modified < time { try directory.setTimes(of: name, time) }
                if status.mode & mode != mode { try widen(name, status, in: directory) }
                return .untouched
            }
            if status.kind == .directory { try directory.removeAll(name) }
        }
        let temporary = Self.temporaryName(for: name, in: directory)
        do {
            let file = try Self.creatingFile(
                temporary,
                mode: mode,
                in: directory,
                shownAs: directory.path(of: name)
            )
            try write(file)
            if let time { try file.setTimes(time) }
            try directory.rename(temporary, to: name)
        } catch {
            try Self.discard(temporary, of: name, in: directory, after: error)
            throw error
        }
        return wasThere ? .replaced : .created
    }

    /// Removes what stands under a temporary name, because writing it failed.
    ///
    /// - Parameters:
    ///   - temporary: The name.
    ///   - name: The final name, for messages.
    ///   - directory: The directory that has it.
    ///   - error: The error of the writer.
    /// - Throws: ``CacheStoreError`` as the system says, if `error` is about the data and the name can't be
    ///   removed: the caller may go on without damaged data, and nothing would tell then what is left.
    static func discard(
        _ temporary: String,
        of name: String,
        in directory: borrowing Directory,
        after error: any Error
    ) throws(CacheStoreError) {
        // An error may pass.
        if (try? directory.removeAll(temporary)) != nil { return }
        do throws(CacheStoreError) {
            try directory.removeAll(temporary)
        } catch let failure {
            guard let error = error as? CacheStoreError, !error.isOfMachine else { return }
            throw CacheStoreError(
                failure.code,
                "cannot remove what was written",
                path: directory.path(of: name),
                remedy: failure.remedy,
                cause: failure.cause
            )
        }
    }

    /// Returns the temporary name for a final name.
    ///
    /// It tells the final names apart, so that threads do not meet, and so that the next restore replaces
    /// what a killed one has left. A name that leaves no room for the prefix gets one of a fixed length.
    private static func temporaryName(for name: String, in directory: borrowing Directory) -> String {
        let own = temporaryPrefix + name
        guard own.utf8.count > PathRules.longestName else { return own }
        TemporaryName.removeAbandoned(for: name, in: directory)
        return TemporaryName(for: name).text
    }

    /// Adds the missing bits to the mode of a file that is there.
    ///
    /// The mode of another user's file can't be changed. That is no error if everyone can read the file.
    private func widen(
        _ name: String,
        _ status: FileStatus,
        in directory: borrowing Directory
    ) throws(CacheStoreError) {
        do throws(CacheStoreError) {
            try directory.setMode(of: name, status.mode | mode)
        } catch {
            guard error.code == .permissionDenied, status.mode & mode & 0o555 == mode & 0o555 else {
                throw error
            }
        }
    }

    /// Creates a file, and removes a file that a restore by any user has left under the name.
    private static func creatingFile(
        _ name: String,
        mode: mode_t,
        in directory: borrowing Directory,
        shownAs path: FilePath
    ) throws(CacheStoreError) -> File {
        do throws(CacheStoreError) {
            return try directory.creatingFile(name, mode: mode, shownAs: path)
        } catch {
            guard error.code == .exists else { throw error }
            try directory.remove(name)
            return try directory.creatingFile(name, mode: mode, shownAs: path)
        }
    }

    /// Makes a file of a few bytes under `name`, unless something has that name.
    ///
    /// The look at the name comes last, just before the file gets it.
    ///
    /// - Returns: Whether the file was made.
    /// - Throws: ``CacheStoreError`` as the system says; nothing is left then.
    func make(_ bytes: [UInt8], as name: String, in directory: borrowing Directory) throws -> Bool {
        let temporary = Self.temporaryName(for: name, in: directory)
        do {
            let file = try Self.creatingFile(
                temporary,
                mode: mode,
                in: directory,
                shownAs: directory.path(of: name)
            )
            try file.write(bytes.span, at: 0)
            if let time { try file.setTimes(time) }
            if try directory.status(of: name) == nil {
                try directory.rename(temporary, to: name)
                return true
            }
            try directory.remove(temporary)
            return false
        } catch {
            try Self.discard(temporary, of: name, in: directory, after: error)
            throw error
        }
    }

    /// Puts a file of a few bytes under `name`, unless a file with the same content is there already.
    package func put(
        _ bytes: [UInt8],
        as name: String,
        in directory: borrowing Directory,
        isKnownAbsent: Bool = false
    ) throws -> PutOutcome {
        try put(name, in: directory, isKnownAbsent: isKnownAbsent) { status in
            guard status.kind == .regular, status.size == bytes.count, let file = try directory.file(name)
            else {
                return false
            }
            return try file.bytes(count: bytes.count) == bytes
        } write: { file in
            try file.write(bytes.span, at: 0)
        }
    }
}
