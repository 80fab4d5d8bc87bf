import FoundationEssentials
import SystemPackage

/// The places where a GOROOT may be whose directories a job has indexed.
///
/// The GOROOT that `go env` states comes first. Others follow, because a job may build with several
/// toolchains, and because `go` is not asked in every pack: those of the variable `GOROOT`, of each `go` on
/// `PATH`, and the usual place of Go's own installer.
enum GoRoots {
    /// A GOROOT and the version of Go that it states.
    struct Root: Hashable {
        var path: FilePath
        var version: String
    }

    /// Returns the places that there are, each once.
    ///
    /// - Parameters:
    ///   - environment: The environment of the job.
    ///   - variables: The variables of this process.
    /// - Returns: The places, with the versions in their files `VERSION`.
    /// - Throws: ``CacheStoreError`` if the machine is at fault (``CacheStoreError/isOfMachine``).
    static func found(
        _ environment: GoEnvironment,
        _ variables: [String: String] = ProcessInfo.processInfo.environment
    ) throws(CacheStoreError) -> [Root] {
        var paths = [environment["GOROOT"], variables["GOROOT"] ?? ""].filter { !$0.isEmpty }
        for directory in (variables["PATH"] ?? "").split(separator: ":") {
            // A `go` on PATH is often a link to that of a GOROOT.
            guard let command = FilePath("\(directory)/go").resolved else { continue }
            paths.append(command.removingLastComponent().removingLastComponent().string)
        }
        paths.append("/usr/local/go")
        var roots: [Root] = []
        for path in paths.map({ FilePath($0) }) where !roots.contains(where: { $0.path == path }) {
            let stated = path == FilePath(environment["GOROOT"]) ? environment["GOVERSION"] : ""
            guard let version = stated.isEmpty ? try version(of: path) : stated else { continue }
            roots.append(Root(path: path, version: version))
        }
        return roots
    }

    /// Returns the first line of the file `VERSION`, or `nil` if there is none, as in a tree of development.
    private static func version(of path: FilePath) throws(CacheStoreError) -> String? {
        guard let file = try Unusable.passedOver(try File(reading: path.appending("VERSION"))),
            let bytes = try Unusable.passedOver(try file.bytes(count: 256))
        else { return nil }
        let line = bytes.prefix { $0 != 0x0A }
        return line.starts(with: "go".utf8) ? String(decoding: line, as: UTF8.self) : nil
    }
}

extension FilePath {
    /// The path with all links followed (`realpath(3)`), or `nil` if there is nothing.
    fileprivate var resolved: FilePath? {
        let found = try? FileManager.default.destinationOfSymbolicLink(atPath: string)
        guard let found else { return FileManager.default.fileExists(atPath: string) ? self : nil }
        let target = FilePath(found)
        let next = target.isAbsolute ? target : removingLastComponent().appending(target.components)
        // A chain of links that leads in a circle exists nowhere.
        return FileManager.default.fileExists(atPath: next.string) ? next.lexicallyNormalized().resolved : nil
    }
}
