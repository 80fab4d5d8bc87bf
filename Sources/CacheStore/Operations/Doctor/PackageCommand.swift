/// The Go command with the packages that it is asked about.
struct PackageCommand {
    /// A package as `go list` knows it.
    struct Listed: Hashable {
        var importPath: String
        var name: String
        /// The package's module, `path@version`; empty for the standard library and the main module.
        var module: String
        var usesCgo: Bool
        /// The directory of the package's sources; empty for the standard library.
        var directory: String
        /// The error in the package; empty if there is none.
        var error: String
        /// The import paths of all packages on which this one depends.
        var dependencies: [String]
    }

    /// The command, set to the caches that it must use.
    let go: GoCommand

    /// The packages, in the form in which `go build` takes them.
    let patterns: [String]

    /// The separators of the fields, and of the dependencies, in a line of `go list`.
    private static let separators = (field: Character("\u{1F}"), item: Character("\u{1E}"))

    private static let template = [
        "{{.ImportPath}}", "{{.Name}}",
        #"{{with .Module}}{{if not .Main}}{{.Path}}{{with .Version}}@{{.}}{{end}}{{end}}{{end}}"#,
        "{{len .CgoFiles}}", "{{if not .Standard}}{{.Dir}}{{end}}",
        #"{{with .Error}}{{printf "%q" .Err}}{{end}}"#, #"{{join .Deps "\x1e"}}"#,
    ].joined(separator: #"{{"\x1f"}}"#)

    /// Asks whether Go can read a value of GOFLAGS at all; with a value that it can't read, no build works.
    ///
    /// - Parameter flags: The value.
    /// - Returns: Go's complaint, or `nil` if there is none.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/goCommand``, or `CancellationError`.
    func complaint(aboutFlags flags: String) async throws -> String? {
        guard !flags.isEmpty else { return nil }
        var go = go
        go.overrides["GOFLAGS"] = flags
        let result = try await go.run(["version"])
        let words = GoCommand.words(of: result)
        return result.status != 0 && words.contains("GOFLAGS") ? words : nil
    }

    /// Lists the packages and all their dependencies, including those that can't be loaded.
    ///
    /// - Returns: The packages; none if the Go command fails altogether.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/goCommand``, or `CancellationError`.
    func list() async throws -> [Listed] {
        let result = try await go.run(["list", "-e", "-deps", "-f", Self.template] + patterns)
        return Self.listed(String(decoding: result.output, as: UTF8.self))
    }

    /// Reads the output of `go list`.
    static func listed(_ text: String) -> [Listed] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: separators.field, omittingEmptySubsequences: false)
            guard fields.count == 7 else { return nil }
            return Listed(
                importPath: String(fields[0]),
                name: String(fields[1]),
                module: String(fields[2]),
                usesCgo: fields[3] != "0",
                directory: String(fields[4]),
                error: unquoted(fields[5]),
                dependencies: fields[6].split(separator: separators.item).map(String.init)
            )
        }
    }

    /// Returns a string that Go quoted, without the quotes and on one line.
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

    /// Returns the modules, as `path@version`, of which Go complains or which it would download.
    static func modules(in text: String) -> [String] {
        var result: [String] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 4, words[0] == "go:", words[1] == "downloading" {
                result.append("\(words[2])@\(words[3])")
            } else {
                let bare = words.map { $0.hasSuffix(":") ? $0.dropLast() : $0 }
                result += bare.filter(isModule).map(String.init)
            }
        }
        return result
    }

    /// Returns whether a word of a complaint is `path@version`.
    ///
    /// Go also names places in files, as `../mod/example.com/m@v1.0.0/m.go:3:8`. A module's path begins with
    /// a letter or a digit, and its version has neither `/` nor `:`.
    private static func isModule(_ word: Substring) -> Bool {
        let parts = word.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let first = parts[0].first, first.isLetter || first.isNumber else {
            return false
        }
        return parts[0].contains(".") && !parts[0].contains(":") && parts[1].hasPrefix("v")
            && !parts[1].contains { $0 == "/" || $0 == ":" }
    }

    /// Asks which packages `go build` would compile, without compiling.
    ///
    /// Go assumes that the result of each compilation would differ from the earlier one. Therefore all
    /// packages that depend on a compiled package count, too.
    ///
    /// - Returns: The import paths, in the order in which Go compiles the packages; `nil`, Go's complaint and
    ///   the modules that it names if the packages can't be built.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/goCommand``, or `CancellationError`.
    func compiles() async throws -> (importPaths: [String]?, complaint: String, modules: [String]) {
        let result = try await go.run(["build", "-n", "-o", "/dev/null"] + patterns)
        guard result.status == 0 else {
            let text = String(decoding: result.errors, as: UTF8.self)
            return (nil, GoCommand.words(of: result), Self.modules(in: text))
        }
        return (Self.compiled(result.errors), "", [])
    }

    /// Compiles all missing packages, but links nothing.
    ///
    /// - Returns: The number of times that the compiler ran; `nil` and Go's complaint if Go failed.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/goCommand``, or `CancellationError`.
    func compileAll() async throws -> (count: Int?, complaint: String) {
        let result = try await go.run(["list", "-export", "-deps", "-x", "-f", ""] + patterns)
        guard result.status == 0 else {
            // Go's trace stands between the lines of the compilers, so Go is asked for these lines alone.
            let plain = try await go.run(["list", "-export", "-deps", "-f", ""] + patterns)
            let words = Self.complaint(in: String(decoding: plain.errors, as: UTF8.self))
            return (nil, words.isEmpty ? GoCommand.words(of: result) : words)
        }
        return (result.errors.split(separator: UInt8(ascii: "\n")).count(where: Self.isCompilation), "")
    }

    /// The greatest number of lines of the compilers that a complaint has.
    private static let complaintLimit = 8

    /// Returns the complaints about packages that do not compile, in one line.
    ///
    /// Go prints a line `# PATH` before what the compilers say about each package.
    static func complaint(in text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline)
        let count = lines.count { !$0.hasPrefix("# ") }
        var (words, said) = ("", 0)
        for line in lines where said < complaintLimit {
            let name = line.hasPrefix("# ") ? line.dropFirst(2) : nil
            if !words.isEmpty { words += words.hasSuffix("`:") ? " " : "; " }
            words += name.map { "`\($0)`:" } ?? line.drop { $0 == " " || $0 == "\t" }
            said += name == nil ? 1 : 0
        }
        return count > said ? "\(words); and \(count - said) more lines" : words
    }

    /// Reads the output of `go build -n`.
    ///
    /// Go prints three lines, `#`, `# PATH` and `#`, before each package that it would build (Go's
    /// cmd/go/internal/work/exec.go, `build`). With `-n`, Go does nothing in parallel.
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

    /// Returns whether a line runs the compiler to make a package; variables may precede the command.
    private static func isCompilation(_ line: ArraySlice<UInt8>) -> Bool {
        // Go quotes a path with a blank.
        ["/compile -o $WORK/", "/compile\" -o $WORK/", "/compile' -o $WORK/"].contains {
            line.contains($0.utf8)
        }
    }
}
