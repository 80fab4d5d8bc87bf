import Foundation
import Testing

extension EndToEnd {
    @Suite("A job in one directory of a repository")
    struct Repositories {
        /// The place of the `go.sum` that builds in the directory `top/svc` use.
        enum Shape: CaseIterable {
            /// `top/go.sum`: the repository is one module.
            case module
            /// `shared/go.sum`: the module is part of a workspace, and lies outside of the repository.
            case workspace
            /// `top/ci.sum`: GOFLAGS has `-modfile`.
            case modFile
        }

        /// A repository, and the caches of a job in it.
        struct Repository {
            let workspace: Workspace
            let shape: Shape
            let root: String
            let (build, modules): (String, String)

            init(_ shape: Shape, at name: String = "repository") async throws {
                workspace = try await Workspace.shared.value
                self.shape = shape
                root = try Scratch.shared.directory(name)
                (build, modules) = ("\(root)/build", "\(root)/mod")
                // The standard library is compiled already, so that only the job's own packages are.
                try FileManager.default.copyItem(atPath: workspace.rawBuildCache("gamma"), toPath: build)
            }

            /// The directory in which the job builds.
            var directory: String { "\(root)/top/svc" }

            private var settings: [String: String] {
                ["GOCACHE": build, "GOMODCACHE": modules, "PWD": directory]
                    .merging(shape == .modFile ? ["GOFLAGS": "-modfile=../ci.mod"] : [:]) { $1 }
            }

            func write(_ text: String, to path: String) throws {
                let file = URL(fileURLWithPath: "\(root)/\(path)")
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try text.write(to: file, atomically: false, encoding: .utf8)
            }

            /// Writes the repository with a version of a library, and lets Go make its sums.
            func require(_ version: String) async throws {
                let kit = "example.com/UpperCase/Kit"
                let module = "go 1.21\n\nrequire example.com/lib \(version)\n\nrequire \(kit) v0.9.0-rc.1\n"
                let library = "import \"example.com/lib\"\n\nfunc Name() string { return lib.Shout(\"x\") }\n"
                let other = "package other\n\nimport _ \"\(kit)\"\n"
                var program = "package main\n\n\(library)\nfunc main() { println(Name()) }\n"
                var (place, line) = ("top", ["mod", "tidy"])
                switch shape {
                case .module:
                    try write("module example.com/app\n\n\(module)", to: "top/go.mod")
                case .workspace:
                    try write("go 1.21\n\nuse ./svc\n\nuse ../shared\n", to: "top/go.work")
                    try write("module example.com/svc\n\ngo 1.21\n", to: "top/svc/go.mod")
                    try write("module example.com/shared\n\n\(module)", to: "shared/go.mod")
                    try write("package shared\n\n\(library)", to: "shared/shared.go")
                    program = "package main\n\nimport \"example.com/shared\"\n\n"
                    program += "func main() { println(shared.Name()) }\n"
                    place = "shared"
                case .modFile:
                    try write("module example.com/app\n\ngo 1.21\n", to: "top/go.mod")
                    try write("module example.com/app\n\n\(module)", to: "top/ci.mod")
                    line.append("-modfile=ci.mod")
                }
                try write(program, to: "top/svc/main.go")
                try write(other, to: "\(place)/other/other.go")
                var go = go(proxy: nil)
                go.directory = "\(root)/\(place)"
                go.environment.merge(["GOWORK": "off", "GOFLAGS": "", "PWD": go.directory]) { $1 }
                // The job has only what its own commands download.
                for name in ["GOCACHE", "GOMODCACHE"] { go.environment[name] = "\(root)/tidy/\(name)" }
                _ = try await go.succeed(line)
            }

            func go(proxy: String?) -> Program {
                var go = workspace.goCommand(in: "tiny", proxy: proxy)
                go.directory = directory
                go.environment.merge(settings) { $1 }
                return go
            }

            /// Builds the program, looks at the graph of modules, and returns the number of compilations.
            func job(proxy: String? = nil) async throws -> Int {
                let executable = try Scratch.shared.place("program")
                let line = ["build", "-x", "-buildvcs=false", "-o", executable, "."]
                let outcome = try await go(proxy: proxy).succeed(line)
                _ = try await go(proxy: proxy).succeed(["mod", "graph"])
                return outcome.errors.split(separator: "\n").filter { $0.contains("/compile -o ") }.count
            }

            /// cachectl in the directory of the job, or elsewhere.
            func cachectl(in place: String? = nil) throws -> Program {
                var program = try workspace.cachectl
                program.directory = place ?? directory
                program.environment.merge(settings) { $1 }
                program.environment["PWD"] = program.directory
                return program
            }

            func key(_ arguments: [String] = [], in place: String? = nil) async throws -> [String] {
                let outcome = try await cachectl(in: place).succeed(
                    ["key", "--go", workspace.go] + arguments
                )
                #expect(outcome.errors.isEmpty, "\(outcome)")
                return outcome.lines
            }

            /// Packs what the job used, and restores it into caches that are empty otherwise.
            func passOn(_ options: [String] = [], in place: String? = nil) async throws -> String {
                let archive = try Scratch.shared.place("passed.castore")
                var line = ["pack", "--label", "x", "-o", archive, "--used"] + options
                if !options.contains("--no-go") { line += ["--go", workspace.go] }
                let packed = try await cachectl(in: place).succeed(line)
                for path in [build, modules] {
                    try FileManager.default.moveItem(atPath: path, toPath: Scratch.shared.place("old"))
                }
                _ = try await cachectl().succeed(
                    ["restore", archive, "--profile", "ci", "--go", workspace.go]
                )
                return packed.errors
            }
        }

        @Test(
            "has a key that changes with the modules that it uses, and passes on all that its builds need",
            arguments: Shape.allCases
        )
        func modules(of shape: Shape) async throws {
            let repository = try await Repository(shape)
            try await repository.require("v1.0.0")
            #expect(try await repository.job() > 0)
            let key = try await repository.key()
            #expect(try await repository.key(["top/svc"], in: repository.root) == key)
            // A job that begins with empty caches, and one that restores those of another.
            #expect(try await repository.passOn() == "")
            #expect(try await repository.job(proxy: "off") == 0)
            let elsewhere = ["--checkout", repository.directory]
            #expect(try await repository.passOn(elsewhere, in: repository.root) == "")
            #expect(try await repository.job(proxy: "off") == 0)
            #expect(try await repository.key() == key)

            try await repository.require("v1.1.0")
            let newer = try await repository.key()
            #expect(newer != key)
            let fallbacks = try await repository.key(["--fallbacks"])
            #expect(key[0].hasPrefix(fallbacks[0]) && newer[0].hasPrefix(fallbacks[0]))
        }

        @Test("has modules above it even where Go is not asked")
        func withoutGo() async throws {
            let repository = try await Repository(.module)
            try await repository.require("v1.0.0")
            _ = try await repository.job()
            let errors = try await repository.passOn(["--no-go"])
            #expect(!errors.contains("go.sum"), "\(errors)")
            #expect(try await repository.job(proxy: "off") == 0)
        }

        @Test("has no use for the go.sum of a directory that a replace names: Go does not read it")
        func replaced() async throws {
            let repository = try await Repository(.module)
            try await repository.require("v1.0.0")
            let module = try String(contentsOfFile: "\(repository.root)/top/go.mod", encoding: .utf8)
            try repository.write(
                module + "\nrequire example.com/local v0.0.0\n\nreplace example.com/local => ../local\n",
                to: "top/go.mod"
            )
            try repository.write("module example.com/local\n\ngo 1.21\n", to: "local/go.mod")
            try repository.write("package local\n", to: "local/local.go")
            try repository.write(
                "package main\n\nimport (\n\t\"example.com/lib\"\n\t_ \"example.com/local\"\n)\n\n"
                    + "func main() { println(lib.Shout(\"x\")) }\n",
                to: "top/svc/main.go"
            )
            _ = try await repository.job()
            let key = try await repository.key()
            // Go refuses a go.sum with such a line if it reads it.
            try repository.write("no sum\n", to: "local/go.sum")
            #expect(try await repository.job() == 0)
            #expect(try await repository.key() == key)
            try repository.write("no sum\n", to: "top/go.sum")
            let refused = try await repository.go(proxy: nil).run(["build", "-o", "/dev/null", "."])
            #expect(refused.status != 0 && refused.errors.contains("malformed go.sum"), "\(refused)")
            #expect(try await repository.key() != key)
        }

        @Test("is packed, and has a key with a warning, where Go can't read the go.work")
        func broken() async throws {
            let repository = try await Repository(.workspace)
            try await repository.require("v1.0.0")
            _ = try await repository.job()
            try repository.write("go 1.21\n\nuse nowhere at all\n", to: "top/go.work")
            let key = try await repository.cachectl().succeed(["key", "--go", repository.workspace.go])
            #expect(key.errors.contains("warning: "), "\(key)")
            #expect(key.errors.contains("go.work:3"), "\(key)")
            let errors = try await repository.passOn()
            #expect(errors.contains("warning: "), "\(errors)")
            #expect(errors.contains("go.work:3"), "\(errors)")
        }

        @Test("has one key for one repository in two places with -trimpath, and another with other sums")
        func places() async throws {
            var keys: [[String]] = []
            for name in ["here", "there"] {
                let repository = try await Repository(.module, at: name)
                try await repository.require("v1.0.0")
                var program = try repository.cachectl()
                program.environment["GOFLAGS"] = "-trimpath"
                keys.append(try await program.succeed(["key", "--go", repository.workspace.go]).lines)
            }
            #expect(keys[0] == keys[1])
        }

        @Test("that is reached through a symbolic link has the key of the entries that its builds make")
        func links() async throws {
            let repository = try await Repository(.module)
            try await repository.require("v1.0.0")
            let link = "\(repository.root)/link"
            try FileManager.default.createSymbolicLink(
                atPath: link,
                withDestinationPath: "top"
            )
            func compiles(_ directory: String) async throws -> Int {
                var go = repository.go(proxy: nil)
                (go.directory, go.environment["PWD"]) = (directory, directory)
                let line = ["build", "-x", "-buildvcs=false", "-o", try Scratch.shared.place("x"), "."]
                let outcome = try await go.succeed(line)
                return outcome.errors.split(separator: "\n").filter { $0.contains("/compile -o ") }.count
            }
            // Go's entries hold the path in PWD.
            #expect(try await compiles("\(link)/svc") > 0)
            #expect(try await compiles("\(link)/svc") == 0)
            #expect(try await compiles(repository.directory) > 0)
            let key = try await repository.key(in: "\(link)/svc")
            #expect(try await repository.key(["link/svc"], in: repository.root) == key)
            #expect(try await repository.key(["svc"], in: link) == key)
            #expect(try await repository.key() != key)
            // A PWD that leads elsewhere is not that of the directory.
            var program = try repository.cachectl()
            program.environment["PWD"] = repository.root
            let line = ["key", "--go", repository.workspace.go]
            #expect(try await program.succeed(line).lines == (try await repository.key()))
        }
    }
}
