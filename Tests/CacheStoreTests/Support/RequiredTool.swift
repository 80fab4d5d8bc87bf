import Foundation

/// A program that tests need: where it is missing they fail, and say what to do.
enum RequiredTool: String {
    /// `go` 1.25.5.
    case go = "CACHESTORE_GO"

    /// Python 3, whose standard library is the tests' second opinion.
    case python = "CACHESTORE_PYTHON"

    /// The path of the program: from the variable named as the case, otherwise from `PATH`.
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

    /// The error where a program is not there.
    struct Missing: Error, CustomStringConvertible {
        let tool: RequiredTool
        var description: String {
            "\(tool.rawValue) names no program, and none is on PATH: run the tests with `bash Tests/run.sh`"
        }
    }
}
