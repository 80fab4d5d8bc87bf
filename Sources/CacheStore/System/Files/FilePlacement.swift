package import Glibc

/// How a file comes to stand under its final name: written under another first, and only if it is not right
/// already.
package struct FilePlacement {
    /// The prefix of the other name; a restore that was killed may leave files with it.
    static let temporaryPrefix = ".castore-"

    /// The file's permission bits.
    var mode: mode_t

    /// Its modification time in seconds since 1970, or `nil` for now.
    var time: Int?

    /// Describes how a file is to stand there.
    ///
    /// - Parameters:
    ///   - mode: Its permission bits.
    ///   - time: Its modification time in seconds since 1970, or `nil` for now.
    package init(mode: mode_t, time: Int? = nil) {
        self.mode = mode
        self.time = time
    }

    /// Puts the file under `name`, unless it is there and right; then its time is at least ``time``, and its mode
    /// has the bits of ``mode``.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - directory: Where.
    ///   - isKnownAbsent: Whether nothing can be there.
    ///   - isRight: Whether what is there is right.
    ///   - write: Writes the content.
    /// - Returns: What was done.
    /// - Throws: What `isRight` and `write` throw, or ``CacheStoreError`` as the system says; nothing is
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
                if status.mode & mode != mode { try directory.setMode(of: name, status.mode | mode) }
                return .untouched
            }
            if status.kind == .directory { try directory.removeAll(name) }
        }
        let temporary = Self.temporaryPrefix + name
        do {
            let file = try directory.creatingFile(temporary, mode: mode, replacing: true)
            try write(file)
            if let time { try file.setTimes(time) }
            try directory.rename(temporary, to: name)
        } catch {
            try? directory.remove(temporary)
            throw error
        }
        return wasThere ? .replaced : .created
    }

    /// Puts a file of a few bytes under `name`, unless it is there with the same content.
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
