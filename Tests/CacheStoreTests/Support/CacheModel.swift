import Foundation
import SystemPackage

@testable import CacheStore

/// The files of a GOCACHE and a GOMODCACHE, as Go writes them, before they are on disk.
///
/// The model is a value, so that a test can damage one file of a sound cache and name the damaged file.
struct CacheModel {
    /// A file.
    struct Entry: Hashable {
        var bytes: [UInt8]
        var mode: mode_t
    }

    /// The files by path: `build/…` below GOCACHE, `mod/…` below GOMODCACHE.
    var files: [String: Entry] = [:]

    /// A module, not escaped.
    struct Module {
        var path: String
        var version: String
        var files: [(path: String, bytes: [UInt8], isExecutable: Bool)]

        /// The key as Go escapes it.
        var key: String { escape("\(path)@\(version)") }

        /// The path of a download, without its suffix.
        var download: String { "mod/cache/download/\(escape(path))/@v/\(escape(version))" }

        /// The tree's directory.
        var tree: String { "mod/\(key)" }

        /// The hash of the files, by the definition in golang.org/x/mod/sumdb/dirhash.
        ///
        /// The computation does not use the library's module hash.
        var h1: String {
            let lines = files.map { file in
                (name: "\(path)@\(version)/\(file.path)", id: ContentHasher.hash(file.bytes.span))
            }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            .map { "\($0.id)  \($0.name)\n" }
            let digest = ContentHasher.hash(Array(lines.joined().utf8).span).bytes
            return "h1:" + Data(digest).base64EncodedString()
        }

        /// A zip of the files, as the library writes it.
        var zip: [UInt8] {
            get throws {
                try ZipFixtures.write(
                    files.map { ($0.path, $0.bytes) }.sorted {
                        $0.0.utf8.lexicographicallyPrecedes($1.0.utf8)
                    },
                    prefix: "\(path)@\(version)/"
                )
            }
        }

        private func escape(_ text: String) -> String {
            text.map { $0.isUppercase ? "!" + $0.lowercased() : String($0) }.joined()
        }
    }

    // MARK: - GOCACHE

    /// Adds an output.
    @discardableResult
    mutating func addOutput(_ bytes: [UInt8], executable: String? = nil) -> ObjectID {
        let id = ContentHasher.hash(bytes.span)
        if let executable {
            files["\(Self.output(id))/\(executable)"] = Entry(bytes: bytes, mode: 0o755)
        } else {
            files[Self.output(id)] = Entry(bytes: bytes, mode: 0o644)
        }
        return id
    }

    /// Adds an action entry as Go writes it, with its own time.
    mutating func addAction(
        _ action: ObjectID,
        output: ObjectID,
        size: Int,
        time: Int = 1_700_000_000_123_456_789
    ) {
        let text = "v1 \(action) \(output) \(pad(size)) \(pad(time))\n"
        files[Self.action(action)] = Entry(bytes: Array(text.utf8), mode: 0o644)
    }

    /// Adds an action entry and its output.
    @discardableResult
    mutating func addPair(_ name: String, _ bytes: [UInt8], executable: String? = nil) -> (ObjectID, ObjectID)
    {
        let action = Self.id(name)
        let output = addOutput(bytes, executable: executable)
        addAction(action, output: output, size: bytes.count)
        return (action, output)
    }

    /// Returns an ID made from a name.
    static func id(_ name: String) -> ObjectID { ContentHasher.hash(Array(name.utf8).span) }

    /// Returns the path of an action entry.
    static func action(_ id: ObjectID) -> String { "build/\(id.description.prefix(2))/\(id)-a" }

    /// Returns the path of an output.
    static func output(_ id: ObjectID) -> String { "build/\(id.description.prefix(2))/\(id)-d" }

    private func pad(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: " ", count: 20 - text.count) + text
    }

    // MARK: - GOMODCACHE

    /// The parts of a module that a cache may have.
    struct Parts: OptionSet {
        let rawValue: Int
        static let tree = Parts(rawValue: 1)
        static let zip = Parts(rawValue: 2)
        static let info = Parts(rawValue: 4)
        static let mod = Parts(rawValue: 8)
        static let hash = Parts(rawValue: 16)
        static let all: Parts = [.tree, .zip, .info, .mod, .hash]
    }

    /// Adds a module.
    mutating func addModule(_ module: Module, _ parts: Parts = .all) throws {
        func put(_ suffix: String, _ bytes: [UInt8]) {
            files["\(module.download).\(suffix)"] = Entry(bytes: bytes, mode: 0o644)
        }
        if parts.contains(.info) { put("info", Array(#"{"Version":"\#(module.version)"}"#.utf8)) }
        if parts.contains(.mod) {
            let own = module.files.first { $0.path == "go.mod" }?.bytes
            put("mod", own ?? Array("module \(module.path)\n".utf8))
        }
        if parts.contains(.hash) { put("ziphash", Array(module.h1.utf8)) }
        if parts.contains(.zip) { try put("zip", module.zip) }
        put("lock", [])
        guard parts.contains(.tree) else { return }
        for file in module.files {
            files["\(module.tree)/\(file.path)"] = Entry(
                bytes: file.bytes,
                mode: file.isExecutable ? 0o555 : 0o444
            )
        }
    }

    /// Adds a file of the checksum database.
    mutating func addChecksumFile(_ path: String, _ bytes: [UInt8]) {
        files["mod/cache/download/sumdb/\(path)"] = Entry(bytes: bytes, mode: 0o644)
    }

    // MARK: - On disk

    /// Writes all files below a directory.
    ///
    /// - Parameters:
    ///   - root: The directory.
    ///   - order: The source that decides the order of creation and the times of the files.
    /// - Returns: The two caches.
    /// - Throws: The error of the file system.
    @discardableResult
    func write(to root: FilePath, shuffledBy order: inout SeededBytes) throws -> GoCaches {
        var names = files.keys.sorted()
        names.shuffle(using: &order)
        for name in ["build", "mod"] { try Files.makeDirectory(root.appending(name)) }
        let root = (path: root, string: root.string)
        var directories: Set<Substring> = []
        for name in names {
            guard let entry = files[name], let slash = name.utf8.lastIndex(of: UInt8(ascii: "/")) else {
                continue
            }
            if directories.insert(name[..<slash]).inserted {
                try Files.makeDirectory(FilePath("\(root.string)/\(name[..<slash])"))
            }
            let path = "\(root.string)/\(name)"
            try Files.write(entry.bytes, to: path, mode: entry.mode)
            try Files.setTime(Int.random(in: 1_500_000_000...1_790_000_000, using: &order), of: path)
        }
        return GoCaches(buildCache: root.path.appending("build"), moduleCache: root.path.appending("mod"))
    }
}
