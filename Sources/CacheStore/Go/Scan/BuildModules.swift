import FoundationEssentials
import SystemPackage

/// The files with the hashes of the modules that builds in a directory use.
///
/// These files may lie above the directory, as in a repository with one `go.mod` at its top, or beside it, as
/// in a workspace. The `go.sum` of a directory that a `replace` names is none of them: Go does not read it.
struct BuildModules: Sendable {
    /// The files with hashes that Go reads, whether or not they are there.
    private(set) var sumFiles: [FilePath] = []

    /// The reason for which Go has not named the files, in words; `nil` if Go has.
    private(set) var doubt: String?
}

extension BuildModules {
    /// Finds the files.
    ///
    /// Where Go does not name them, they are those beside the nearest `go.mod` and `go.work` in the directory
    /// or above it.
    ///
    /// - Parameters:
    ///   - directory: The directory in which builds run.
    ///   - go: The Go command to ask, or `nil` to ask none.
    /// - Throws: `CancellationError`, or ``CacheStoreError`` if the machine is at fault.
    init(in directory: FilePath, asking go: GoCommand?) async throws {
        let directory = directory.absolute
        self.init()
        guard var go else {
            try await guess(in: directory)
            if sumFiles.contains(where: { $0.lastComponent == "go.work.sum" }) { doubt = "Go was not asked" }
            return
        }
        go.directory = directory
        do {
            let values = try await go.variables(["GOMOD", "GOWORK", "GOFLAGS"])
            try await find(values, in: directory, asking: go)
        } catch let error as CacheStoreError where error.code == .goCommand {
            sumFiles = []
            try await guess(in: directory)
            doubt = error.summary
        }
    }

    /// Finds the files from the answers of Go (cmd/go/internal/modload/init.go, `loadModFile`).
    private mutating func find(
        _ values: [String: String],
        in directory: FilePath,
        asking go: GoCommand
    ) async throws {
        let flags = GoFlags(values["GOFLAGS"] ?? "")
        if let work = values["GOWORK"], !["", "off"].contains(work) {
            let file = FilePath(work)
            sumFiles.append(FilePath(work + ".sum"))
            let answer: WorkFile = try await Self.answer(of: go, ["work", "edit", "-json", work])
            for use in answer.use ?? [] {
                add(file.removingLastComponent().pushing(FilePath(use.diskPath)).appending("go.mod"))
            }
        } else if let file = values["GOMOD"], !["", "/dev/null"].contains(file) {
            add(flags["modfile"].isEmpty ? FilePath(file) : directory.pushing(FilePath(flags["modfile"])))
        }
    }

    private mutating func add(_ modFile: FilePath) {
        let file = modFile.lexicallyNormalized()
        let stem = file.string.hasSuffix(".mod") ? file.string.dropLast(4) : file.string[...]
        sumFiles.append(FilePath("\(stem).sum"))
    }

    private mutating func guess(in directory: FilePath) async throws {
        let (work, module) = try await WorkerThreads.perform {
            (try Self.nearest("go.work", to: directory), try Self.nearest("go.mod", to: directory))
        }
        if let work { sumFiles.append(FilePath(work.string + ".sum")) }
        if let module { add(module) }
    }

    /// Returns the path of a file in a directory, or else in the nearest directory above it.
    ///
    /// A directory that can't be looked into has no such file, as for Go.
    private static func nearest(_ name: String, to directory: FilePath) throws -> FilePath? {
        var place = directory
        repeat {
            let path = place.appending(name)
            if try Unusable.passedOver(try Place(at: path)) == .file { return path }
        } while place.removeLastComponent()
        return nil
    }

    // MARK: - Answers of Go

    /// The answer of `go work edit -json`.
    private struct WorkFile: Decodable {
        struct Use: Decodable {
            var diskPath: String
            enum CodingKeys: String, CodingKey { case diskPath = "DiskPath" }
        }
        var use: [Use]?
        enum CodingKeys: String, CodingKey { case use = "Use" }
    }

    private static func answer<Answer: Decodable>(
        of go: GoCommand,
        _ arguments: [String]
    ) async throws -> Answer {
        let line = "`\(go.path) \(arguments.joined(separator: " "))`"
        let result = try await go.run(arguments)
        guard result.status == 0 else {
            let words = GoCommand.words(of: result)
            throw CacheStoreError(.goCommand, "\(line) failed with status \(result.status): \(words)")
        }
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(result.output))
        } catch {
            throw CacheStoreError(.goCommand, "\(line) printed something other than expected")
        }
    }
}
