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
    /// Flags in GOFLAGS that are meant for builds do not disturb the answer.
    ///
    /// - Parameter names: The names of the variables.
    /// - Returns: The values of the variables; the value of an unknown variable is empty.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/goCommand`` if the command can't be run
    ///   or fails, or `CancellationError`.
    public func variables(_ names: [String]) async throws -> [String: String] {
        guard names.contains("GOFLAGS") else { return try await answers(names) }
        let places = ["GOENV", "GOROOT"]
        var values = try await answers(names + places.filter { !names.contains($0) })
        // The blank of this process may be replaced by a script that runs Go.
        if values["GOFLAGS", default: ""].allSatisfy({ $0 == " " }) {
            values["GOFLAGS"] = try setting("GOFLAGS", by: values) ?? ""
        }
        return values.filter { names.contains($0.key) }
    }

    /// Returns the value that a variable, or else a file of settings, gives to a setting.
    ///
    /// - Parameters:
    ///   - name: The name of the setting.
    ///   - values: The values of GOENV, which names the user's file of settings, and of GOROOT.
    /// - Returns: The value, or `nil` if the setting is nowhere.
    /// - Throws: ``CacheStoreError`` if the machine is at fault, because the settings of the builds would
    ///   then be recorded wrong.
    private func setting(_ name: String, by values: [String: String]) throws(CacheStoreError) -> String? {
        let variable = overrides[name] ?? ProcessInfo.processInfo.environment[name]
        if let value = variable, !value.isEmpty { return value }
        let (file, root) = (values["GOENV"] ?? "", values["GOROOT"] ?? "")
        let files = [
            file.isEmpty || file == "off" ? nil : path(ofSettings: file),
            root.isEmpty ? nil : FilePath(root).appending("go.env"),
        ]
        for file in files {
            if let file, let value = try GoSettingsFile(reading: file)?[name] { return value }
        }
        return nil
    }

    private func answers(_ names: [String]) async throws -> [String: String] {
        let result = try await run(["env", "-json"] + names)
        guard result.status == 0 else {
            let words = Self.words(of: result)
            throw CacheStoreError(
                .goCommand,
                "`\(path) env` failed with status \(result.status): \(words)",
                // Go begins its own messages so; other programs may stand at the path.
                remedy: words.hasPrefix("go: ") ? .heedGo : nil
            )
        }
        do {
            return try JSONDecoder().decode([String: String].self, from: Data(result.output))
        } catch {
            throw CacheStoreError(
                .goCommand,
                "`\(path) env -json` printed something other than JSON, so `\(path)` is hardly the Go command"
            )
        }
    }

    /// Asks for everything that is recorded of a job.
    ///
    /// This is ``GoEnvironment/recordedNames``, the C compiler's version and the distribution.
    ///
    /// - Parameter withOrigin: Whether to ask, too, for the origin that a package states if it is compiled
    ///   here. Only a comparison with archives needs the origin.
    /// - Returns: The environment.
    /// - Throws: The errors of ``variables(_:)``. The version of a C compiler that can't be run is not
    ///   recorded, nor is an origin that Go does not tell.
    /// - Complexity: One run each of Go and the C compiler; eight of the compiler where its flags are set, or
    ///   where the version of Go is not known to this library.
    public func environment(withOrigin: Bool = false) async throws -> GoEnvironment {
        let quick = try await variablesWithStandardFlags()
        var environment = GoEnvironment(variables: quick ?? [:])
        if quick == nil || withOrigin {
            var go = self
            // To determine CGO_CFLAGS, Go tries the C compiler and puts the results into GOCACHE.
            let scratch = try? ScratchDirectory(
                in: FilePath(FileManager.default.temporaryDirectory.path),
                name: "cachectl"
            )
            defer { scratch?.remove() }
            if let scratch {
                go.keep(in: scratch)
                try await go.keepCacheProgramOut(in: scratch)
            }
            if quick == nil {
                environment.variables = try await go.variables(GoEnvironment.recordedNames)
            }
            if withOrigin, let scratch { environment.origin = try await go.origin(in: scratch) }
        }
        try await Self.addCompiler(to: &environment)
        return environment
    }

    /// The flags for which Go runs the C compiler seven times, with the values that they have if they are set
    /// nowhere (seen with Go 1.21 to 1.27).
    private static let standardFlags = [
        "CGO_CFLAGS": "-O2 -g", "CGO_CPPFLAGS": "", "CGO_CXXFLAGS": "-O2 -g", "CGO_FFLAGS": "-O2 -g",
        "CGO_LDFLAGS": "-O2 -g",
    ]

    /// The second numbers of the versions of Go whose standard flags are known.
    private static let versionsWithStandardFlags = 21...27

    /// Asks for the variables that are recorded, without a run of the C compiler.
    ///
    /// - Returns: The variables, or `nil` if flags of the C compiler are set, because Go brings them into a
    ///   form of its own, or if the standard flags are not known.
    /// - Throws: The errors of ``variables(_:)``.
    private func variablesWithStandardFlags() async throws -> [String: String]? {
        let names = GoEnvironment.recordedNames.filter { Self.standardFlags[$0] == nil }
        var values = try await variables(names + ["GOENV"])
        let version = values["GOVERSION", default: ""]
        guard version.hasPrefix("go1."),
            let minor = Int(version.dropFirst(4).prefix { $0.isASCII && $0.isNumber }),
            Self.versionsWithStandardFlags.contains(minor)
        else { return nil }
        for name in Self.standardFlags.keys {
            if let value = try setting(name, by: values), !value.isEmpty { return nil }
        }
        values["GOENV"] = nil
        return values.merging(Self.standardFlags) { value, _ in value }
    }

    /// Adds the version of the C compiler, and the distribution, where cgo is enabled.
    private static func addCompiler(to environment: inout GoEnvironment) async throws {
        guard environment["CGO_ENABLED"] != "0" else { return }
        let compiler = environment["CC"].split(separator: " ").map(String.init)
        if !compiler.isEmpty { environment.variables["CC_VERSION"] = try await version(of: compiler) }
        environment.variables[GoEnvironment.distribution] = try OSRelease.prettyName()
    }

    /// The errors that tell that there is no such program, or none that this user may run.
    private static let ofPrograms: Set<Errno> = [
        .noSuchFileOrDirectory, .notDirectory, .permissionDenied, .execFormatError,
    ]

    /// Asks a C compiler for its version.
    ///
    /// - Parameter compiler: The program, and the arguments that `CC` has for it.
    /// - Returns: The first line that it prints, or `nil` if it can't be run.
    /// - Throws: ``CacheStoreError`` if the machine is at fault: a record without the version would hide
    ///   later why entries miss.
    private static func version(of compiler: [String]) async throws -> String? {
        do {
            let arguments = Array(compiler.dropFirst()) + ["--version"]
            let result = try await Subprocess.run(compiler[0], arguments, overrides: ["LC_ALL": "C"])
            guard result.status == 0 else { return nil }
            return String(decoding: result.output, as: UTF8.self).split(separator: "\n").first.map(
                String.init
            )
        } catch let cause as Errno {
            if ofPrograms.contains(cause) { return nil }
            throw CacheStoreError.system(cause, "run", FilePath(compiler[0]))
        }
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

    /// Keeps a program of GOCACHEPROG from taking the place of the build cache in ``overrides``.
    ///
    /// An empty variable makes Go look for the program in the user's file of settings. So the command gets a
    /// copy of that file without the program (Go 1.24).
    ///
    /// - Parameter scratch: The directory for the copy.
    /// - Throws: The errors of ``variables(_:)``.
    mutating func keepCacheProgramOut(in scratch: ScratchDirectory) async throws {
        let values = try await answers(["GOENV", "GOCACHEPROG"])
        guard values["GOCACHEPROG"]?.isEmpty == false, let file = values["GOENV"], file != "off",
            let settings = try GoSettingsFile(reading: path(ofSettings: file))
        else { return }
        let copy = scratch.path.appending("env").string
        let text = Data(settings.text(without: "GOCACHEPROG").utf8)
        if FileManager.default.createFile(atPath: copy, contents: text) { overrides["GOENV"] = copy }
    }

    /// Returns the path of the user's file of settings, which GOENV may name relative to the directory.
    private func path(ofSettings file: String) -> FilePath {
        (directory ?? FilePath(FileManager.default.currentDirectoryPath)).pushing(FilePath(file))
    }

    /// Asks for the origin that a package states if it is compiled here.
    ///
    /// Go's assembler states the same origin as its compiler, and assembles an empty file without any
    /// package.
    ///
    /// - Parameter scratch: A directory for the files of the assembler.
    /// - Returns: The origin, or `nil` if Go does not tell.
    /// - Throws: `CancellationError`.
    private func origin(in scratch: ScratchDirectory) async throws -> PackageOrigin? {
        let (source, object) = (scratch.path.appending("empty.s"), scratch.path.appending("empty.o"))
        guard FileManager.default.createFile(atPath: source.string, contents: nil) else { return nil }
        let result = try await run(["tool", "asm", "-p", "empty", "-o", object.string, source.string])
        guard result.status == 0, let bytes = FileManager.default.contents(atPath: object.string),
            let line = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1).first
        else { return nil }
        return PackageOrigin(header: String(decoding: line, as: UTF8.self))
    }

    /// Runs the command, with GOFLAGS blank unless ``overrides`` has a value.
    ///
    /// The flags in GOFLAGS are meant for builds. Some of them make other commands fail, or print something
    /// else.
    ///
    /// - Parameter arguments: The name of the subcommand, then its arguments.
    /// - Returns: The output of the command, and its exit status.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/goCommand`` if the command can't be
    ///   run, or `CancellationError`.
    func run(_ arguments: [String]) async throws -> Subprocess.Result {
        var (arguments, overrides) = (arguments, overrides)
        // An empty value would make Go look into its files of settings.
        overrides["GOFLAGS"] = overrides["GOFLAGS"].flatMap { $0.isEmpty ? nil : $0 } ?? " "
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
                remedy: Self.ofPrograms.contains(cause)
                    ? .installGo : CacheStoreError.system(cause, "run", FilePath(path)).remedy,
                cause: cause
            )
        }
    }

    /// Returns the first lines of the error output of a failed command.
    static func words(of result: Subprocess.Result) -> String {
        let lines = String(decoding: result.errors, as: UTF8.self).split(separator: "\n")
        return lines.prefix(3).reduce(into: "") { words, line in
            words += (words.isEmpty ? "" : words.hasSuffix(":") ? " " : "; ") + line
        }
    }
}
