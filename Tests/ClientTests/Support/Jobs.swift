import CacheStore
import Foundation
import SystemPackage

/// Two jobs: programs that real Go builds from empty caches, and the archives of these caches.
struct Jobs: Sendable {
    /// The only value, which is made for the first test that asks for it.
    static let shared = Task { try await Jobs.make() }

    /// The programs, each of which stands for one job.
    static let programs = ["tiny", "gamma"]

    /// The module that both programs use, as a tree of an archive is named.
    static let sharedTree = "example.com/lib@v1.0.0"

    /// The directory of all that the tests write.
    let root: String

    /// The path of the Go command itself, not of a launcher.
    let goPath: String

    /// The caches of every job; the path of GOMODCACHE is in the keys of GOCACHE.
    var caches: GoCaches {
        GoCaches(buildCache: FilePath("\(root)/go-build"), moduleCache: FilePath("\(root)/go-mod"))
    }

    /// The archives of the jobs.
    var archives: [FilePath] { Self.programs.map { place("\($0).castore") } }

    /// The union of the archives.
    var union: FilePath { place("all.castore") }

    /// Returns a path in the directory of the tests.
    func place(_ name: String) -> FilePath { FilePath("\(root)/\(name)") }

    /// Returns new caches, which are empty.
    func emptyCaches(_ name: String) -> GoCaches {
        GoCaches(buildCache: place("\(name)/go-build"), moduleCache: place("\(name)/go-mod"))
    }

    /// Returns the Go command in the directory of a program.
    func go(in program: String) -> GoCommand {
        GoCommand(path: goPath, directory: place("programs/\(program)"))
    }

    // MARK: - Making them

    private static func make() async throws -> Jobs {
        let root = try makeDirectory()
        let repository = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let fixture = "\(repository)/Tests/EndToEndTests/Fixtures/make_workspace.py"
        try run(try variable("CACHESTORE_PYTHON"), [fixture, root], in: root, [:])
        let launcher = try variable("CACHESTORE_GO")
        let goroot = try await GoCommand(path: launcher).variables(["GOROOT"])["GOROOT"] ?? ""
        let jobs = Jobs(root: root, goPath: "\(goroot)/bin/go")
        for (program, archive) in zip(programs, jobs.archives) {
            try jobs.removeCaches()
            _ = try jobs.compiledPackages(of: program, proxy: "file://\(root)/proxy")
            try await pack(job: program, jobs.caches, go: jobs.go(in: program), to: archive)
        }
        try jobs.removeCaches()
        try await fill(jobs.caches, from: jobs.archives, by: jobs.union)
        return jobs
    }

    /// The directory of this run, apart from any that a killed run has left.
    private static let directory =
        FileManager.default.temporaryDirectory.path + "/cachestore-client-\(UUID().uuidString)"

    private static func makeDirectory() throws -> String {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        atexit { try? Jobs.remove([Jobs.directory]) }
        return directory
    }

    private static func variable(_ name: String) throws -> String {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
            throw Failure(description: "\(name) is not set: run the tests with `bash Tests/run.sh`")
        }
        return value
    }

    // MARK: - Programs

    /// Builds a program with the caches, and returns the packages that Go compiled.
    func compiledPackages(of program: String, proxy: String = "off") throws -> [String] {
        let output = try Self.run(
            goPath,
            ["build", "-x", "-o", "/dev/null", "."],
            in: "\(root)/programs/\(program)",
            [
                "GOPROXY": proxy, "GOSUMDB": "off", "GOTOOLCHAIN": "local", "GOPATH": "\(root)/gopath",
                "GOCACHE": "\(root)/go-build", "GOMODCACHE": "\(root)/go-mod",
            ]
        )
        return output.split(separator: "\n").filter { $0.contains("/compile -o ") }.map { line in
            let words = line.split(separator: " ")
            return String(words.firstIndex(of: "-p").map { words[$0 + 1] } ?? line)
        }
    }

    private func removeCaches() throws { try Self.remove(["\(root)/go-build", "\(root)/go-mod"]) }

    /// Removes directories, including those of a GOMODCACHE, which are read-only even for their owner.
    private static func remove(_ paths: [String]) throws {
        try run("/bin/sh", ["-c", #"chmod -Rf u+w "$@"; rm -rf "$@""#, "sh"] + paths, in: "/", [:])
    }

    /// Runs a program, which must succeed, and returns what it prints.
    @discardableResult
    private static func run(
        _ path: String,
        _ arguments: [String],
        in directory: String,
        _ variables: [String: String]
    ) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(path) \(arguments.joined(separator: " ")): \(text)")
        }
        return text
    }

    /// A program that failed, or one that is missing.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }
}
