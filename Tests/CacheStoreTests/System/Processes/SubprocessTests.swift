import Foundation
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of running another program.
@Suite("Another program")
struct SubprocessTests {
    @Test("that is still open for writing runs when its writer has closed it")
    func busy() async throws {
        let bench = try Workbench()
        let path = bench.path("program").string
        try Data("#!/bin/sh\necho ran\n".utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        let writer = try #require(FileHandle(forWritingAtPath: path))
        // A task would wait for the other tests, and the run does not wait for long.
        Thread.detachNewThread {
            usleep(50_000)
            try? writer.close()
        }
        let result = try await Subprocess.run(path, [])
        #expect(String(decoding: result.output, as: UTF8.self) == "ran\n")
    }
}
