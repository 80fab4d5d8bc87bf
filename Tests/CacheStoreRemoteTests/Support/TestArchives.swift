import CacheStore
import Foundation
import SystemPackage

/// A directory of a test, with archives and images in it.
struct TestPlace {
    let root: FilePath

    /// Makes a new, empty directory.
    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "layers-\(UUID())")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        root = FilePath(url.path)
    }

    /// Removes the directory.
    func remove() { try? FileManager.default.removeItem(atPath: root.string) }

    /// The names in a directory of the place.
    func names(_ directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(directory).string)
    }

    /// Makes a directory in the place.
    func directory(_ name: String) throws -> FilePath {
        let path = root.appending(name)
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: false)
        return path
    }

    /// Packs the build caches of some jobs, and unites the archives.
    ///
    /// The jobs share one output, and each has outputs of its own.
    ///
    /// - Parameters:
    ///   - labels: The labels of the jobs.
    ///   - byteCount: The length of each output.
    /// - Returns: The union.
    /// - Throws: The errors of ``Pack`` and ``Union``.
    func archive(_ labels: [String] = ["aws", "gcp"], byteCount: Int = 200_000) async throws -> FilePath {
        let shared = randomBytes(byteCount)
        var packs: [FilePath] = []
        for label in labels {
            let cache = try directory("cache-\(label)")
            for content in [shared, randomBytes(byteCount), Array("\(label)\n".utf8)] {
                try add(content, to: cache)
            }
            let path = root.appending("\(label).castore")
            let environment = GoEnvironment(variables: ["GOOS": "linux", "GOARCH": "amd64"])
            try await Pack(options: Pack.Options(label: label, environment: environment))
                .run(GoCaches(buildCache: cache, moduleCache: nil), to: path)
            packs.append(path)
        }
        let all = root.appending("all.castore")
        try await Union().run(packs, to: all)
        return all
    }

    /// Adds an entry and its output to a build cache, as Go writes them.
    private func add(_ content: [UInt8], to cache: FilePath) throws {
        let output = ContentHasher.hash(content.span)
        let action = ContentHasher.hash(Array("action of \(output)".utf8).span)
        func padded(_ number: Int) -> String {
            String(repeating: " ", count: 20 - String(number).count) + String(number)
        }
        let entry = "v1 \(action) \(output) \(padded(content.count)) \(padded(1_700_000_000_123_456_789))\n"
        for (name, bytes) in [("\(action)-a", Array(entry.utf8)), ("\(output)-d", content)] {
            let directory = cache.appending(String(name.prefix(2)))
            try FileManager.default.createDirectory(
                atPath: directory.string,
                withIntermediateDirectories: true
            )
            try Data(bytes).write(to: URL(filePath: directory.appending(name).string))
        }
    }

    /// The blobs of an image layout in the place, by their digests.
    func blobs(_ layout: String) throws -> [ObjectID: [UInt8]] {
        let directory = root.appending("\(layout)/blobs/sha256")
        var blobs: [ObjectID: [UInt8]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.string) {
            let bytes = Array(try Data(contentsOf: URL(filePath: directory.appending(name).string)))
            let digest = ContentHasher.hash(bytes.span)
            guard digest.description == name else { throw CacheStoreError(.io, "a wrong blob: \(name)") }
            blobs[digest] = bytes
        }
        return blobs
    }
}

/// Runs a program to its end, and returns its status and all that it prints.
func run(
    _ path: String,
    _ arguments: [String],
    environment: [String: String] = [:],
    beside: (Process) async throws -> Void = { _ in }
) async throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [path] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let output = FileManager.default.temporaryDirectory.appending(path: "output-\(UUID())")
    try Data().write(to: output)
    defer { try? FileManager.default.removeItem(at: output) }
    let handle = try FileHandle(forWritingTo: output)
    process.standardOutput = handle
    process.standardError = handle
    process.standardInput = FileHandle.nullDevice
    try process.run()
    try await beside(process)
    while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
    return (process.terminationStatus, String(decoding: try Data(contentsOf: output), as: UTF8.self))
}
