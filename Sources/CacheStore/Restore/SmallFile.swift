/// What putting a file in place has done.
enum PutOutcome: Hashable {
    /// It was not there.
    case created
    /// Something else was there.
    case replaced
    /// It was right already.
    case untouched
}

extension RestoreReport.Tally {
    /// Counts a file.
    mutating func count(_ outcome: PutOutcome) {
        switch outcome {
        case .created: created += 1
        case .replaced: replaced += 1
        case .untouched: untouched += 1
        }
    }
}

/// A file that is written at once, under a temporary name first.
struct SmallFile {
    /// Its content.
    var bytes: [UInt8]

    /// Its permission bits.
    var mode: UInt32

    /// Its modification time in seconds since 1970, or `nil` for now.
    var time: Int?

    /// Puts the file under `name`, unless it is there with the same content.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - directory: Where.
    ///   - isKnownAbsent: Whether nothing can be there.
    /// - Throws: ``CacheStoreError`` as the system says; nothing is left then.
    func put(
        _ name: String,
        in directory: borrowing Directory,
        isKnownAbsent: Bool = false
    ) throws(CacheStoreError) -> PutOutcome {
        var wasThere = false
        if !isKnownAbsent, let status = try directory.status(of: name) {
            wasThere = true
            if status.kind == .regular, status.size == bytes.count, let file = try directory.file(name),
                try file.bytes(count: bytes.count) == bytes
            {
                if let time, status.modified < time { try directory.setTimes(of: name, time) }
                return .untouched
            }
            if status.kind == .directory { try directory.removeAll(name) }
        }
        let temporary = ".castore-\(name)"
        do throws(CacheStoreError) {
            let file = try directory.creatingFile(temporary, mode: mode, replacing: true)
            try file.write(bytes.span, at: 0)
            if let time { try file.setTimes(time) }
            try directory.rename(temporary, to: name)
        } catch {
            try? directory.remove(temporary)
            throw error
        }
        return wasThere ? .replaced : .created
    }
}
