import Foundation
import Synchronization

/// The one directory below which the tests write; it goes when the tests end.
struct Scratch: Sendable {
    /// The directory of this run, or a test failure for each test that needs it.
    static var shared: Scratch {
        get throws { try result.get() }
    }

    private static let counter = Atomic<Int>(0)

    private static let result = Result {
        let root =
            FileManager.default.temporaryDirectory.path
            + "/cachectl-tests-\(ProcessInfo.processInfo.processIdentifier)"
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

    /// A path where nothing is yet.
    func place(_ name: String) -> String {
        "\(root)/\(Self.counter.add(1, ordering: .relaxed).newValue)-\(name)"
    }

    private static func removeAll() {
        guard let root = try? result.get().root else { return }
        // Go's module trees can't be written to, which stops even their owner from removing them.
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", #"chmod -R u+w "$0"; rm -rf "$0""#, root]
        try? shell.run()
        shell.waitUntilExit()
    }
}
