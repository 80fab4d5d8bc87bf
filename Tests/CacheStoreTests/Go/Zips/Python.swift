import Foundation

/// A runner for python3, whose `zlib` and `zipfile` give the tests a second opinion.
enum Python {
    /// Runs a script, and returns the bytes that it writes to its standard output.
    ///
    /// The modules `sys`, `struct`, `zlib`, `zipfile`, `io` and `hashlib` are imported, and `input` holds the
    /// input bytes. The function `emit(bytes)` writes bytes after their length, for ``pieces(_:input:)``.
    static func run(_ script: String, input: [UInt8] = []) throws -> [UInt8] {
        let directory = FileManager.default.temporaryDirectory.appending(path: "python-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let files = ["input", "output"].map { directory.appending(path: $0) }
        try Data(input).write(to: files[0])
        try Data().write(to: files[1])

        let process = Process()
        process.executableURL = URL(fileURLWithPath: try RequiredTool.python.path)
        process.arguments = ["-c", prelude + script]
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(status: process.terminationStatus) }
        return [UInt8](try Data(contentsOf: files[1]))
    }

    /// Runs a script, and returns the bytes of each of its calls of `emit`.
    static func pieces(_ script: String, input: [UInt8] = []) throws -> [[UInt8]] {
        var rest = try run(script, input: input)[...]
        var pieces: [[UInt8]] = []
        while rest.count >= 4 {
            let size = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            pieces.append(Array(rest.dropFirst(4).prefix(size)))
            rest = rest.dropFirst(4 + size)
        }
        return pieces
    }

    private static let prelude = """
        import sys, struct, zlib, zipfile, io, hashlib
        input = sys.stdin.buffer.read()
        def emit(b):
            sys.stdout.buffer.write(struct.pack("<I", len(b)) + b)

        """

    private struct Failure: Error {
        let status: Int32
    }
}
