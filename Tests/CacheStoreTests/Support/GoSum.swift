import Foundation

@testable import CacheStore

/// The lines of a `go.sum` for modules of a model, computed without the library's module hash.
struct GoSum {
    /// The lines, each without its end.
    var lines: [String] = []

    /// Adds the lines of a module that a model holds.
    ///
    /// - Parameters:
    ///   - key: The key in GOMODCACHE.
    ///   - model: The model.
    ///   - isWhole: Whether the zip is named, and not the go.mod alone.
    mutating func add(_ key: String, of model: CacheModel, isWhole: Bool = true) {
        guard let module = ModuleKey(key) else { return }
        let (path, version) = (ModuleKey.unescape(module.path), ModuleKey.unescape(module.version))
        let base = "mod/cache/download/\(module.path)/@v/\(module.version)"
        if isWhole, let hash = model.files["\(base).ziphash"]?.bytes {
            lines.append("\(path) \(version) \(String(decoding: hash, as: UTF8.self))")
        }
        if let bytes = model.files["\(base).mod"]?.bytes {
            lines.append("\(path) \(version)/go.mod \(Self.h1(ofModFile: bytes))")
        }
    }

    /// Returns the hash of a go.mod, by the definition in golang.org/x/mod/sumdb/dirhash.
    static func h1(ofModFile bytes: [UInt8]) -> String {
        let line = "\(ContentHasher.hash(bytes.span))  go.mod\n"
        return "h1:" + Data(ContentHasher.hash(Array(line.utf8).span).bytes).base64EncodedString()
    }

    /// The content of the file.
    func bytes(end: String = "\n") -> [UInt8] { Array(lines.map { $0 + end }.joined().utf8) }
}
