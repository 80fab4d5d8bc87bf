import Foundation
import Testing

extension EndToEnd {
    @Suite("A restored build cache")
    struct Ageing {
        /// The time that a restore gives to every entry: 2100-01-01.
        private static let seal = "4102444800000000000"
        private static let emptyOutput = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

        /// An entry of a build cache: its time in nanoseconds and, for an action entry, its output.
        private struct Entry: Equatable {
            var time: Substring
            var output: Substring
        }

        private func entries(_ directory: String) async throws -> [Substring: Entry] {
            let workspace = try await Workspace.shared.value
            let lines = try await workspace.python("audit.py", ["entries", directory])
            let pairs = lines.map { line in
                let fields = Substring(line).split(separator: " ")
                return (fields[0], Entry(time: fields[1], output: fields[2]))
            }
            return Dictionary(uniqueKeysWithValues: pairs)
        }

        /// Makes Go believe that it last trimmed the cache ten days ago.
        private func backdateTrim(_ directory: String) throws {
            let time = Int(Date().timeIntervalSince1970) - 10 * 86400
            try "\(time)".write(toFile: "\(directory)/trim.txt", atomically: false, encoding: .utf8)
        }

        @Test("outlives ten days and a trim, and hits change none of its times")
        func survives() async throws {
            let workspace = try await Workspace.shared.value
            let modules = workspace.moduleCache
            let build = try Scratch.shared.place("aged")
            _ = try await workspace.cachectl.succeed([
                "restore", workspace.union, "--no-gomodcache", "--gocache", build,
            ])
            let before = try await entries(build)
            #expect(before.count > 400)
            #expect(before.values.allSatisfy { $0.time == Self.seal })

            try backdateTrim(build)
            let settings = ["GOCACHE": build, "GOMODCACHE": modules]
            #expect(try await workspace.build("hello", proxy: "off", settings: settings).compiles == 1)
            let trimmed = try String(contentsOfFile: "\(build)/trim.txt", encoding: .utf8)
            #expect(
                try #require(Int(trimmed)) > Int(Date().timeIntervalSince1970) - 3600,
                "the build did trim"
            )
            for program in Workspace.programs {
                #expect(try await workspace.build(program, proxy: "off", settings: settings).compiles == 0)
            }

            let after = try await entries(build)
            let changed = before.filter { after[$0.key] != $0.value }
            // Each link writes the entry for the linker's output again; hits touch nothing.
            #expect(changed.values.allSatisfy { $0.output == Self.emptyOutput }, "\(changed)")
            #expect(changed.count <= Workspace.programs.count)
            #expect(changed.keys.allSatisfy { after[$0] != nil })
        }

        @Test("would lose most entries if their times were ten days old")
        func control() async throws {
            let workspace = try await Workspace.shared.value
            let build = try Scratch.shared.place("perishable")
            _ = try await workspace.cachectl.succeed([
                "restore", workspace.union, "--no-gomodcache", "--gocache", build,
            ])
            let before = try await entries(build).count
            _ = try await workspace.shell(#"find "$1" -type f -exec touch -d '10 days ago' {} +"#, [build])
            try backdateTrim(build)
            _ = try await workspace.build("hello", proxy: "off", settings: ["GOCACHE": build])
            let after = try await entries(build).count
            #expect(after < before * 3 / 4)
        }

        @Test("has a fresh trim.txt that anyone may write, and all 256 directories")
        func trimFile() async throws {
            let workspace = try await Workspace.shared.value
            let build = try Scratch.shared.place("fresh")
            let outcome = try await workspace.shell(
                #"umask 077; exec "$CACHECTL" restore "$1" --no-gomodcache --gocache "$2" --quiet"#,
                [workspace.pack("gamma"), build]
            )
            #expect(outcome.status == 0, "\(outcome)")
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(build)/trim.txt")
            #expect(attributes[.posixPermissions] as? NSNumber == 0o666)
            let time = try #require(Int(String(contentsOfFile: "\(build)/trim.txt", encoding: .utf8)))
            #expect(abs(time - Int(Date().timeIntervalSince1970)) < 600)
            let names = try FileManager.default.contentsOfDirectory(atPath: build).filter { $0.count == 2 }
            #expect(names.count == 256)
        }
    }
}
