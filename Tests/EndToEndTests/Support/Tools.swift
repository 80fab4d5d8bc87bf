import Foundation

/// The programs that the tests drive, and the programs that judge the results.
struct Tools: Sendable {
    /// The error for a missing tool, which fails a test and never skips it.
    struct Missing: Error, CustomStringConvertible {
        var name: String
        var description: String {
            "\(name) is missing: run the tests with `bash Tests/run.sh`, which sets them up"
        }
    }

    /// The path of the repository.
    static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private static var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// Returns the path of `cachectl`: the value of CACHECTL, or the program that was built beside these
    /// tests.
    static func cachectl() throws -> String {
        if let path = environment["CACHECTL"] { return try existing(path, "CACHECTL (\(path))") }
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let product = URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent(
            "cachectl"
        ).path
        return try existing(product, "the product cachectl")
    }

    /// Returns the path of the Go command, the value of CACHESTORE_GO.
    static func go() throws -> String { try variable("CACHESTORE_GO") }

    /// Returns the path of a Python that has the package `zstandard`, the value of CACHESTORE_PYTHON.
    static func python() throws -> String { try variable("CACHESTORE_PYTHON") }

    /// Returns the path of a script of the tests.
    static func fixture(_ name: String) -> String { "\(repository)/Tests/EndToEndTests/Fixtures/\(name)" }

    /// Returns the path of a program of the system.
    static func system(_ name: String) throws -> String {
        let directories = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        for directory in directories
        where FileManager.default.isExecutableFile(atPath: "\(directory)/\(name)") {
            return "\(directory)/\(name)"
        }
        throw Missing(name: "the program `\(name)`")
    }

    private static func variable(_ name: String) throws -> String {
        guard let path = environment[name], !path.isEmpty else { throw Missing(name: "the variable \(name)") }
        return try existing(path, "\(name) (\(path))")
    }

    private static func existing(_ path: String, _ name: String) throws -> String {
        guard FileManager.default.isExecutableFile(atPath: path) else { throw Missing(name: name) }
        return path
    }
}
