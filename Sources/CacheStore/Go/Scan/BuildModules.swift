import FoundationEssentials
import SystemPackage

/// The main modules of the builds in a directory, and the files with the hashes of the modules that they use.
///
/// These files may lie above the directory, as in a repository with one `go.mod` at its top, or beside it, as
/// in a workspace. The `go.sum` of a directory that a `replace` names is none of them: Go does not read it.
struct BuildModules: Sendable {
    /// The `go.mod` files of the main modules.
    private(set) var modFiles: [FilePath] = []

    /// The files with hashes that Go reads, whether or not they are there.
    private(set) var sumFiles: [FilePath] = []

    /// The reason for which Go has not named the files, in words; `nil` if Go has.
    private(set) var doubt: String?

    /// The Go command that works in the directory; `nil` if none is to be asked.
    var go: GoCommand?
}

extension BuildModules {
    /// Finds the modules.
    ///
    /// Where Go does not name them, they are those of the nearest `go.mod` and `go.work` in the directory or
    /// above it.
    ///
    /// - Parameters:
    ///   - directory: The directory in which builds run.
    ///   - go: The Go command to ask, or `nil` to ask none.
    /// - Throws: `CancellationError`, or ``CacheStoreError`` if the machine is at fault.
    init(in directory: FilePath, asking go: GoCommand?) async throws {
        let directory = directory.absolute
        self.init(go: go.map { GoCommand(path: $0.path, directory: directory) })
        guard let go = self.go else {
            try await guess(in: directory)
            if sumFiles.contains(where: { $0.lastComponent == "go.work.sum" }) { doubt = "Go was not asked" }
            return
        }
        do {
            let values = try await go.variables(["GOMOD", "GOWORK", "GOFLAGS"])
            try await find(values, in: directory, asking: go)
        } catch let error as CacheStoreError where error.code == .goCommand {
            (modFiles, sumFiles) = ([], [])
            try await guess(in: directory)
            doubt = error.summary
        }
    }

    /// Finds the modules from the answers of Go (cmd/go/internal/modload/init.go, `loadModFile`).
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
        modFiles.append(file)
        sumFiles.append(FilePath("\(stem).sum"))
    }

    private mutating func guess(in directory: FilePath) async throws {
        let (work, module) = try await WorkerThreads.perform {
            (Self.nearest("go.work", to: directory), Self.nearest("go.mod", to: directory))
        }
        if let work { sumFiles.append(FilePath(work.string + ".sum")) }
        if let module { add(module) }
    }

    /// Returns the path of a file in a directory, or else in the nearest directory above it.
    ///
    /// A directory that can't be looked into has no such file, as for Go.
    private static func nearest(_ name: String, to directory: FilePath) -> FilePath? {
        var place = directory
        repeat {
            let path = place.appending(name)
            if (try? Place(at: path)) == .file { return path }
        } while place.removeLastComponent()
        return nil
    }

    // MARK: - Requirements

    /// Returns the first `go.mod` that requires modules which Go takes from GOMODCACHE, or `nil`.
    ///
    /// Modules of the workspace, modules that lie in directories, and modules in a `vendor` directory need no
    /// hashes. A file that Go can't read counts as one without requirements, because builds fail there.
    ///
    /// - Throws: `CancellationError`.
    func modFileWithRequirements(among modFiles: [FilePath]) async throws -> FilePath? {
        guard let go, doubt == nil else { return nil }
        let roots = Set((modFiles + sumFiles).map { $0.removingLastComponent() })
        let isVendored = try await WorkerThreads.perform {
            roots.contains { (try? Place(at: $0.appending("vendor").appending("modules.txt"))) == .file }
        }
        if isVendored { return nil }
        var files: [(path: FilePath, content: ModFile)] = []
        for path in modFiles {
            do {
                files.append((path, try await Self.answer(of: go, ["mod", "edit", "-json", path.string])))
            } catch is CacheStoreError {
                continue
            }
        }
        var known = Set(files.map(\.content.module.path))
        for replacement in files.flatMap({ $0.content.replace ?? [] }) where replacement.new.version == nil {
            known.insert(replacement.old.path)
        }
        return files.first { !($0.content.require ?? []).allSatisfy { known.contains($0.path) } }?.path
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

    /// The answer of `go mod edit -json`.
    private struct ModFile: Decodable {
        struct Module: Decodable {
            var path: String
            var version: String?
            enum CodingKeys: String, CodingKey {
                case path = "Path"
                case version = "Version"
            }
        }
        struct Replacement: Decodable {
            var old: Module
            var new: Module
            enum CodingKeys: String, CodingKey {
                case old = "Old"
                case new = "New"
            }
        }
        var module: Module
        var require: [Module]?
        var replace: [Replacement]?
        enum CodingKeys: String, CodingKey {
            case module = "Module"
            case require = "Require"
            case replace = "Replace"
        }
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
