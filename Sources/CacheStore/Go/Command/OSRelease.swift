import SystemPackage

/// The distribution's own description of itself (`os-release(5)`).
enum OSRelease {
    /// Returns the name and version, for example `Debian GNU/Linux 12 (bookworm)`, or `nil` if there is none.
    ///
    /// - Throws: ``CacheStoreError`` if the machine is at fault (``CacheStoreError/isOfMachine``).
    static func prettyName() throws(CacheStoreError) -> String? {
        for path in ["/etc/os-release", "/usr/lib/os-release"] {
            var bytes: [UInt8] = []
            guard let file = try Unusable.passedOver(try File(reading: .init(path))) else { continue }
            let size = try file.status().size
            guard size <= 1 << 16 else { continue }
            try file.read(at: 0, count: size, into: &bytes)
            return prettyName(in: String(decoding: bytes, as: UTF8.self))
        }
        return nil
    }

    /// Returns the value of `PRETTY_NAME`, without the quotes and backslashes of the shell.
    static func prettyName(in text: String) -> String? {
        let name = "PRETTY_NAME="
        guard let line = text.split(whereSeparator: \.isNewline).last(where: { $0.hasPrefix(name) }) else {
            return nil
        }
        var value = line.dropFirst(name.count)
        if let quote = value.first, quote == "\"" || quote == "'" {
            value = value.dropFirst()
            if value.last == quote { value = value.dropLast() }
        }
        let plain = String(value.filter { $0 != "\\" })
        return plain.isEmpty ? nil : plain
    }
}
