import CacheStore

extension Table {
    /// Returns a table of the toolchains and targets of sources, and of their GOMODCACHE.
    ///
    /// A source whose packages state their origins has a row for each of them, the most frequent first.
    /// Another source has a row for what `go env` named in the job.
    static func environments(_ sources: [Source]) -> Table {
        var table = Table(
            .left("source"),
            .left("Go"),
            .left("target"),
            .right("packages"),
            .left("GOMODCACHE")
        )
        for source in sources {
            let environment = source.environment
            func value(_ name: String) -> String {
                let value = HumanFormat.printable(environment[name])
                return value.isEmpty ? "?" : value
            }
            let origins = environment.origins
            if origins.isEmpty {
                let target = "\(value("GOOS"))/\(value("GOARCH"))"
                table.append(source.label, value("GOVERSION"), target, "", value("GOMODCACHE"))
            }
            for (index, origin) in origins.enumerated() {
                table.append(
                    index == 0 ? source.label : "",
                    HumanFormat.printable(origin.version),
                    HumanFormat.printable(words(for: origin, among: origins)),
                    HumanFormat.count(origin.packages),
                    index == 0 ? value("GOMODCACHE") : ""
                )
            }
        }
        return table
    }

    /// The levels that Go chooses if nobody names one.
    private static let usualLevels: Set = [
        "GO386=sse2", "GOAMD64=v1", "GOARM=7", "GOARM=7,hardfloat", "GOARM64=v8.0", "GOMIPS=hardfloat",
        "GOMIPS64=hardfloat", "GOPPC64=power8", "GORISCV64=rva20u64",
    ]

    /// Returns the target of an origin, with what tells it from another origin of the same toolchain and
    /// target.
    private static func words(for origin: PackageOrigin, among origins: [PackageOrigin]) -> String {
        let rivals = origins.filter { $0.version == origin.version && $0.target == origin.target }
        var words = [origin.target]
        let isUsual = usualLevels.contains(origin.level) || origin.level.isEmpty
        if !isUsual || rivals.contains(where: { $0.level != origin.level }) { words.append(origin.level) }
        let common = rivals.reduce(Set(origin.experiments)) { $0.intersection($1.experiments) }
        return (words + origin.experiments.filter { !common.contains($0) }).joined(separator: " ")
    }
}
