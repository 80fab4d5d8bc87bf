import Foundation
import Testing

@testable import CacheStore

/// Tests in which the real `go` judges written zips.
@Suite("ModuleZipWriter and Go")
struct GoModuleZipTests {
    @Test("go downloads, verifies and builds a written zip, and finds the same h1")
    func download() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "go-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let goMod = "module example.com/Greet\n\ngo 1.21\n"
        let prefix = "example.com/Greet@v1.2.0/"
        let zip = try ZipFixtures.write(
            [
                ("LICENSE", Array("free\n".utf8)), ("empty.txt", []), ("go.mod", Array(goMod.utf8)),
                ("greet.go", Array("package greet\n\nfunc Text() string { return \"hello\" }\n".utf8)),
                ("x/\u{fc}.txt", [UInt8](repeating: 0, count: 200_000)),
            ],
            prefix: prefix
        )
        let module = try #require(ModuleKey("example.com/!greet@v1.2.0"))
        let hash = ModuleHash.text(of: try ModuleZip.h1(of: zip, module: module))

        let versions = folder.appending(path: "proxy/example.com/!greet/@v")
        try write(zip, to: versions.appending(path: "v1.2.0.zip"))
        try write(Array(goMod.utf8), to: versions.appending(path: "v1.2.0.mod"))
        try write(Array(#"{"Version":"v1.2.0"}"#.utf8), to: versions.appending(path: "v1.2.0.info"))
        try write(Array("v1.2.0\n".utf8), to: versions.appending(path: "list"))
        let main = folder.appending(path: "main")
        let mainModule = "module main\n\ngo 1.21\n\nrequire example.com/Greet v1.2.0\n"
        try write(Array(mainModule.utf8), to: main.appending(path: "go.mod"))
        let program =
            "package main\n\nimport greet \"example.com/Greet\"\n\nfunc main() { print(greet.Text()) }\n"
        try write(Array(program.utf8), to: main.appending(path: "main.go"))

        let description = try run("mod", "download", "-json", "example.com/Greet", in: folder)
        #expect(description.contains("\"Sum\": \"\(hash)\""), "\(description)")
        _ = try run("mod", "tidy", in: folder)
        #expect(try run("mod", "verify", in: folder) == "all modules verified\n")
        _ = try run("vet", "example.com/Greet", in: folder)
        // `go` extracts the zip in the cache again.
        try FileManager.default.removeItem(at: folder.appending(path: "cache/example.com"))
        _ = try run("mod", "download", in: folder)
        #expect(try run("mod", "verify", in: folder) == "all modules verified\n")
        let sums = try String(contentsOf: main.appending(path: "go.sum"), encoding: .utf8)
        #expect(sums.contains("example.com/Greet v1.2.0 \(hash)\n"))
        _ = try run("build", "-o", "/dev/null", ".", in: folder)
    }

    private func write(_ bytes: [UInt8], to file: URL) throws {
        let folder = file.deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }

    /// Runs `go` in `main` below a folder, and returns its standard output.
    private func run(_ arguments: String..., in folder: URL) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try RequiredTool.go.path)
        process.arguments = arguments
        process.currentDirectoryURL = folder.appending(path: "main")
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH", default: ""], "HOME": folder.path,
            "GOPROXY": folder.appending(path: "proxy").absoluteString, "GONOSUMDB": "*",
            "GOFLAGS": "-modcacherw",
            "GOMODCACHE": folder.appending(path: "cache").path,
            "GOCACHE": folder.appending(path: "build").path,
            "GOTOOLCHAIN": "local", "CGO_ENABLED": "0",
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "go \(arguments.joined(separator: " "))")
        return String(decoding: data, as: UTF8.self)
    }
}
