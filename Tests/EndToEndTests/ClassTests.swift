import Foundation
import Testing

extension EndToEnd {
    @Suite("The purpose of entries")
    struct Classes {
        /// Builds, vets, tests, measures and runs a program that uses cgo, in its own caches.
        private func fillCache() async throws -> (top: String, go: Program) {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("classes")
            var go = workspace.goCommand(in: "worker")
            go.environment["GOCACHE"] = "\(top)/build"
            go.environment["GOMODCACHE"] = "\(top)/mod"
            go.environment["CGO_ENABLED"] = "1"
            for line in [
                "build -o /dev/null .", "vet ./...", "test ./...", "test -v ./...", "run .",
                "test -coverprofile=\(top)/profile ./...",
            ] {
                _ = try await go.succeed(line.split(separator: " ").map(String.init))
            }
            go.environment["GOPROXY"] = "off"
            return (top, go)
        }

        private func pack(_ top: String, _ name: String, _ options: [String] = []) async throws -> [String:
            Any]
        {
            let workspace = try await Workspace.shared.value
            let outcome = try await workspace.cachectl.succeed(
                workspace.packing("worker", from: "\(top)/build", "\(top)/mod", to: "\(top)/\(name)")
                    + ["--json"] + options
            )
            return try EndToEnd.object(outcome.output)
        }

        private func members(_ report: [String: Any], _ key: String = "by_class") throws -> [String: Int] {
            let totals = key == "by_class" ? report["totals"] as? [String: Any] : report
            let tallies = try #require(totals?[key] as? [String: [String: Int]])
            return tallies.compactMapValues { $0["members"] }
        }

        @Test("is known for entries of real jobs; builds do not miss dropped entries, and tests run again")
        func realEntries() async throws {
            let workspace = try await Workspace.shared.value
            let (top, go) = try await fillCache()
            // `go list` adds to the index.
            let listed = try await go.succeed(["list", "-deps", "."]).lines.filter { $0 != "unsafe" }
            let all = try members(try await pack(top, "all.castore", ["--keep", "all"]))
            for name in [
                "package", "main", "cgo", "sources", "empty-stdout", "vet", "index", "test", "coverage",
                "compiler", "empty",
            ] {
                #expect(all[name, default: 0] > 0, "no entry is \(name): \(all)")
            }
            // Of all entries, only the sources that Go makes for measuring and testing have no class.
            #expect(all["other", default: 0] <= 8, "\(all)")
            #expect(all["package", default: 0] >= 2 * (listed.count - 1))

            let report = try await pack(top, "few.castore")
            let (kept, dropped) = (try members(report), try members(report, "dropped"))
            #expect(Set(dropped.keys) == ["empty-stdout", "test", "coverage", "compiler"])
            #expect(Set(kept.keys).isDisjoint(with: dropped.keys))
            for name in ["package", "main", "cgo", "sources", "vet", "index"] {
                #expect(kept[name] == all[name], "\(name)")
            }

            var warm = go
            warm.environment["GOCACHE"] = "\(top)/warm"
            _ = try await workspace.cachectl.succeed([
                "restore", "\(top)/few.castore", "--no-go", "--no-gomodcache", "--gocache", "\(top)/warm",
            ])
            for line in ["build -x -o \(top)/program .", "vet -x ./...", "test -x -run ^$ ./...", "run -x ."]
            {
                let outcome = try await warm.succeed(line.split(separator: " ").map(String.init))
                let tools = outcome.errors.split(separator: "\n").filter {
                    $0.contains("/compile -o ") || $0.contains("/cgo -")
                }
                #expect(tools == [], "\(line)")
            }
            #expect(try await !warm.succeed(["test", "./..."]).output.contains("(cached)"))
            #expect(
                try await go.succeed(["test", "./..."]).output.contains("(cached)"),
                "a test of the test"
            )
        }

        @Test(
            "and their use since a time is known from their stamps: entries of the job are packed and hit"
        )
        func usedSince() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("used")
            for cache in ["build", "mod"] {
                try FileManager.default.createDirectory(
                    atPath: "\(top)/\(cache)",
                    withIntermediateDirectories: false
                )
            }
            // The directory stands for a runner's volume with the cache of another program from days ago.
            var settings = ["GOCACHE": "\(top)/build"]
            _ = try await workspace.build("beta", settings: settings)
            _ = try await workspace.shell(
                #"find "$1" -type f -exec touch -d '3 days ago' {} +"#,
                ["\(top)/build"]
            )
            let started = Int(Date().timeIntervalSince1970)
            _ = try await workspace.build("alpha", settings: settings)
            func pack(_ name: String, _ options: [String]) async throws -> [String: Any] {
                let outcome = try await workspace.cachectl.succeed(
                    workspace.packing("job", from: "\(top)/build", "\(top)/mod", to: "\(top)/\(name)")
                        + ["--json"] + options
                )
                return try EndToEnd.object(outcome.output)
            }
            let all = try await pack("all.castore", [])
            let used = try await pack("used.castore", ["--used-since", "\(started)"])
            let unused = try #require(used["unused"] as? Int)
            #expect(unused > 50)
            #expect(all["unused"] as? Int == 0)
            let bytes = try [all, used].map {
                try #require(($0["totals"] as? [String: Any])?["file_bytes"] as? Int)
            }
            #expect(bytes[1] < bytes[0] * 9 / 10)

            settings = ["GOCACHE": "\(top)/restored"]
            _ = try await workspace.cachectl.succeed([
                "restore", "\(top)/used.castore", "--no-go", "--no-gomodcache", "--gocache",
                "\(top)/restored",
            ])
            #expect(try await workspace.build("alpha", proxy: "off", settings: settings).compiles == 0)
            #expect(try await workspace.build("beta", proxy: "off", settings: settings).compiles > 0)
        }

        @Test("and their packages are known: all packages that Go lists, and no others")
        func names() async throws {
            let workspace = try await Workspace.shared.value
            var expected: Set<String> = []
            for program in Workspace.programs {
                let go = workspace.goCommand(in: program, proxy: "off")
                expected.formUnion(try await go.succeed(["list", "-deps", "."]).lines)
            }
            expected.remove("unsafe")
            let mains = expected.filter { $0.hasPrefix("example.org/") }
            let outcome = try await workspace.cachectl.succeed(["explain", workspace.union, "--json"])
            let report = try EndToEnd.object(outcome.output)
            let packages = try #require(report["packages"] as? [[String: Any]])
            let paths = packages.compactMap { $0["import_path"] as? String }
            #expect(Set(paths.filter { !$0.hasPrefix("main ") }) == expected.subtracting(mains))
            let programs = Set(mains.map { "main (\(workspace.root)/programs/\($0.dropFirst(12)))" })
            #expect(Set(paths.filter { $0.hasPrefix("main ") }) == programs)
            #expect(report["unknown_packages"] as? Int == 0)
            let modules = try #require(report["modules"] as? [[String: Any]])
            let library = try #require(modules.first { $0["path"] as? String == "example.com/lib" })
            let versions = try #require(library["versions"] as? [[String: Any]])
            #expect(versions.compactMap { $0["version"] as? String } == ["v1.0.0", "v1.1.0"])
            #expect(
                packages.first { $0["import_path"] as? String == "example.com/lib" }?["variants"] as? Int == 2
            )

            let text = try await workspace.cachectl.succeed(["explain", workspace.union, "--top", "3"])
            for title in ["Where the bytes are", "Largest modules", "Modules in several versions", "█"] {
                #expect(text.output.contains(title))
            }
        }
    }
}
