import FoundationEssentials
import SystemPackage

/// The `go` command of this machine, asked for its settings.
public struct GoCommand: Sendable {
    /// Its path, or a name to be looked up in `PATH`.
    public let path: String

    /// Names the command.
    public init(path: String = "go") { self.path = path }

    /// Asks `go env` for variables.
    ///
    /// - Parameter names: Their names.
    /// - Returns: Their values; an unknown one is empty.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/goCommand`` if it can't be run or
    ///   fails, or `CancellationError`.
    public func variables(_ names: [String]) async throws -> [String: String] {
        let result: Subprocess.Result
        do {
            result = try await Subprocess.run(path, ["env", "-json"] + names)
        } catch let cause as Errno {
            throw CacheStoreError(
                .goCommand,
                "cannot run `\(path)`",
                hint: "install Go or put it on PATH, or name what it would be asked for",
                cause: cause
            )
        }
        guard result.status == 0 else {
            let words = String(decoding: result.errors, as: UTF8.self).split(separator: "\n").prefix(3)
            throw CacheStoreError(
                .goCommand,
                "`\(path) env` failed with status \(result.status): \(words.joined(separator: "; "))"
            )
        }
        do {
            return try JSONDecoder().decode([String: String].self, from: Data(result.output))
        } catch {
            throw CacheStoreError(.goCommand, "`\(path) env -json` printed something else than JSON")
        }
    }

    /// Asks for all that is recorded of a job: ``GoEnvironment/recordedNames`` and the C compiler's version.
    ///
    /// - Returns: The environment.
    /// - Throws: As ``variables(_:)`` does. A C compiler that can't be run is recorded as none.
    public func environment() async throws -> GoEnvironment {
        var environment = GoEnvironment(variables: try await variables(GoEnvironment.recordedNames))
        let compiler = environment["CC"].split(separator: " ").map(String.init)
        if environment["CGO_ENABLED"] != "0", let program = compiler.first,
            let result = try? await Subprocess.run(program, compiler.dropFirst() + ["--version"]),
            result.status == 0
        {
            let line = String(decoding: result.output, as: UTF8.self).split(separator: "\n").first
            environment.variables["CC_VERSION"] = line.map(String.init)
        }
        return environment
    }
}
