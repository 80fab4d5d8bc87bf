import FoundationEssentials
public import SystemPackage

/// The `go` command of this machine, asked for its settings.
public struct GoCommand: Sendable {
    /// Its path, or a name to be looked up in `PATH`.
    public let path: String

    /// The directory that it works in (`go -C`), where it may choose another toolchain; `nil` for the current one.
    public var directory: FilePath?

    /// Variables that it is given instead of this process's own.
    var overrides: [String: String] = [:]

    /// Names the command.
    public init(path: String = "go", directory: FilePath? = nil) {
        self.path = path
        self.directory = directory
    }

    /// Asks `go env` for variables.
    ///
    /// - Parameter names: Their names.
    /// - Returns: Their values; an unknown one is empty.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/goCommand`` if it can't be run or
    ///   fails, or `CancellationError`.
    public func variables(_ names: [String]) async throws -> [String: String] {
        let result = try await run(["env", "-json"] + names)
        guard result.status == 0 else {
            throw CacheStoreError(
                .goCommand,
                "`\(path) env` failed with status \(result.status): \(Self.words(of: result))"
            )
        }
        do {
            return try JSONDecoder().decode([String: String].self, from: Data(result.output))
        } catch {
            throw CacheStoreError(.goCommand, "`\(path) env -json` printed something else than JSON")
        }
    }

    /// Asks for all that is recorded of a job: ``GoEnvironment/recordedNames``, the C compiler's version and the
    /// distribution.
    ///
    /// - Returns: The environment.
    /// - Throws: As ``variables(_:)`` does. A C compiler that can't be run is recorded as none.
    public func environment() async throws -> GoEnvironment {
        var go = self
        // To answer for CGO_CFLAGS, Go tries the C compiler and puts what it learns into GOCACHE.
        let scratch = try? ScratchDirectory(
            in: FilePath(FileManager.default.temporaryDirectory.path),
            name: "cachectl"
        )
        defer { scratch?.remove() }
        if let scratch { go.keep(in: scratch) }
        var environment = GoEnvironment(variables: try await go.variables(GoEnvironment.recordedNames))
        let compiler = environment["CC"].split(separator: " ").map(String.init)
        if environment["CGO_ENABLED"] != "0", let program = compiler.first,
            let result = try? await Subprocess.run(program, compiler.dropFirst() + ["--version"]),
            result.status == 0
        {
            let line = String(decoding: result.output, as: UTF8.self).split(separator: "\n").first
            environment.variables["CC_VERSION"] = line.map(String.init)
        }
        if environment["CGO_ENABLED"] != "0" {
            environment.variables[GoEnvironment.distribution] = OSRelease.prettyName()
        }
        return environment
    }

    /// Has the command put all that it writes of itself into a directory: its build cache, `go-build`, and what it
    /// would leave in the temporary directory if it were interrupted.
    mutating func keep(in scratch: ScratchDirectory) {
        overrides["GOCACHE"] = scratch.path.appending("go-build").string
        overrides["GOCACHEPROG"] = ""
        for name in ["TMPDIR", "GOTMPDIR"] { overrides[name] = scratch.path.string }
    }

    /// Runs the command.
    ///
    /// - Parameter arguments: The name of its command, and what follows.
    /// - Returns: What it printed, and how it ended.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/goCommand`` if it can't be run, or
    ///   `CancellationError`.
    func run(_ arguments: [String]) async throws -> Subprocess.Result {
        var (arguments, overrides) = (arguments, overrides)
        if let directory, !arguments.isEmpty {
            arguments.insert(contentsOf: ["-C", directory.string], at: 1)
            // Go then takes the directory's name from there, as after `cd`, and not with links resolved.
            overrides["PWD"] = directory.string
        }
        do {
            return try await Subprocess.run(path, arguments, overrides: overrides)
        } catch let cause as Errno {
            throw CacheStoreError(
                .goCommand,
                "cannot run `\(path)`",
                path: directory,
                remedy: .installGo,
                cause: cause
            )
        }
    }

    /// The first lines of what a failed command complained of.
    static func words(of result: Subprocess.Result) -> String {
        let lines = String(decoding: result.errors, as: UTF8.self).split(separator: "\n")
        return lines.prefix(3).joined(separator: "; ")
    }
}
