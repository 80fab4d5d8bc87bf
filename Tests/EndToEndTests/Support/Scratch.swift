import Foundation
import Synchronization

/// The one directory below which the tests write, which is removed when the tests end.
struct Scratch: Sendable {
    /// The directory of this run; if it can't be made, every test that needs it fails.
    static var shared: Scratch {
        get throws { try result.get() }
    }

    private static let counter = Atomic<Int>(0)

    private static let result = Result {
        // A killed run with the same process number may have left a directory.
        let root = FileManager.default.temporaryDirectory.path + "/cachectl-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: false)
        atexit { Scratch.removeAll() }
        return Scratch(root: root)
    }

    let root: String

    /// Makes a new, empty directory.
    func directory(_ name: String) throws -> String {
        let path = place(name)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        return path
    }

    /// Returns a new path at which nothing exists.
    func place(_ name: String) -> String {
        "\(root)/\(Self.counter.add(1, ordering: .relaxed).newValue)-\(name)"
    }

    private static func removeAll() {
        guard let root = try? result.get().root else { return }
        // Go's module trees are not writable, so even their owner can't remove them.
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", #"chmod -R u+w "$0"; rm -rf "$0""#, root]
        try? shell.run()
        shell.waitUntilExit()
    }
}
