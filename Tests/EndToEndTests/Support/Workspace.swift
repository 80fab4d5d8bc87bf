import Foundation

/// The programs, packs and union that all end-to-end tests share.
///
/// Go builds each program in caches of its own, which start empty and always have the same path. The caches
/// of each program are packed, and the packs are united. Making the workspace proves nothing yet, but every
/// test fails if it can't be made.
struct Workspace: Sendable {
    /// The only workspace, which is made for the first test that asks for it.
    static let shared = Task { try await Workspace.make() }

    /// The names of the programs, each of which stands for a job with its own caches.
    static let programs = ["alpha", "beta", "gamma"]

    let root: String

    /// The Go command itself, not a launcher.
    let go: String

    /// The build cache that Go used in every job.
    var buildCache: String { "\(root)/go/build" }

    /// The module cache that Go used in every job; its path is in the keys of the build cache.
    var moduleCache: String { "\(root)/go/mod" }

    /// The number of times that the compiler ran while a program was built from nothing, by program.
    private(set) var compiles: [String: Int] = [:]

    /// The output of each program.
    private(set) var prints: [String: String] = [:]

    /// Returns the path of the pack of a program's caches.
    func pack(_ program: String) -> String { "\(root)/\(program).castore" }

    /// The path of the union of the packs.
    var union: String { "\(root)/all.castore" }

    /// Returns the path of a program's build cache as Go left it.
    func rawBuildCache(_ program: String) -> String { "\(root)/raw/\(program)/build" }

    /// Returns the path of a program's module cache as Go left it.
    func rawModuleCache(_ program: String) -> String { "\(root)/raw/\(program)/mod" }

    // MARK: - Making the workspace

    private static func make() async throws -> Workspace {
        let root = try Scratch.shared.directory("workspace")
        let goroot =
            try await Program(path: Tools.go(), environment: baseEnvironment(root), directory: root)
            .succeed(["env", "GOROOT"]).lines.first ?? ""
        var workspace = Workspace(root: root, go: "\(goroot)/bin/go")
        for directory in ["go", "raw", "home"] {
            try FileManager.default.createDirectory(
                atPath: "\(root)/\(directory)",
                withIntermediateDirectories: true
            )
        }
        _ = try await workspace.python("make_workspace.py", [root])
        for program in programs { try await workspace.fillCaches(program) }
        _ = try await workspace.cachectl.succeed(
            ["union"] + programs.map(workspace.pack) + ["-o", workspace.union]
        )
        _ = try await workspace.cachectl.succeed(
            workspace.restoring(to: workspace.buildCache, workspace.moduleCache)
        )
        return workspace
    }

    /// Builds a program from empty caches, packs the caches that the build filled, and moves the caches
    /// aside.
    private mutating func fillCaches(_ program: String) async throws {
        let go = goCommand(in: program)
        let build = try await build(program)
        compiles[program] = build.compiles
        prints[program] = build.prints
        _ = try await go.succeed(["vet", "./..."])
        // Running the program caches its executable as well.
        if program == "gamma" { _ = try await go.succeed(["run", "."]) }
        _ = try await cachectl.succeed(packing(program, from: buildCache, moduleCache, to: pack(program)))
        try FileManager.default.createDirectory(
            atPath: "\(root)/raw/\(program)",
            withIntermediateDirectories: false
        )
        try FileManager.default.moveItem(atPath: buildCache, toPath: rawBuildCache(program))
        try FileManager.default.moveItem(atPath: moduleCache, toPath: rawModuleCache(program))
    }

    // MARK: - Commands

    /// Returns the arguments that pack two caches and ask the real Go command, or another one.
    func packing(
        _ label: String,
        from build: String,
        _ modules: String,
        to archive: String,
        go other: String? = nil
    ) -> [String] {
        ["pack", "--label", label, "-o", archive, "--gocache", build, "--gomodcache", modules]
            + ["--go", other ?? go]
    }

    /// Returns the arguments that restore the union, or another archive.
    func restoring(_ archive: String? = nil, to build: String, _ modules: String) -> [String] {
        ["restore", archive ?? union, "--gocache", build, "--gomodcache", modules]
    }

    /// The program `cachectl` in an environment without settings about the caches.
    var cachectl: Program {
        get throws {
            try Program(path: Tools.cachectl(), environment: Self.baseEnvironment(root), directory: root)
        }
    }

    /// Returns the Go command in a program's directory, without the user's settings and without network
    /// access.
    func goCommand(in program: String, proxy: String? = nil) -> Program {
        var environment = Self.baseEnvironment(root)
        environment["GOPROXY"] = proxy ?? "file://\(root)/proxy"
        environment["GOCACHE"] = buildCache
        environment["GOMODCACHE"] = moduleCache
        return Program(path: go, environment: environment, directory: "\(root)/programs/\(program)")
    }

    /// Writes a Go command that runs a line of the shell, in which `$GO` is the real Go command.
    func goScript(_ line: String) throws -> String {
        let path = try Scratch.shared.place("go")
        try "#!/bin/sh\nGO='\(go)'\n\(line)\n".write(toFile: path, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    /// Runs a script from `Fixtures`.
    func python(_ script: String, _ arguments: [String]) async throws -> [String] {
        try await Program(path: Tools.python(), environment: Self.baseEnvironment(root), directory: root)
            .succeed([Tools.fixture(script)] + arguments).lines
    }

    /// Runs the independent reader of archives.
    func oracle(_ arguments: [String]) async throws -> Program.Outcome {
        let path = "\(Tools.repository)/Tests/Oracle/castore.py"
        return try await Program(
            path: Tools.python(),
            environment: Self.baseEnvironment(root),
            directory: root
        )
        .run([path] + arguments)
    }

    /// Runs a line of the shell, in which `$CACHECTL` is `cachectl`, and `$1`, `$2` … are the arguments.
    func shell(_ line: String, _ arguments: [String] = []) async throws -> Program.Outcome {
        var environment = Self.baseEnvironment(root)
        environment["CACHECTL"] = try Tools.cachectl()
        return try await Program(path: "/bin/sh", environment: environment, directory: root)
            .run(["-c", line, "sh"] + arguments)
    }

    private static func baseEnvironment(_ root: String) -> [String: String] {
        [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
            "HOME": "\(root)/home", "GOPATH": "\(root)/gopath", "GOENV": "off", "GOFLAGS": "",
            "GOTOOLCHAIN": "local",
            "GOSUMDB": "off", "GOTELEMETRY": "off", "CGO_ENABLED": "0", "PYTHONDONTWRITEBYTECODE": "1",
        ]
    }
}

extension Workspace {
    /// Builds a program into a new file and runs it.
    ///
    /// - Parameters:
    ///   - program: The name of the program.
    ///   - proxy: The value of GOPROXY, or `nil` for the proxy of the workspace.
    ///   - settings: Variables of the environment that differ from the usual ones.
    /// - Returns: The number of times that the compiler ran, and the output of the program.
    /// - Throws: ``Program/Failure`` if the program can't be built or does not run.
    func build(
        _ program: String,
        proxy: String? = nil,
        settings: [String: String] = [:]
    ) async throws -> (compiles: Int, prints: String) {
        let executable = try Scratch.shared.place(program)
        var go = goCommand(in: program, proxy: proxy)
        go.environment.merge(settings) { $1 }
        // If a repository lay above TMPDIR, Go would stamp it into main, and so compile main again.
        let outcome = try await go.succeed(["build", "-x", "-buildvcs=false", "-o", executable, "."])
        let compiles = outcome.errors.split(separator: "\n").filter { $0.contains("/compile -o ") }.count
        let prints = try await Program(path: executable, environment: [:], directory: root).succeed([]).output
        try FileManager.default.removeItem(atPath: executable)
        return (compiles, prints)
    }

    /// Returns the mode, content and name of everything below a directory, except for the files that Go and a
    /// restore keep changing.
    func snapshot(_ directory: String) async throws -> [String] {
        try await python("audit.py", ["snapshot", directory])
    }

    /// Returns a line for each file or directory in two caches that has a final name and is not whole.
    func faults(_ build: String, _ modules: String) async throws -> [String] {
        try await python("audit.py", ["whole", build, modules])
    }

    /// Returns the temporary files below directories.
    func leftovers(_ directories: String...) async throws -> [String] {
        try await python("audit.py", ["leftovers"] + directories)
    }
}
