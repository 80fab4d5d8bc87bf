import Foundation
import Testing

extension EndToEnd {
    @Suite("Whatever the surroundings,")
    struct Surroundings {
        /// Ways to run a command line, all of which must give the same result.
        private static let ways = [
            #"umask 077; exec "$@""#, #"umask 000; exec "$@""#, #"export TZ=Asia/Kolkata; exec "$@""#,
            #"unset HOME; exec "$@""#,
            #"export LC_ALL=tr_TR.UTF-8 LANG=tr_TR; exec "$@""#, #"cd /; exec "$@""#,
            #"export GODEBUG=x GOFLAGS=-mod=mod; exec "$@""#,
            #"exec "$@" --jobs 1"#, #"exec "$@" --jobs 7"#, #"exec nice -n 5 "$@""#,
            #"export TMPDIR=/nowhere; exec "$@""#,
        ]

        private func small() async throws -> (build: String, modules: String) {
            let workspace = try await Workspace.shared.value
            let build = try Scratch.shared.place("small")
            _ = try await workspace.python(
                "audit.py",
                ["subset", workspace.rawBuildCache("gamma"), build, "2000000"]
            )
            return (build, workspace.rawModuleCache("beta"))
        }

        @Test("the same caches give the same archive, and it restores to the same files and modes")
        func same() async throws {
            let workspace = try await Workspace.shared.value
            let (build, modules) = try await small()
            let top = try Scratch.shared.directory("same")
            let cachectl = try Tools.cachectl()
            var restored: [String] = []
            for (number, way) in (["exec \"$@\""] + Self.ways).enumerated() {
                let archive = "\(top)/\(number).castore"
                let packing = [
                    "pack", "--label", "x", "-o", archive, "--gocache", build, "--gomodcache", modules,
                    "--no-go",
                ]
                let pack = try await workspace.shell(way, [cachectl] + packing)
                #expect(pack.status == 0, "\(way): \(pack)")
                #expect(
                    FileManager.default.contentsEqual(atPath: archive, andPath: "\(top)/0.castore"),
                    "\(way)"
                )
                let target = try Scratch.shared.directory("same-restored")
                let restore = try await workspace.shell(
                    way,
                    [cachectl] + workspace.restoring(archive, to: "\(target)/build", "\(target)/mod")
                )
                #expect(restore.status == 0, "\(way): \(restore)")
                let snapshot = try await workspace.snapshot(target)
                if restored.isEmpty { restored = snapshot }
                #expect(snapshot == restored, "\(way)")
            }
            #expect(restored.count > 300)
        }

        @Test("a deep tree is packed and restored by many threads with few descriptors")
        func descriptors() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("deep")
            _ = try await workspace.python("deep_module.py", ["\(top)/mod", "60", "10"])
            let cachectl = try Tools.cachectl()
            let packing = [
                "pack", "--label", "x", "-o", "\(top)/a.castore", "--no-gocache", "--gomodcache",
                "\(top)/mod",
                "--no-go", "--strict", "--jobs", "32", "--json",
            ]
            let limited = #"ulimit -n 256; exec "$@""#
            let pack = try await workspace.shell(limited, [cachectl] + packing)
            #expect(pack.status == 0 && pack.output.contains(#""left_out":[]"#), "\(pack)")
            let restoring = [
                "restore", "\(top)/a.castore", "--no-gocache", "--gomodcache", "\(top)/again", "--no-go",
                "--jobs", "32", "--json",
            ]
            for _ in 0..<2 {
                let restore = try await workspace.shell(limited, [cachectl] + restoring)
                #expect(restore.status == 0, "\(restore)")
            }
            let again = try await workspace.shell(limited, [cachectl] + restoring)
            #expect(again.output.contains(#""bytes_written":0"#), "\(again)")
            // Two threads hold less than one tree's depth.
            let few = #"ulimit -n 64; chmod -R u+w "$0" && find "$0" -name 05 -delete; exec "$@" --jobs 2"#
            let mending = try await workspace.shell(
                few.replacing("$0", with: "\(top)/again"),
                [cachectl] + restoring.filter { !["--jobs", "32"].contains($0) }
            )
            #expect(mending.status == 0 && mending.output.contains(#""created":1"#), "\(mending)")
        }

        @Test("64 descriptors are enough to restore everything, and to restore it again")
        func fewDescriptors() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("few")
            let restoring = [try Tools.cachectl()] + workspace.restoring(to: "\(top)/build", "\(top)/mod")
            for _ in 0..<2 {
                let restore = try await workspace.shell(
                    #"ulimit -n 64; exec "$@""#,
                    restoring + ["--no-go", "--jobs", "2"]
                )
                #expect(restore.status == 0, "\(restore)")
            }
            #expect(try await workspace.faults("\(top)/build", "\(top)/mod").isEmpty)
        }

        @Test("paths may be relative, with spaces, and not ASCII")
        func paths() async throws {
            let workspace = try await Workspace.shared.value
            let (build, modules) = try await small()
            let top = try Scratch.shared.directory("bücher und\ttabs 'quoted' 漢字")
            let outcome = try await workspace.shell(
                #"""
                cd "$3" && cp -a "$1" 'b ü' && cp -a "$2" './-m 漢' &&
                "$CACHECTL" pack --label x -o 'a ü.castore' --gocache 'b ü' --gomodcache='-m 漢' \
                    --no-go --quiet &&
                "$CACHECTL" union './a ü.castore' -o ../"${3##*/}"/'u 漢.castore' --quiet &&
                mkdir sub && cd sub &&
                "$CACHECTL" restore '../u 漢.castore' --gocache './r/../b ü' --gomodcache 'm/ 漢' --quiet &&
                "$CACHECTL" verify '../u 漢.castore' --quiet
                """#,
                [build, modules, top]
            )
            #expect(outcome.status == 0, "\(outcome)")
            #expect(try await workspace.faults("\(top)/sub/b ü", "\(top)/sub/m/ 漢").isEmpty)
            #expect(try await workspace.snapshot("\(top)/sub/b ü").count > 256)
            #expect(try await workspace.snapshot("\(top)/sub/m/ 漢").count > 20)
        }

        @Test("the variables name the caches, then Go does, and options come first")
        func variables() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("variables")
            var cachectl = try workspace.cachectl
            cachectl.environment["GOCACHE"] = "\(top)/by-variable"
            cachectl.environment["GOMODCACHE"] = "\(top)/mod-by-variable"
            _ = try await cachectl.succeed([
                "restore", workspace.pack("gamma"), "--gomodcache", "\(top)/mod-by-option",
            ])
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: top).sorted() == [
                    "by-variable", "mod-by-option",
                ]
            )

            cachectl.environment["GOCACHE"] = nil
            cachectl.environment["GOMODCACHE"] = nil
            cachectl.environment["HOME"] = "\(top)/home"
            cachectl.environment["GOPATH"] = "\(top)/gopath"
            _ = try await cachectl.succeed(["restore", workspace.pack("gamma"), "--go", workspace.go])
            #expect(FileManager.default.fileExists(atPath: "\(top)/home/.cache/go-build/trim.txt"))
            #expect(
                FileManager.default.fileExists(atPath: "\(top)/gopath/pkg/mod/example.com/lib@v1.0.0/lib.go")
            )
        }

        @Test("restoring again changes nothing, and mends what was damaged")
        func again() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("again")
            let (build, modules) = ("\(top)/build", "\(top)/mod")
            let restoring = workspace.restoring(workspace.pack("beta"), to: build, modules) + ["--json"]
            _ = try await workspace.cachectl.succeed(restoring)
            let expected = try await workspace.snapshot(top)
            let idle = try await EndToEnd.object(workspace.cachectl.succeed(restoring).output)
            #expect(idle["bytes_written"] as? Int == 0)

            let damage = try await workspace.shell(
                #"""
                cd "$1" && ls */*-a | head -n 3 | xargs truncate -s 100 &&
                find . -name '*-d' -size +100k | sort | head -n 1 |
                    xargs -I{} dd if=/dev/zero of={} bs=1 seek=5000 count=9 conv=notrunc &&
                find . -name '*-d' -size +100k | sort | tail -n 1 | xargs rm &&
                cd "$2" && chmod -R u+w example.com/legacy* && cd example.com/legacy* &&
                echo '// more' >> legacy.go && touch stray
                """#,
                [build, modules]
            )
            #expect(damage.status == 0, "\(damage)")
            #expect(try await !workspace.faults(build, modules).isEmpty)
            _ = try await workspace.cachectl.succeed(restoring)
            #expect(try await workspace.faults(build, modules).isEmpty)
            #expect(try await Set(workspace.snapshot(top)).symmetricDifference(expected).isEmpty)
        }
    }
}
