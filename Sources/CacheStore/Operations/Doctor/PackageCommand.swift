/// What the Go command says of packages.
struct PackageCommand {
    /// A package as `go list` knows it.
    struct Listed: Hashable {
        var importPath: String
        var name: String
        /// Its module, `path@version`; empty for the standard library and the main module.
        var module: String
        var usesCgo: Bool
        /// What is wrong with it.
        var error: String
        /// The import paths of all that it depends on.
        var dependencies: [String]
    }

    /// The command, with the caches that it shall use.
    let go: GoCommand

    /// The packages, as `go build` takes them.
    let patterns: [String]

    /// What stands between two fields, and between two dependencies, of a line of `go list`.
    private static let separators = (field: Character("\u{1F}"), item: Character("\u{1E}"))

    private static let template = [
        "{{.ImportPath}}", "{{.Name}}",
        #"{{with .Module}}{{if not .Main}}{{.Path}}{{with .Version}}@{{.}}{{end}}{{end}}{{end}}"#,
        "{{len .CgoFiles}}", #"{{with .Error}}{{printf "%q" .Err}}{{end}}"#, #"{{join .Deps "\x1e"}}"#,
    ].joined(separator: #"{{"\x1f"}}"#)

    /// Lists the packages and all that they depend on, also what can't be loaded.
    ///
    /// - Returns: The packages; none if the Go command fails altogether.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/goCommand``, or `CancellationError`.
    func list() async throws -> [Listed] {
        let result = try await go.run(["list", "-e", "-deps", "-f", Self.template] + patterns)
        return Self.listed(String(decoding: result.output, as: UTF8.self))
    }

    /// Reads what `go list` prints.
    static func listed(_ text: String) -> [Listed] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: separators.field, omittingEmptySubsequences: false)
            guard fields.count == 6 else { return nil }
            return Listed(
                importPath: String(fields[0]),
                name: String(fields[1]),
                module: String(fields[2]),
                usesCgo: fields[3] != "0",
                error: unquoted(fields[4]),
                dependencies: fields[5].split(separator: separators.item).map(String.init)
            )
        }
    }

    /// A string that Go quoted, on one line.
    private static func unquoted(_ text: Substring) -> String {
        var words = ""
        var isEscaped = false
        for character in text.dropFirst().dropLast() {
            if isEscaped {
                words.append(character == "n" || character == "t" ? " " : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                words.append(character)
            }
        }
        return words
    }

    /// Asks what `go build` would compile, without compiling.
    ///
    /// Go takes it that what it would compile comes out otherwise than before, so all that depends on it counts.
    ///
    /// - Returns: The import paths, in the order in which Go compiles them; `nil` and what Go complains of if
    ///   the packages can't be built.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/goCommand``, or `CancellationError`.
    func compiles() async throws -> (importPaths: [String]?, complaint: String) {
        let result = try await go.run(["build", "-n", "-o", "/dev/null"] + patterns)
        guard result.status == 0 else { return (nil, GoCommand.words(of: result)) }
        return (Self.compiled(result.errors), "")
    }

    /// Compiles all that is missing, but links nothing.
    ///
    /// - Returns: How many times the compiler ran; `nil` and what Go complains of if it failed.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/goCommand``, or `CancellationError`.
    func compileAll() async throws -> (count: Int?, complaint: String) {
        let result = try await go.run(["list", "-export", "-deps", "-x", "-f", ""] + patterns)
        guard result.status == 0 else { return (nil, GoCommand.words(of: result)) }
        return (result.errors.split(separator: UInt8(ascii: "\n")).count(where: Self.isCompilation), "")
    }

    /// Reads what `go build -n` prints: before each package that it would build three lines, `#`, `# PATH`, `#`
    /// (Go's cmd/go/internal/work/exec.go, `build`); it does nothing in parallel then.
    static func compiled(_ output: [UInt8]) -> [String] {
        let hash = UInt8(ascii: "#")
        var paths: [String] = []
        var current = ""
        var before: (ArraySlice<UInt8>, ArraySlice<UInt8>) = ([], [])
        for line in output.split(separator: UInt8(ascii: "\n")) {
            if line.elementsEqual([hash]), before.0.elementsEqual([hash]),
                before.1.starts(with: [hash, UInt8(ascii: " ")])
            {
                current = String(decoding: before.1.dropFirst(2), as: UTF8.self)
            } else if isCompilation(line) {
                paths.append(current)
            }
            before = (before.1, line)
        }
        return paths
    }

    /// Whether a line is a run of the compiler that makes a package, after variables that it is given.
    private static func isCompilation(_ line: ArraySlice<UInt8>) -> Bool {
        // A path with a blank in it is quoted.
        ["/compile -o $WORK/", "/compile\" -o $WORK/", "/compile' -o $WORK/"].contains {
            line.contains($0.utf8)
        }
    }
}
