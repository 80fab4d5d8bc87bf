import Foundation
import SystemPackage

/// A directory of its own for a test, removed with its owner.
final class TemporaryDirectory: Sendable {
    let path: FilePath

    init() throws {
        let directory = FileManager.default.temporaryDirectory.appending(
            path: "castore-test-\(UUID().uuidString)"
        )
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        path = FilePath(directory.path)
    }

    deinit {
        // Module trees are read-only, and names need not be UTF-8: the tools of the system cope with both.
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", #"chmod -R u+rwX "$0" && rm -rf "$0""#, path.string]
        try? process.run()
        process.waitUntilExit()
    }
}
