import Foundation

/// A program that tests need.
///
/// Where the program is missing, the tests fail and say what to do.
enum RequiredTool: String {
    /// `go` 1.25.5.
    case go = "CACHESTORE_GO"

    /// Python 3, whose standard library gives the tests a second opinion.
    case python = "CACHESTORE_PYTHON"

    /// The path of the program, from the variable that the raw value names, otherwise from `PATH`.
    var path: String {
        get throws {
            let environment = ProcessInfo.processInfo.environment
            let name = self == .go ? "go" : "python3"
            let onPath = environment["PATH", default: ""].split(separator: ":").map { "\($0)/\(name)" }
            let candidates = [environment[rawValue]].compactMap { $0 } + onPath
            let found = candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
            guard let found else { throw Missing(tool: self) }
            return found
        }
    }

    /// The error for a program that is missing.
    struct Missing: Error, CustomStringConvertible {
        let tool: RequiredTool
        var description: String {
            "\(tool.rawValue) names no program, and none is on PATH: run the tests with `bash Tests/run.sh`"
        }
    }
}
