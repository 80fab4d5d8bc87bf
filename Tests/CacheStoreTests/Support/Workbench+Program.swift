import SystemPackage
import Testing

@testable import CacheStore

extension Workbench {
    /// The GOCACHE of the programs under test.
    var served: FilePath { path("served/build") }

    /// Starts a program that serves archives into ``served``, and keeps what that does not take in `scratch`.
    func program(
        _ archives: FilePath...,
        configure: (inout CacheProgram.Options) -> Void = { _ in }
    ) throws -> ProgramClient {
        try Files.makeDirectory(path("scratch"))
        return try ProgramClient(served, archives) { options in
            options.scratchParent = path("scratch")
            configure(&options)
        }
    }

    /// Waits until ``served`` has the entries of some actions: a program writes them after its answers.
    func awaitEntries(of actions: some Sequence<ObjectID>) async throws {
        for action in actions {
            let name = "\(BuildCacheLayout.subdirectory(of: action))/\(action)-a"
            let entry = FilePath("\(served)/\(name)")
            for _ in 0..<2000 where !Files.exists(entry) { try await Task.sleep(for: .milliseconds(5)) }
            #expect(Files.exists(entry), "no entry \(name)")
        }
    }

    /// Returns the path of a file below ``served``, by its path in a ``CacheModel``.
    func served(_ name: String) -> FilePath { path("served/\(name)") }

    /// The names of everything below ``served`` and in `scratch` that is neither one of the 256 directories
    /// nor the note of checked archives.
    var servedNames: [String] {
        get throws {
            let all = try ["served/build", "scratch"].filter { Files.exists(path($0)) }
                .flatMap { try TreeSnapshot(of: path($0)).paths }
            return all.filter { !BuildCacheLayout.isSubdirectory($0) && $0 != CheckedArchives.name }
        }
    }
}
