import Foundation
import Testing

extension EndToEnd {
    @Suite("In an image that layers made, Go")
    struct Image {
        /// The beginning of each script: a proxy, a program, and a job that fills caches and packs them.
        ///
        /// The directory is the first argument, and Go the second. Files and directories are for all users,
        /// whatever the umask.
        private static let job = #"""
            set -eu; umask 022; cd "$1"; GO=$2
            # module NAME FILE…: adds example.com/NAME v1.0.0 to the proxy
            module() {
                python3 - "$@" <<'END'
            import os, sys, zipfile
            name, files = sys.argv[1], sys.argv[2:]
            at = f'proxy/example.com/{name}/@v'; os.makedirs(at)
            mod = f'module example.com/{name}\n'
            open(f'{at}/v1.0.0.mod', 'w').write(mod); open(f'{at}/list', 'w').write('v1.0.0\n')
            open(f'{at}/v1.0.0.info', 'w').write('{"Version":"v1.0.0"}')
            with zipfile.ZipFile(f'{at}/v1.0.0.zip', 'w') as zip:
                for path, text in [('go.mod', mod), ('a.go', f'package {name}\n')] + [(f, f) for f in files]:
                    zip.writestr(f'example.com/{name}@v1.0.0/{path}', text)
            END
            }
            # program NAME MODULE…: writes a program that imports modules
            program() {
                mkdir "$1"; name=$1; shift
                printf 'module app\ngo 1.21\n' >$name/go.mod; echo 'package main' >$name/main.go
                for module; do
                    echo "require example.com/$module v1.0.0" >>$name/go.mod
                    echo "import _ \"example.com/$module\"" >>$name/main.go
                done
                echo 'func main() {}' >>$name/main.go
            }
            # image ARCHIVE OPTION…: writes the image of an archive, and unpacks its layers to root
            image() {
                "$CACHECTL" layers "$1" -o image --arch amd64 --compression gzip -q "${@:2}" 2>warnings
                python3 - <<'END'
            import json, subprocess
            read = lambda digest: f'image/blobs/sha256/{digest[7:]}'
            index = json.load(open('image/index.json'))
            tar = ['tar', '-xzp', '--warning=no-timestamp', '-C', 'root', '-f']
            for layer in json.load(open(read(index['manifests'][0]['digest'])))['layers']:
                subprocess.run(tar + [read(layer['digest'])], check=True)
            END
            }
            # other COMMAND…: runs a command as a user who is not root
            other() { setpriv --reuid 1000 --regid 1000 --clear-groups env HOME=/nonexistent "$@"; }
            chmod a+rx .. .; mkdir root
            export GOFLAGS=-mod=mod GOPROXY=file://$1/proxy GOMODCACHE=$1/job/mod GOCACHE=$1/job/build
            """#

        private func run(_ script: String) async throws -> Program.Outcome {
            let workspace = try await Workspace.shared.value
            let place = try Scratch.shared.directory("image")
            return try await workspace.shell(
                #"exec bash -c "$1" bash "$2" "$3""#,
                [Self.job + "\n" + script, place, workspace.go]
            )
        }

        @Test("builds and verifies a module with names that images remove, from the module's zip")
        func whiteouts() async throws {
            let outcome = try await run(
                #"""
                module wrong testdata/.wh.layer testdata/layer .wh.dir/x; module right a.wh.b
                program app wrong right
                (cd app; "$GO" build -o /dev/null .)
                "$CACHECTL" pack --label job -o job.castore --no-go -q 2>told
                image job.castore
                grep -c '`example.com/wrong@v1.0.0`' told
                find root -name '.wh.*'
                export GOPROXY=off GOMODCACHE=$1/root/var/cache/go-mod GOCACHE=$1/root/var/cache/go-build
                chmod -R a+rwX app; cd app
                other "$GO" mod verify; other "$GO" build -o /dev/null .;
                other "$GO" mod verify; ls -A $GOMODCACHE/example.com/wrong@v1.0.0/testdata
                """#
            )
            #expect(outcome.status == 0, "\(outcome)")
            let verified = "all modules verified"
            #expect(outcome.lines == ["1", verified, verified, ".wh.layer", "layer"], "\(outcome)")
        }

        @Test("adds modules, versions and checksums as a user who owns none of the files")
        func otherUsers() async throws {
            let outcome = try await run(
                #"""
                module one; module two; program app one; program other one two
                (cd app; "$GO" build -o /dev/null .)
                "$CACHECTL" pack --label job -o job.castore --no-go -q 2>/dev/null
                image job.castore
                export GOMODCACHE=$1/root/var/cache/go-mod GOCACHE=$1/root/var/cache/go-build
                chmod -R a+rwX other; cd proxy/example.com/one/@v
                for kind in mod info; do sed s/v1.0.0/v1.1.0/ v1.0.0.$kind >v1.1.0.$kind; done
                python3 -c 'import zipfile
                old, new = zipfile.ZipFile("v1.0.0.zip"), zipfile.ZipFile("v1.1.0.zip", "w")
                for n in old.namelist(): new.writestr(n.replace("v1.0.0", "v1.1.0"), old.read(n))'
                echo v1.1.0 >>list; cd "$1/other"
                other "$GO" build -o /dev/null .
                other "$GO" get example.com/one@v1.1.0 2>/dev/null; other "$GO" build -o /dev/null .
                other "$GO" mod download; other "$GO" mod verify; other "$GO" mod tidy
                """#
            )
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.lines == ["all modules verified"], "\(outcome)")
        }
    }
}
