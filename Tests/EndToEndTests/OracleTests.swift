import Foundation
import Testing

extension EndToEnd {
    @Suite("Tools that know nothing of CacheStore agree:")
    struct Oracles {
        @Test("zstd finds every frame sound, and decompresses the chunks one after another")
        func zstd() async throws {
            let workspace = try await Workspace.shared.value
            let zstd = try Tools.system("zstd")
            for archive in [workspace.union, workspace.pack("beta")] {
                let test = try await workspace.shell(#""$1" -t "$2""#, [zstd, archive])
                #expect(test.status == 0, "\(test)")
                let content = try await workspace.shell(
                    #""$1" -dc "$2" | sha256sum | cut -c 1-64"#,
                    [zstd, archive]
                )
                #expect(try await workspace.python("audit.py", ["chunks", archive]) == content.lines)
            }
        }

        @Test("sqlite3 queries the index where it lies")
        func sqlite() async throws {
            let workspace = try await Workspace.shared.value
            let sqlite = try Tools.system("sqlite3")
            func query(_ statement: String) async throws -> [String] {
                let outcome = try await workspace.shell(
                    #""$1" --append "$2" "$3""#,
                    [sqlite, workspace.union, statement]
                )
                #expect(outcome.status == 0, "\(outcome)")
                return outcome.lines
            }
            #expect(try await query("PRAGMA integrity_check") == ["ok"])
            #expect(try await query("SELECT label FROM source ORDER BY id") == Workspace.programs)
            #expect(
                try await query("SELECT module FROM tree WHERE module LIKE '%legacy%'") == [
                    "example.com/legacy@v2.1.0+incompatible"
                ]
            )
            let listed = try await workspace.cachectl.succeed(["ls", workspace.union])
            for (table, kind) in [("action", "action"), ("output", "output"), ("tree", "tree")] {
                let count = listed.lines.filter { $0.hasPrefix(kind + " ") }.count
                #expect(try await query("SELECT count(*) FROM \(table)") == ["\(count)"])
                #expect(count > 0)
            }
        }

        @Test(
            "the reader written from the specification finds nothing wrong",
            arguments: Workspace.programs + ["all"]
        )
        func check(archive: String) async throws {
            let workspace = try await Workspace.shared.value
            let outcome = try await workspace.oracle(["check", workspace.pack(archive)])
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.output.isEmpty)
        }

        @Test("the SHA-256 of its listing is the digest that all commands print")
        func digest() async throws {
            let workspace = try await Workspace.shared.value
            let listing = try await workspace.shell(
                #""$1" "$2" ls "$3" | sha256sum | cut -c 1-64"#,
                [Tools.python(), "\(Tools.repository)/Tests/Oracle/castore.py", workspace.union]
            )
            let digest = try #require(listing.lines.first)
            let info = try await workspace.cachectl.succeed(["info", workspace.union, "--json"])
            #expect(try EndToEnd.object(info.output)["digest"] as? String == digest)
            let verify = try await workspace.cachectl.succeed(["verify", workspace.union, "--json"])
            let archives = try EndToEnd.object(verify.output)["archives"] as? [[String: Any]]
            #expect(archives?.map { $0["digest"] as? String } == [digest])
            #expect(try await workspace.cachectl.succeed(["info", workspace.union]).output.contains(digest))
        }

        @Test("it extracts what a restore writes, byte for byte and mode for mode")
        func extract() async throws {
            let workspace = try await Workspace.shared.value
            let (theirs, ours) = try (Scratch.shared.place("extracted"), Scratch.shared.place("restored"))
            let outcome = try await workspace.oracle(["extract", workspace.union, theirs])
            #expect(outcome.status == 0, "\(outcome)")
            _ = try await workspace.cachectl.succeed(
                workspace.restoring(to: "\(ours)/go-build", "\(ours)/go-mod") + ["--profile", "ci"]
            )
            for cache in ["go-build", "go-mod"] {
                let expected = try await workspace.snapshot("\(theirs)/\(cache)")
                // This file tells the next pack when the restore was.
                let restored = try await workspace.snapshot("\(ours)/\(cache)")
                    .filter { !$0.hasSuffix(" castore-restored.txt") }
                #expect(Set(restored).subtracting(expected).isEmpty)
                #expect(Set(expected).subtracting(restored).isEmpty)
                #expect(expected.count > 40)
            }
            #expect(try await workspace.leftovers(ours).isEmpty)
        }

        @Test("packing what was restored gives the archive's digest again")
        func again() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("again")
            let (build, modules) = ("\(top)/build", "\(top)/mod")
            _ = try await workspace.cachectl.succeed(
                workspace.restoring(to: build, modules) + ["--module-zips", "make"]
            )
            let packing = workspace.packing("again", from: build, modules, to: "\(top)/again.castore")
            let outcome = try await workspace.cachectl.succeed(packing + ["--strict", "--json"])
            let info = try await workspace.cachectl.succeed(["info", workspace.union, "--json"])
            let digest = try EndToEnd.object(info.output)["digest"] as? String
            #expect(try EndToEnd.object(outcome.output)["digest"] as? String == digest)
            #expect(digest?.count == 64)
        }
    }
}
