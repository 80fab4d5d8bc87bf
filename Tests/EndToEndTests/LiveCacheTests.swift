import Foundation
import Testing

extension EndToEnd {
    @Suite("While Go fills and empties the caches,")
    struct LiveCaches {
        /// A script that builds, empties the build cache and drops a module, repeatedly until the file `$2`
        /// exists.
        private static let churn = #"""
            while [ ! -e "$2" ]; do
                "$1" build -o "$2.out" . || exit 1
                "$1" clean -cache || exit 1
                chmod -R u+w "$GOMODCACHE/example.com/lib@v1.0.0" || exit 1
                rm -rf "$GOMODCACHE/example.com/lib@v1.0.0" "$GOMODCACHE/cache/download/example.com/lib" ||
                    exit 1
                echo round
            done
            """#

        @Test("every pack succeeds, verifies, and restores to whole caches")
        func pack() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("live")
            let (build, modules, stop) = ("\(top)/build", "\(top)/mod", "\(top)/stop")
            for directory in [build, modules] {
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
            }
            var shell = workspace.goCommand(in: "tiny")
            shell.path = "/bin/sh"
            shell.environment.merge(["GOCACHE": build, "GOMODCACHE": modules]) { $1 }
            let churn = try shell.start(["-c", Self.churn, "sh", workspace.go, stop])

            var digests: Set<String> = []
            for number in 0..<6 {
                let archive = "\(top)/\(number).castore"
                let packing = workspace.packing("live", from: build, modules, to: archive) + ["--json"]
                let outcome = try await workspace.cachectl.succeed(packing)
                digests.insert(try #require(EndToEnd.object(outcome.output)["digest"] as? String))
                _ = try await workspace.cachectl.succeed(["verify", archive])
                let restored = try Scratch.shared.directory("live-restored")
                _ = try await workspace.cachectl.succeed(
                    workspace.restoring(archive, to: "\(restored)/build", "\(restored)/mod")
                )
                #expect(try await workspace.faults("\(restored)/build", "\(restored)/mod").isEmpty)
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...1000)))
            }
            try Data().write(to: URL(fileURLWithPath: stop))
            let outcome = try await churn.outcome()
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.output.contains("round"))
            #expect(digests.count > 1, "the caches did change")
        }
    }
}
