import Foundation

/// What all end-to-end tests share: programs built by Go, each in caches of its own that were empty, at one path;
/// their packs, and the union of these.
///
/// Building it proves nothing yet, but fails every test if it fails.
struct Workspace: Sendable {
    /// Built once, for the first test that asks.
    static let shared = Task { try await Workspace.make() }

    /// The programs, each of which stands for a job with caches of its own.
    static let programs = ["alpha", "beta", "gamma"]

    let root: String

    /// The Go command itself, not a launcher.
    let go: String

    /// The directories that Go used in every job; GOMODCACHE's path is in the keys of the build cache.
    var buildCache: String { "\(root)/go/build" }
    var moduleCache: String { "\(root)/go/mod" }

    /// How often the compiler ran while the program was built from nothing.
    private(set) var compiles: [String: Int] = [:]

    /// What each program prints.
    private(set) var prints: [String: String] = [:]

    /// The pack of a program's caches.
    func pack(_ program: String) -> String { "\(root)/\(program).castore" }

    /// The union of the packs.
    var union: String { "\(root)/all.castore" }

    /// A program's build cache as Go left it.
    func rawBuildCache(_ program: String) -> String { "\(root)/raw/\(program)/build" }

    /// A program's module cache as Go left it.
    func rawModuleCache(_ program: String) -> String { "\(root)/raw/\(program)/mod" }

    // MARK: - Making it

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

    /// Builds a program from nothing, packs what that left, and puts the caches aside.
    private mutating func fillCaches(_ program: String) async throws {
        let go = goCommand(in: program)
        let build = try await build(program)
        compiles[program] = build.compiles
        prints[program] = build.prints
        _ = try await go.succeed(["vet", "./..."])
        // Caches the executable as well.
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

    /// The arguments that pack two caches, where the real Go command, or another one, is asked.
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

    /// The arguments that restore the union, or another archive.
    func restoring(_ archive: String? = nil, to build: String, _ modules: String) -> [String] {
        ["restore", archive ?? union, "--gocache", build, "--gomodcache", modules]
    }

    /// `cachectl`, in an environment with nothing about Go in it.
    var cachectl: Program {
        get throws {
            try Program(path: Tools.cachectl(), environment: Self.baseEnvironment(root), directory: root)
        }
    }

    /// The Go command in a program's directory: nothing from the user's settings, no network.
    func goCommand(in program: String, proxy: String? = nil) -> Program {
        var environment = Self.baseEnvironment(root)
        environment["GOPROXY"] = proxy ?? "file://\(root)/proxy"
        environment["GOCACHE"] = buildCache
        environment["GOMODCACHE"] = moduleCache
        return Program(path: go, environment: environment, directory: "\(root)/programs/\(program)")
    }

    /// Writes a Go command that is a line of the shell; `$GO` is the real one in it.
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

    /// Runs the independent reader.
    func oracle(_ arguments: [String]) async throws -> Program.Outcome {
        let path = "\(Tools.repository)/Tests/Oracle/castore.py"
        return try await Program(
            path: Tools.python(),
            environment: Self.baseEnvironment(root),
            directory: root
        )
        .run([path] + arguments)
    }

    /// Runs a line of the shell; `cachectl` is `$CACHECTL` in it, and the arguments are `$1`, `$2` ….
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
    /// Builds a program into a fresh file and runs it.
    ///
    /// - Parameters:
    ///   - program: The program.
    ///   - proxy: Where modules may come from.
    ///   - settings: What is set otherwise than usual.
    /// - Returns: How many times the compiler ran, and what the program prints.
    /// - Throws: ``Program/Failure`` if it can't be built or does not run.
    func build(
        _ program: String,
        proxy: String? = nil,
        settings: [String: String] = [:]
    ) async throws -> (compiles: Int, prints: String) {
        let executable = try Scratch.shared.place(program)
        var go = goCommand(in: program, proxy: proxy)
        go.environment.merge(settings) { $1 }
        // Go would stamp a repository into main, and so compile it again, if one lay above TMPDIR.
        let outcome = try await go.succeed(["build", "-x", "-buildvcs=false", "-o", executable, "."])
        let compiles = outcome.errors.split(separator: "\n").filter { $0.contains("/compile -o ") }.count
        let prints = try await Program(path: executable, environment: [:], directory: root).succeed([]).output
        try FileManager.default.removeItem(atPath: executable)
        return (compiles, prints)
    }

    /// Mode, content and name of all below a directory, but for what Go and a restore keep changing.
    func snapshot(_ directory: String) async throws -> [String] {
        try await python("audit.py", ["snapshot", directory])
    }

    /// What stands under a final name in two caches and is not whole.
    func faults(_ build: String, _ modules: String) async throws -> [String] {
        try await python("audit.py", ["whole", build, modules])
    }

    /// The temporary files below directories.
    func leftovers(_ directories: String...) async throws -> [String] {
        try await python("audit.py", ["leftovers"] + directories)
    }
}
