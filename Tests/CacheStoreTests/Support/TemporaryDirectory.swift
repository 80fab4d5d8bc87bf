import Foundation
import SystemPackage

/// A temporary directory for one test, removed together with its owner.
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
        // The system's tools cope with read-only module trees, and with names that are not UTF-8.
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", #"chmod -R u+rwX "$0" && rm -rf "$0""#, path.string]
        try? process.run()
        process.waitUntilExit()
    }
}
