import SystemPackage

/// The environment that an image states, as its configuration has it.
///
/// Where an image runs, further variables may be added. So only what the image states is known.
struct ImageEnvironment: Sendable {
    /// The variables that are set for the caches, in order.
    let added: [(name: String, value: String)]

    /// The values by name; of several values, the last counts, as it does for engines.
    private let values: [String: String]

    /// The home directory, if it is known.
    private let home: String?

    private let options: Layers.Options

    /// Creates the environment of an image.
    ///
    /// - Parameters:
    ///   - options: The options of the image.
    ///   - base: The configuration of the base, if there is one.
    init(_ options: Layers.Options, base: JSONValue?) {
        self.options = options
        var added: [(name: String, value: String)] = []
        if options.setsEnvironment {
            if let path = options.caches.buildCache { added.append(("GOCACHE", path.string)) }
            if let path = options.caches.moduleCache { added.append(("GOMODCACHE", path.string)) }
        }
        self.added = added
        let settings = base?["config"]
        var values: [String: String] = [:]
        for text in settings?["Env"]?.strings ?? [] {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            values[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
        for (name, value) in added { values[name] = value }
        self.values = values.filter { !$0.value.isEmpty }
        let user = settings?["User"]?.string?.split(separator: ":").first ?? ""
        home = self.values["HOME"] ?? (["", "0", "root"].contains(user) ? "/root" : nil)
    }

    // MARK: - Warnings

    /// Returns warnings about entries that builds in the image will not hit, as far as its environment tells.
    ///
    /// - Parameters:
    ///   - sources: The sources of the entries.
    ///   - architecture: The architecture of the image.
    ///   - directories: The directories of the image.
    /// - Returns: The warnings.
    func warnings(
        _ sources: [Source],
        _ architecture: String,
        _ directories: ImageDirectories
    ) -> [Warning] {
        let there = environment(of: sources, architecture)
        return Compatibility.warnings(for: sources, restoredTo: there)
            + placeWarnings(directories) + programWarnings
    }

    /// Returns the variables on which entries depend.
    private func environment(of sources: [Source], _ architecture: String) -> GoEnvironment {
        let names = Set(GoEnvironment.recordedNames).subtracting(["GOVERSION", "GOROOT"])
        var result = GoEnvironment(variables: values.filter { names.contains($0.key) })
        // Where builds look elsewhere, another warning says so.
        if let path = options.caches.moduleCache { result.variables["GOMODCACHE"] = path.string }
        // The architecture tells which other variables count. A build may be for another one, but a source
        // that holds nothing for this one serves no usual build.
        let isOwn = sources.allSatisfy { $0.environment["GOARCH"] == architecture }
        if result["GOARCH"].isEmpty, isOwn || !sources.contains(where: { $0.serves(architecture) }) {
            result.variables["GOARCH"] = architecture
        }
        return result
    }

    /// The paths of the caches in a home directory.
    private static let (usualBuildCache, usualModuleCache) = (".cache/go-build", "go/pkg/mod")

    /// A directory in which Go looks for a cache, and the variable that leads there.
    private typealias Place = (path: String?, variable: String?)

    /// The directory that Go uses for GOCACHE (cmd/go/internal/cache/default.go).
    private var buildCache: Place {
        if let path = values["GOCACHE"] { return (path, "GOCACHE") }
        if let path = values["XDG_CACHE_HOME"] { return ("\(path)/go-build", "XDG_CACHE_HOME") }
        return (home.map { "\($0)/\(Self.usualBuildCache)" }, values["HOME"] == nil ? nil : "HOME")
    }

    /// The directory that Go uses for GOMODCACHE (cmd/go/internal/cfg/cfg.go, `gopathDir`).
    private var moduleCache: Place {
        if let path = values["GOMODCACHE"] { return (path, "GOMODCACHE") }
        if let path = values["GOPATH"]?.split(separator: ":").first {
            return ("\(path)/pkg/mod", "GOPATH")
        }
        return (home.map { "\($0)/\(Self.usualModuleCache)" }, values["HOME"] == nil ? nil : "HOME")
    }

    /// Returns a warning if builds in the image look for the caches in other directories.
    private func placeWarnings(_ directories: ImageDirectories) -> [Warning] {
        var (unused, reasons): ([String], [String]) = ([], [])
        var isOff = false
        for (name, path, place, usual) in [
            ("GOCACHE", options.caches.buildCache, buildCache, Self.usualBuildCache),
            ("GOMODCACHE", options.caches.moduleCache, moduleCache, Self.usualModuleCache),
        ] {
            guard let path, !directories.isSame(place.path, path) else { continue }
            // Engines take the home directory of another user from the image's list of users.
            if place.path == nil, path.string.hasSuffix("/\(usual)") { continue }
            unused.append("`\(path)`")
            let stated = place.variable.flatMap { name in values[name].map { "`\(name)=\($0.excerpt)`" } }
            reasons.append(stated ?? "no `\(name)`")
            if place.variable == "GOCACHE", place.path == "off" { isOff = true }
        }
        guard !unused.isEmpty else { return [] }
        let message =
            "builds in the image will not use \(unused.joined(separator: " and ")): its environment has "
            + reasons.joined(separator: " and ")
            + (isOff ? ", and with `GOCACHE=off` Go builds nothing" : "")
        return [Warning(code: .unusedCache, message: message, remedy: .nameCaches)]
    }

    /// Warnings about a program that Go asks instead of GOCACHE.
    private var programWarnings: [Warning] {
        guard let path = options.caches.buildCache, let program = values["GOCACHEPROG"],
            !CacheProgramSetting(program).usesBuildCache
        else { return [] }
        return [
            Warning(
                code: .cacheProgram,
                message: "the base's environment has `GOCACHEPROG`, so builds in the image ask the program "
                    + "`\(program.excerpt)` and not `\(path)`: they will not hit what the image holds; unset "
                    + "`GOCACHEPROG` in the base, or for these builds"
            )
        ]
    }
}

extension Source {
    /// Returns whether a source holds packages for an architecture, or may hold some.
    fileprivate func serves(_ architecture: String) -> Bool {
        let recorded = environment["GOARCH"]
        return recorded.isEmpty || recorded == architecture
            || environment.origins.contains { $0.architecture == architecture }
    }
}
