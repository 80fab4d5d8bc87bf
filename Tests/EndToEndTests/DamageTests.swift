import Foundation
import Testing

extension EndToEnd {
    @Suite("Damage of an archive")
    struct Damage {
        /// Copies an archive and damages the frames of the chunks whose numbers a query gives.
        private func damage(_ archive: String, _ query: String) async throws -> String {
            let copy = try Scratch.shared.place("damaged.castore")
            let count = try await Workspace.shared.value.python("damage.py", [archive, copy, query])
            #expect((count.first.flatMap { Int($0) } ?? 0) > 0, "\(query)")
            return copy
        }

        /// Restores an archive into new caches, builds a program there, and returns the program's file.
        private func build(
            _ program: String,
            from archive: String,
            proxy: String? = nil,
            _ arguments: [String] = [],
            status: Int = 0
        ) async throws -> (build: Program.Outcome, file: Data?) {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("damage")
            let restore = try await workspace.cachectl.run(
                workspace.restoring(archive, to: "\(top)/build", "\(top)/mod") + ["--no-go"] + arguments
            )
            #expect(restore.status == status, "\(restore)")
            #expect(try await workspace.leftovers(top).isEmpty)
            #expect(try await workspace.faults("\(top)/build", "\(top)/mod").isEmpty)
            var go = workspace.goCommand(in: program, proxy: proxy)
            go.environment["GOCACHE"] = "\(top)/build"
            go.environment["GOMODCACHE"] = "\(top)/mod"
            let outcome = try await go.run(
                ["build", "-x", "-trimpath", "-buildvcs=false", "-o", "\(top)/program", "."]
            )
            let verified = try await go.run(["mod", "verify"])
            #expect(!verified.output.contains("has been modified"), "\(verified)")
            return (outcome, try? Data(contentsOf: URL(fileURLWithPath: "\(top)/program")))
        }

        @Test(
            "that a restore leaves out makes builds slower, and no program differ",
            arguments: [
                "SELECT id FROM chunk WHERE id % 3 = 0",
                // All modules, the standard library's entries being sound.
                "SELECT chunk FROM stream WHERE id IN (SELECT stream FROM tree) UNION "
                    + "SELECT manifest FROM tree",
            ]
        )
        func skipped(query: String) async throws {
            let workspace = try await Workspace.shared.value
            let damaged = try await damage(workspace.union, query)
            let sound = try await build("alpha", from: workspace.union)
            let rest = try await build("alpha", from: damaged, ["--skip-damaged", "-q"], status: 3)
            #expect(rest.build.status == 0, "\(rest.build)")
            #expect(rest.file != nil && rest.file == sound.file)
        }

        @Test("of modules alone fails a build without a network with Go's own words, and not with other code")
        func offline() async throws {
            let workspace = try await Workspace.shared.value
            let trees = "SELECT chunk FROM stream WHERE id IN (SELECT stream FROM tree)"
            let damaged = try await damage(workspace.union, trees)
            let arguments = ["--skip-damaged", "-q", "--module-zips", "make"]
            let (outcome, file) = try await build(
                "alpha",
                from: damaged,
                proxy: "off",
                arguments,
                status: 3
            )
            #expect(outcome.status != 0 && file == nil)
            #expect(outcome.errors.contains("module lookup disabled by GOPROXY=off"), "\(outcome)")
            // Damage of the build cache alone needs no network.
            let outputs = "SELECT chunk FROM stream WHERE id IN (SELECT id FROM output WHERE id % 2 = 0)"
            let entries = try await damage(workspace.union, outputs)
            let sound = try await build("alpha", from: workspace.union, proxy: "off")
            let rest = try await build("alpha", from: entries, proxy: "off", ["--skip-damaged"], status: 3)
            #expect(rest.file != nil && rest.file == sound.file)
        }

        @Test("is listed by restore, in words and as JSON")
        func listed() async throws {
            let workspace = try await Workspace.shared.value
            let damaged = try await damage(workspace.pack("gamma"), "1, 2")
            let top = try Scratch.shared.directory("listed")
            let arguments =
                workspace.restoring(damaged, to: "\(top)/build", "\(top)/mod") + [
                    "--no-go", "--skip-damaged",
                ]
            let outcome = try await workspace.cachectl.run(arguments)
            #expect(outcome.status == 3, "\(outcome)")
            #expect(outcome.output.contains("left out 2 damaged members and "), "\(outcome)")
            #expect(outcome.errors.components(separatedBy: "warning: left out output `").count == 3)
            let object = try await EndToEnd.object(workspace.cachectl.run(arguments + ["--json"]).output)
            let members = try #require(object["left_out"] as? [[String: Any]])
            #expect(members.map { $0["kind"] as? String } == ["output", "output"])
            #expect(members.allSatisfy { $0["offset"] is Int && ($0["entries"] as? Int ?? 0) > 0 })
            let verified = try await workspace.cachectl.run(["verify", damaged])
            for member in members {
                let name = try #require(member["name"] as? String)
                #expect(verified.errors.contains(name) && outcome.errors.contains("output `\(name)`"))
            }
        }

        @Test("is repaired from packs, and mended by a union with them")
        func repaired() async throws {
            let workspace = try await Workspace.shared.value
            let damaged = try await damage(workspace.union, "SELECT id FROM chunk WHERE id % 3 = 0")
            let packs = Workspace.programs.map(workspace.pack)
            let mended = try Scratch.shared.place("mended.castore")
            let arguments = ["repair", damaged, "-o", mended, "--json", "--from"] + packs
            let report = try await EndToEnd.object(workspace.cachectl.succeed(arguments).output)
            #expect(report["schema"] as? String == "cachectl.repair/1")
            #expect(report["is_complete"] as? Bool == true && report["is_identical"] as? Bool == true)
            #expect(FileManager.default.contentsEqual(atPath: mended, andPath: workspace.union))

            let alone = try await workspace.cachectl.run(["repair", damaged, "--force", "-o", mended])
            #expect(alone.status == 3 && alone.output.contains("it is sound, but not whole"), "\(alone)")
            #expect(alone.errors.contains("warning: left out output `"))
            #expect(try await workspace.cachectl.run(["verify", mended]).status == 0)
            let checked = try await workspace.oracle(["check", mended])
            #expect(checked.status == 0 && checked.output.isEmpty, "\(checked)")

            let union = try await workspace.cachectl.run(
                ["union", damaged, "--force", "-o", mended] + packs
            )
            #expect(union.status == 0, "\(union)")
            #expect(union.errors.contains("warning: `\(damaged)` is damaged at byte "), "\(union)")
            #expect(FileManager.default.contentsEqual(atPath: mended, andPath: workspace.union))
        }

        @Test("of the lists of two trees keeps `ls` from no other tree, and is named")
        func lists() async throws {
            let workspace = try await Workspace.shared.value
            let query = "SELECT manifest FROM tree WHERE id IN (1, (SELECT max(id) FROM tree))"
            let damaged = try await damage(workspace.union, query)
            let options = ["--files", "--kind", "tree"]
            let sound = try await workspace.cachectl.succeed(["ls", workspace.union] + options).lines
            let outcome = try await workspace.cachectl.run(["ls", damaged] + options)
            #expect(outcome.status == 2)
            #expect(outcome.errors.components(separatedBy: "error: ").count == 3, "\(outcome.errors)")
            let trees = sound.filter { $0.hasPrefix("tree") }.compactMap { $0.split(separator: " ").last }
            let lost = try ["\(#require(trees.first))/", "\(#require(trees.last))/"]
            let rest = sound.filter { line in
                line.hasPrefix("tree") || !lost.contains { line.contains(" \($0)") }
            }
            #expect(trees.count > 2 && rest.count < sound.count && outcome.lines == rest)
        }

        @Test("of the last byte is mended by a repair without another archive")
        func lastByte() async throws {
            let workspace = try await Workspace.shared.value
            var bytes = try Data(contentsOf: URL(fileURLWithPath: workspace.union))
            bytes.removeLast()
            let cut = try Scratch.shared.place("last-byte.castore")
            try bytes.write(to: URL(fileURLWithPath: cut))
            let verified = try await workspace.cachectl.run(["verify", cut])
            #expect(verified.status == 2 && verified.errors.contains("`cachectl repair ARCHIVE -o NEW`"))
            let mended = try Scratch.shared.place("last-byte-mended.castore")
            let outcome = try await workspace.cachectl.run(["repair", cut, "-o", mended])
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.output.contains("it is whole, byte for byte as before the damage"), "\(outcome)")
            #expect(outcome.errors.hasPrefix("warning: `\(cut)` lacks its last byte; its index is sound"))
            #expect(FileManager.default.contentsEqual(atPath: mended, andPath: workspace.union))
        }

        @Test("of the index is repaired with the index of a union, and refused without one")
        func index() async throws {
            let workspace = try await Workspace.shared.value
            var bytes = try Data(contentsOf: URL(fileURLWithPath: workspace.union))
            bytes.removeLast(bytes.count / 3)
            let cut = try Scratch.shared.place("cut.castore")
            try bytes.write(to: URL(fileURLWithPath: cut))
            let mended = try Scratch.shared.place("mended.castore")
            let outcome = try await workspace.cachectl.run(
                ["repair", cut, "--from", workspace.union, "-o", mended]
            )
            #expect(outcome.status == 3, "\(outcome)")
            #expect(outcome.errors.contains("warning: the index of `\(cut)` is lost"), "\(outcome)")
            #expect(FileManager.default.contentsEqual(atPath: mended, andPath: workspace.union))
            let alone = try await workspace.cachectl.run(["repair", cut, "-o", "\(mended)-2"])
            EndToEnd.expectFailure(alone, status: 2, naming: cut, "pieces of content are left", "hint: ")
            #expect(!FileManager.default.fileExists(atPath: "\(mended)-2"))
        }

        @Test(
            "is never seen in an error of the machine",
            arguments: [
                ("openat", "EMFILE"), ("pread64", "EIO"), ("pread64", "EINTR"), ("pwrite64", "ENOSPC"),
                ("newfstatat", "EIO"), ("mmap", "ENOMEM"),
            ]
        )
        func machine(call: String, error: String) async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("machine-damage")
            _ = try await workspace.python("small_cache.py", ["\(top)/build", "\(top)/mod"])
            let caches = ["--gocache", "\(top)/build", "--gomodcache", "\(top)/mod"]
            _ = try await workspace.cachectl.succeed(
                ["pack", "--label", "x", "--no-go", "-q", "-o", "\(top)/x.castore"] + caches
            )
            let damaged = try await damage("\(top)/x.castore", "1, 5")
            let out = "\(top)/out.castore"
            var failures = 0
            for first in [3, 8, 15, 25, 40, 60, 90] {
                let when = error == "EINTR" ? "\(first)+2" : "\(first)+"
                let line =
                    "strace -f -qq -o /dev/null -e trace=\(call) "
                    + "-e inject=\(call):error=\(error):when=\(when) \"$CACHECTL\" \"$@\""
                let repair = try await workspace.shell(
                    line,
                    ["repair", damaged, "--from", "\(top)/x.castore", "-o", out, "--jobs", "1", "-q"]
                )
                if repair.status == 0 {
                    #expect(FileManager.default.contentsEqual(atPath: out, andPath: "\(top)/x.castore"))
                    try FileManager.default.removeItem(atPath: out)
                } else {
                    failures += 1
                    // Before the command begins, the loader of the program may end it otherwise.
                    #expect([1, 127].contains(repair.status), "\(call) \(error) from \(first): \(repair)")
                    #expect(!FileManager.default.fileExists(atPath: out))
                    #expect(!repair.errors.contains("left out") && !repair.errors.contains("damaged archive"))
                }
                let rest = try Scratch.shared.directory("machine-rest")
                let restore = try await workspace.shell(
                    line,
                    ["restore", damaged, "--skip-damaged", "--no-go", "--jobs", "1", "-q"]
                        + ["--gocache", "\(rest)/b", "--gomodcache", "\(rest)/m"]
                )
                #expect([1, 3, 127].contains(restore.status), "\(call) \(error) from \(first): \(restore)")
                if restore.status == 3 {
                    let count = restore.errors.components(separatedBy: "warning: left out ").count - 1
                    #expect(count == 2, "\(call) \(error) from \(first): \(restore)")
                }
            }
            #expect(error == "EINTR" ? failures == 0 : failures > 0)
            let names = try FileManager.default.contentsOfDirectory(atPath: top).sorted()
            #expect(names == ["build", "mod", "x.castore"])
        }
    }
}
