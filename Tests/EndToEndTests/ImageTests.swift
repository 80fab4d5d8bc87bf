import Foundation
import Testing

extension EndToEnd {
    @Suite("In an image that layers made, Go")
    struct Image {
        /// The beginning of each script: a proxy, a program, and a job that fills caches and packs them.
        ///
        /// The directory is the first argument, and Go the second. Files and directories are for all users,
        /// whatever the umask.
        static let job = #"""
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

        /// Functions that make a base of a directory, and unpack a whole image as an engine does.
        static let base = #"""
            # base DIRECTORY VARIABLE…: writes a layout with an image that has the directory's files
            base() {
                python3 - "$@" <<'END'
            import gzip, hashlib, io, json, os, sys, tarfile
            os.makedirs('base/blobs/sha256'); kind = 'application/vnd.oci.image.%s.v1'
            def blob(data, name):
                digest = hashlib.sha256(data).hexdigest()
                open(f'base/blobs/sha256/{digest}', 'wb').write(data)
                return {'mediaType': kind % name, 'digest': f'sha256:{digest}', 'size': len(data)}
            document = lambda value, name: blob(json.dumps(value).encode(), name)
            tar = io.BytesIO()
            with tarfile.open(fileobj=tar, mode='w') as files:
                for name in sorted(os.listdir(sys.argv[1])): files.add(f'{sys.argv[1]}/{name}', name)
            layer = blob(gzip.compress(tar.getvalue(), 1), 'layer'); layer['mediaType'] += '.tar+gzip'
            config = document({'architecture': 'amd64', 'os': 'linux', 'config': {'Env': sys.argv[2:]},
                'rootfs': {'type': 'layers', 'diff_ids': [
                    'sha256:' + hashlib.sha256(tar.getvalue()).hexdigest()]}}, 'config')
            config['mediaType'] += '+json'
            manifest = document({'schemaVersion': 2, 'config': config, 'layers': [layer]}, 'manifest')
            manifest['mediaType'] += '+json'
            json.dump({'schemaVersion': 2, 'manifests': [manifest]}, open('base/index.json', 'w'))
            json.dump({'imageLayoutVersion': '1.0.0'}, open('base/oci-layout', 'w'))
            END
            }
            # unpack DIRECTORY: unpacks all layers of image, with the removals of each
            unpack() {
                python3 - "$1" <<'END'
            import json, os, shutil, sys, tarfile
            root = sys.argv[1]; os.makedirs(root)
            read = lambda digest: f'image/blobs/sha256/{digest[7:]}'
            def remove(path):
                if os.path.isdir(path) and not os.path.islink(path): shutil.rmtree(path)
                elif os.path.lexists(path): os.remove(path)
            index = json.load(open('image/index.json'))
            for layer in json.load(open(read(index['manifests'][0]['digest'])))['layers']:
                with tarfile.open(read(layer['digest'])) as tar:
                    members = tar.getmembers()
                    for member in members:
                        path, name = os.path.split(f'{root}/{member.name}')
                        if name.startswith('.wh.'): remove(f'{path}/{name[4:]}'); continue
                        there = f'{path}/{name}'
                        isDirectory = os.path.isdir(there) and not os.path.islink(there)
                        if not (member.isdir() and isDirectory): remove(there)
                        if isDirectory and member.isdir(): os.chmod(there, member.mode)
                        else: tar.extract(member, root)
            END
            }
            """#

        @Test("finds above a base what a restore in the base would leave, and builds there with no network")
        func aboveBase() async throws {
            let outcome = try await run(
                Self.base + "\n" + #"""
                    module one sub/a sub/deep/b kind; module two; module three; program app one two three
                    (cd app; "$GO" build -o /dev/null . && "$GO" run .)
                    "$CACHECTL" pack --label job -o job.castore --go "$GO" -q
                    entry=$(cd job/build; ls -d */*-a | head -n 1)
                    program=$(cd job/build; ls -d */*-d/. | head -n 1)
                    # A base with these caches, as a step that was stopped or went wrong has left them.
                    caches=start/var/cache; mkdir -p $caches
                    cp -a job/mod $caches/go-mod; chmod -R u+w $caches
                    cd $caches/go-mod; tree=example.com/one@v1.0.0; versions=cache/download/example.com
                    echo 'package one; import _ "none.org/x"' >$tree/extra.go; ln -s a $tree/sub/link
                    mkdir -p $tree/other/deep; touch $tree/other/deep/file
                    rm $tree/kind; mkdir -p $tree/kind/x
                    echo 'package wrong' >$tree/a.go; touch $versions/two/@v/v1.0.0.partial
                    rm -r example.com/two@v1.0.0; ln -s three@v1.0.0 example.com/two@v1.0.0
                    rm $versions/three/@v/v1.0.0.mod; mkdir -p $versions/three/@v/v1.0.0.mod/x
                    rm $versions/*/@v/*.zip; chmod a-w example.com/three@v1.0.0
                    mkdir -p ../go-build; cd ../go-build
                    mkdir -p $entry/x trim.txt/x "${program%/.}"; touch "${program%/.}/other"
                    mkdir -p 00; chmod 700 . 00 ../go-mod ../go-mod/cache ../go-mod/example.com
                    chmod 600 ../go-mod/cache/lock; cd "$1"
                    base start GOAMD64=v3
                    cp -a start restored
                    "$CACHECTL" restore job.castore --no-go -q --gocache $1/restored/var/cache/go-build \
                        --gomodcache $1/restored/var/cache/go-mod 2>/dev/null
                    list() { (cd $1/var/cache
                        find . \( -type f -path '*@v1*' -printf '%P %y\n' \) -o -printf '%P %y %m\n' | sort
                        find . -type f ! -name trim.txt -print0 | sort -z | xargs -0 sha256sum); }
                    list restored >expected
                    for split in "" --split; do
                        "$CACHECTL" layers job.castore -o image --force --base oci:base $split \
                                --compression gzip >said 2>warnings
                        grep goarch said; grep -o 'GOAMD64: `[^ ]* ([a-z]*), here `v3`' warnings
                        rm -rf unpacked; unpack unpacked
                        list unpacked >found; diff expected found && echo same
                    done
                    chmod -R a+rwX app; chmod a+rx unpacked unpacked/var unpacked/var/cache
                    caches=$1/unpacked/var/cache
                    export GOPROXY=off GOMODCACHE=$caches/go-mod GOCACHE=$caches/go-build
                    cd app; other "$GO" build -o /dev/null .; other "$GO" mod verify
                    """#
            )
            #expect(outcome.status == 0, "\(outcome)")
            let each = ["goarch    amd64", "GOAMD64: `v1` (job), here `v3`", "same"]
            #expect(outcome.lines == each + each + ["all modules verified"], "\(outcome)")
        }
    }
}
