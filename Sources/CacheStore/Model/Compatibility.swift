/// What will miss because Go environments differ.
///
/// Source: what goes into every action ID, Go's cmd/go/internal/work/exec.go, `buildActionID`; see
/// <doc:AboutGoCaches>.
enum Compatibility {
    /// The settings that decide about all entries, and what a difference in them means.
    private static let decisive: [(name: String, code: Warning.Code, loss: String)] = [
        (
            "GOVERSION", .goVersion,
            "builds with one version do not use the entries of another: they compile everything again"
        ),
        ("GOOS", .goVersion, "builds for one system do not use the entries of another"),
        ("GOARCH", .goVersion, "builds for one architecture do not use the entries of another"),
        ("GOAMD64", .goSettings, "builds at one level do not use the entries of another"),
        ("GOARM64", .goSettings, "builds at one level do not use the entries of another"),
        ("GOEXPERIMENT", .goSettings, "builds with other experiments compile everything again"),
        ("GOFLAGS", .goSettings, "flags such as -trimpath, -race or -tags are part of the entries' keys"),
        ("CGO_ENABLED", .goSettings, "net, os/user and what imports them are compiled again"),
        ("CC", .goSettings, "packages that use cgo are compiled again"),
        ("CC_VERSION", .goSettings, "packages that use cgo are compiled again"),
        (
            "GOMODCACHE", .moduleCachePath,
            "packages of modules are compiled again under any other path, unless all builds use -trimpath"
        ),
    ]

    /// Warns of sources that can't serve one build together.
    static func warnings(among sources: [Source]) -> [Warning] {
        decisive.compactMap { setting in
            let labels = Dictionary(grouping: sources, by: { $0.environment[setting.name] })
            // A source without any record says nothing.
            let known = labels.filter { !($0.value.allSatisfy { $0.environment.variables.isEmpty }) }
            guard known.count > 1 else { return nil }
            let values = known.sorted { $0.key.precedes($1.key) }.map { value, sources in
                "`\(value)` (\(sources.map(\.label).joined(separator: ", ")))"
            }
            return Warning(
                code: setting.code,
                message:
                    "the sources differ in \(setting.name): \(values.joined(separator: ", ")); \(setting.loss)"
            )
        }
    }

    /// Warns of sources whose module packages will miss because they are restored elsewhere.
    static func warnings(for sources: [Source], restoredTo moduleCache: String) -> [Warning] {
        let others = sources.filter { !["", moduleCache].contains($0.environment["GOMODCACHE"]) }
        guard let first = others.first else { return [] }
        let labels = others.map(\.label).joined(separator: ", ")
        return [
            Warning(
                code: .moduleCachePath,
                message:
                    "the caches of \(labels) were packed with GOMODCACHE=`\(first.environment["GOMODCACHE"])`, and this one is "
                    + "`\(moduleCache)`: packages of modules will be compiled again unless all builds use -trimpath; "
                    + "use one path in the jobs and in the image"
            )
        ]
    }
}
