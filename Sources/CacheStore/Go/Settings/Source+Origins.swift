/// Sources with the toolchain and the target of their packages in the place of those that `go env` named.
extension Source {
    /// Returns the source with the origin of its packages that serves builds here, or that comes nearest.
    ///
    /// The source is returned as it is if the origins of its packages, or the toolchain here, are not known.
    func asServing(_ here: GoEnvironment) -> Source {
        guard let target = BuildTarget(here), let nearest = target.nearest(in: environment) else {
            return self
        }
        var result = self
        target.write(nearest, over: here, to: &result.environment)
        // `go env` named the GOROOT of another toolchain.
        if nearest.version != environment["GOVERSION"] { result.environment.variables["GOROOT"] = nil }
        return result
    }

    /// Returns sources with the origins that come nearest to one build that as many of them as possible
    /// serve.
    ///
    /// Sources whose origins are not known stay as they are.
    static func asServingOneBuild(_ sources: [Source]) -> [Source] {
        guard let (best, job) = commonest(sources) else { return sources }
        let target = BuildTarget(best, in: job)
        let chosen = sources.map { target.nearest(in: $0.environment) }
        func isAlike(_ origin: PackageOrigin) -> Bool {
            origin.version == best.version && origin.target == best.target
        }
        // Experiments are told by name only against a list of those that all have.
        let common = chosen.compactMap(\.self).filter(isAlike).reduce(Set(best.experiments)) {
            $0.intersection($1.experiments)
        }
        let isComparable = !chosen.contains { $0 == nil }
        return zip(sources, chosen).map { source, origin in
            guard let origin else { return source }
            var result = source
            target.write(origin, over: target.environment, to: &result.environment)
            let own = isAlike(origin) ? origin.experiments.filter { !common.contains($0) } : []
            result.environment.variables["GOEXPERIMENT"] =
                isComparable ? own.joined(separator: ",") : source.environment["GOEXPERIMENT"]
            return result
        }
    }

    /// Returns the origin of the builds that most of the sources serve, and of those the most frequent, with
    /// the environment of a source that has it.
    private static func commonest(_ sources: [Source]) -> (origin: PackageOrigin, job: GoEnvironment)? {
        let known = sources.map { (origins: $0.environment.origins, job: $0.environment) }
        let pairs = known.flatMap { source in source.origins.map { ($0, source.job) } }
        let origins = Dictionary(grouping: pairs, by: \.0.header)
        var holders: [String: Int] = [:]
        for header in known.flatMap({ Set($0.origins.map(\.header)) }) { holders[header, default: 0] += 1 }
        let others = known.filter(\.origins.isEmpty).compactMap { BuildTarget($0.job) }
        let ranks = origins.compactMap { header, same in
            same.first.map { origin, job in
                let served = others.count { $0.isServed(by: origin, of: job) }
                let servers = holders[header, default: 0] + served
                let packages = same.reduce(0) { $0 + $1.0.packages }
                return (servers: servers, packages: packages, origin: origin, job: job)
            }
        }
        return ranks.max {
            ($0.servers, $0.packages, $1.origin.header) < ($1.servers, $1.packages, $0.origin.header)
        }
        .map { ($0.origin, $0.job) }
    }

    /// Returns the number of the source's packages that serve builds here; `nil` if that is not known.
    func packages(serving here: GoEnvironment) -> Int? {
        guard let target = BuildTarget(here), !environment.origins.isEmpty else { return nil }
        return environment.origins.filter { target.isServed(by: $0, of: environment) }
            .reduce(0) { $0 + $1.packages }
    }
}
