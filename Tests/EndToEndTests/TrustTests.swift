import Testing

extension EndToEnd {
    /// Tests of modules of which something wrong is there before a command adds the `.ziphash`.
    ///
    /// Go trusts a tree or a zip that stands beside a `.ziphash`, and only there.
    @Suite("Beside the `.ziphash` that a command adds, Go")
    struct Trust {
        /// Packs a module as tree, as zip, as `.ziphash` alone, and as a tree that is damaged.
        ///
        /// `wrong CACHE` makes a cache with a wrong tree and a wrong zip. `told CACHE` runs the program with
        /// a cache and no network, and says whether the wrong module, the right one or none was used.
        private static let modules = #"""
            module one; program app one
            sed -i 's/main() {}/main() { println("built") }/' app/main.go
            (cd app; "$GO" build -o /dev/null .)
            download=cache/download/example.com/one/@v/v1.0.0 tree=example.com/one@v1.0.0
            pack() { "$CACHECTL" pack --label job -o $1.castore --no-gocache --no-go -q 2>/dev/null; }
            chmod -R u+w job/mod; cp -a job/mod right
            pack tree; cp tree.castore bad.castore
            printf '\377\377' | dd of=bad.castore bs=1 seek=20 conv=notrunc status=none
            rm -r job/mod/$tree; pack zip; rm job/mod/$download.zip; pack hash
            wrong() {
                chmod -R u+w $1 2>/dev/null && rm -r $1; mkdir -p $1; cp -a right/. $1
                rm $1/$download.ziphash
                echo 'package one; func init() { println("wrong") }' >$1/$tree/a.go
                python3 -c 'import sys, zipfile
            with zipfile.ZipFile(sys.argv[1], "w") as zip:
                for name in "a.go", "go.mod":
                    zip.write(f"{sys.argv[2]}/{name}", f"example.com/one@v1.0.0/{name}")' \
                    $1/$download.zip $1/$tree
            }
            told() {
                (cd app; GOPROXY=off GOMODCACHE=$1 "$GO" run . 2>&1 || echo nothing) \
                    | grep -xE 'built|wrong|nothing' | head -n 1
            }
            """#

        private func run(_ script: String) async throws -> Program.Outcome {
            let workspace = try await Workspace.shared.value
            let place = try Scratch.shared.directory("trust")
            return try await workspace.shell(
                #"exec bash -c "$1" bash "$2" "$3""#,
                [
                    [Image.job, Image.base, Self.modules, script].joined(separator: "\n"), place,
                    workspace.go,
                ]
            )
        }

        @Test("builds with the right module or none after a restore, whatever stood there before")
        func restored() async throws {
            let outcome = try await run(
                #"""
                wrong t; told $1/t; cp right/$download.ziphash t/$download.ziphash; told $1/t
                rm -rf t/$tree; told $1/t
                for each in tree.image tree.readonly zip.image zip.readonly hash.ci hash.readonly \
                        bad.image bad.ci; do
                    wrong t
                    "$CACHECTL" restore ${each%.*}.castore --no-gocache --gomodcache $1/t --no-go -q \
                        --skip-damaged --profile ${each#*.} 2>/dev/null || echo "status $?"
                    echo $each $(told $1/t)
                    chmod -R u+w t; rm -rf t/$tree; echo $each $(told $1/t)
                done
                """#
            )
            #expect(outcome.status == 0, "\(outcome)")
            // Go itself passes over the wrong ones, until a `.ziphash` comes: tree, and then zip.
            let before = ["nothing", "wrong", "wrong"]
            let after = [
                "tree.image built", "tree.image nothing", "tree.readonly built", "tree.readonly nothing",
                "zip.image built", "zip.image built", "zip.readonly built", "zip.readonly built",
                "hash.ci nothing", "hash.ci nothing", "hash.readonly nothing", "hash.readonly nothing",
                "status 3", "bad.image nothing", "bad.image nothing",
                "status 3", "bad.ci nothing", "bad.ci nothing",
            ]
            #expect(outcome.lines == before + after, "\(outcome)")
        }

        @Test("builds with the right module or none after a repair that left the module out")
        func repaired() async throws {
            let outcome = try await run(
                #"""
                "$CACHECTL" repair bad.castore -o rest.castore -q 2>/dev/null || echo "status $?"
                wrong t
                "$CACHECTL" restore rest.castore --no-gocache --gomodcache $1/t --no-go -q 2>/dev/null
                ls t/$download.ziphash; told $1/t; chmod -R u+w t; rm -rf t/$tree; told $1/t
                """#
            )
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.lines.first == "status 3" && outcome.lines.count == 4, "\(outcome)")
            #expect(outcome.lines.suffix(2) == ["nothing", "nothing"], "\(outcome)")
        }

        @Test("builds with the right module or none in an image above a base, and keeps what it trusted")
        func layered() async throws {
            let outcome = try await run(
                #"""
                above() {
                    rm -rf base image unpacked; base start
                    "$CACHECTL" layers $1.castore -o image --arch amd64 --base oci:base --no-gocache \
                        --profile $2 --compression gzip -q 2>/dev/null
                    unpack unpacked; echo $1 $(told $PWD/unpacked/var/cache/go-mod)
                    chmod -R u+w unpacked; rm -rf unpacked/var/cache/go-mod/$tree
                    echo $1 $(told $PWD/unpacked/var/cache/go-mod)
                }
                mkdir -p start/var/cache; wrong start/var/cache/go-mod
                for archive in tree zip hash; do above $archive image; above $archive readonly; done
                rm -r start/var/cache/go-mod; cp -a right start/var/cache/go-mod
                above tree image; above hash image; above hash readonly
                """#
            )
            #expect(outcome.status == 0, "\(outcome)")
            let wrong =
                ["tree built", "tree nothing", "tree built", "tree nothing"]
                + Array(repeating: "zip built", count: 4) + Array(repeating: "hash nothing", count: 4)
            let right = ["tree built", "tree built"] + Array(repeating: "hash built", count: 4)
            #expect(outcome.lines == wrong + right, "\(outcome)")
        }
    }
}
