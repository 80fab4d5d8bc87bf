import FoundationEssentials
public import SystemPackage

/// The `go` command of this machine, which can be asked for its settings.
public struct GoCommand: Sendable {
    /// The command's path, or a name that is looked up in `PATH`.
    public let path: String

    /// The directory in which the command works (`go -C`); `nil` for the current one.
    ///
    /// The command may choose another toolchain there.
    public var directory: FilePath?

    /// The variables that the command gets instead of this process's own.
    var overrides: [String: String] = [:]

    /// Creates a command with a path or name.
    public init(path: String = "go", directory: FilePath? = nil) {
        self.path = path
        self.directory = directory
    }

    /// Asks `go env` for variables.
    ///
    /// - Parameter names: The names of the variables.
    /// - Returns: The values of the variables; the value of an unknown variable is empty.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/goCommand`` if the command can't be run
    ///   or fails, or `CancellationError`.
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
            throw CacheStoreError(.goCommand, "`\(path) env -json` printed something other than JSON")
        }
    }

    /// Asks for everything that is recorded of a job.
    ///
    /// This is ``GoEnvironment/recordedNames``, the C compiler's version and the distribution.
    ///
    /// - Returns: The environment.
    /// - Throws: The errors of ``variables(_:)``. The version of a C compiler that can't be run is not
    ///   recorded.
    public func environment() async throws -> GoEnvironment {
        var go = self
        // To determine CGO_CFLAGS, Go tries the C compiler and puts the results into GOCACHE.
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

    /// Makes the command write its own files into a directory.
    ///
    /// The files are its build cache, `go-build`, and those that it would leave in the temporary directory if
    /// it were interrupted.
    mutating func keep(in scratch: ScratchDirectory) {
        overrides["GOCACHE"] = scratch.path.appending("go-build").string
        overrides["GOCACHEPROG"] = ""
        for name in ["TMPDIR", "GOTMPDIR"] { overrides[name] = scratch.path.string }
    }

    /// Runs the command.
    ///
    /// - Parameter arguments: The name of the subcommand, then its arguments.
    /// - Returns: The output of the command, and its exit status.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/goCommand`` if the command can't be
    ///   run, or `CancellationError`.
    func run(_ arguments: [String]) async throws -> Subprocess.Result {
        var (arguments, overrides) = (arguments, overrides)
        if let directory, !arguments.isEmpty {
            arguments.insert(contentsOf: ["-C", directory.string], at: 1)
            // Go then takes the directory's name from `PWD`, as after `cd`, without resolving links.
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

    /// Returns the first lines of the error output of a failed command.
    static func words(of result: Subprocess.Result) -> String {
        let lines = String(decoding: result.errors, as: UTF8.self).split(separator: "\n")
        return lines.prefix(3).joined(separator: "; ")
    }
}
