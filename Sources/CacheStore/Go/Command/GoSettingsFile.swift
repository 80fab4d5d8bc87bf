import SystemPackage

/// A file of settings that the Go command reads where the environment has no value: the user's own, which
/// `go env -w` writes, or `$GOROOT/go.env` (Go's cmd/go/internal/cfg/cfg.go, `readEnvFile`).
struct GoSettingsFile {
    private let values: [String: String]

    /// The size that no real file reaches, in bytes.
    private static let sizeLimit = 1 << 20

    /// Reads a file.
    ///
    /// The result is `nil` if there is no file, or if this user may not read it. Go ignores it then, too.
    ///
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    init?(reading path: FilePath) throws(CacheStoreError) {
        do throws(CacheStoreError) {
            let file = try File(reading: path)
            let size = try file.status().size
            guard size <= Self.sizeLimit else { return nil }
            self.init(String(decoding: try file.bytes(count: size), as: UTF8.self))
        } catch {
            if error.isOfMachine, error.code != .permissionDenied { throw error }
            return nil
        }
    }

    /// Reads the text of a file.
    ///
    /// The last of several lines for one name counts.
    init(_ text: String) {
        var values: [String: String] = [:]
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            guard let sign = line.firstIndex(of: UInt8(ascii: "=")), let first = line.first,
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first)
            else { continue }
            let value = line[line.index(after: sign)...]
            values[String(decoding: line[..<sign], as: UTF8.self)] = String(decoding: value, as: UTF8.self)
        }
        self.values = values
    }

    /// Returns the text of a file with the same settings except one.
    func text(without name: String) -> String {
        let lines = values.filter { $0.key != name }.map { "\($0.key)=\($0.value)\n" }
        return lines.sorted { $0.precedes($1) }.joined()
    }

    /// The value of a setting, or `nil` if the file has none.
    subscript(name: String) -> String? { values[name] }
}
