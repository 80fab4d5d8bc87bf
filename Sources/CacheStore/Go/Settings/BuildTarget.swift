/// The toolchain and the target of builds, with which the origins of packages are compared.
struct BuildTarget {
    /// The version, for example `go1.25.5`.
    private let version: String
    private let system: String
    private let architecture: String

    /// The level, for example `GOAMD64=v1`; empty if none is known.
    private let level: String

    /// The experiments that are on; `nil` if they are not known.
    private let experiments: [String]?

    /// The name of the variable for an architecture's level, by the architecture.
    private static let levelNames = [
        "386": "GO386", "amd64": "GOAMD64", "arm": "GOARM", "arm64": "GOARM64", "mips": "GOMIPS",
        "mipsle": "GOMIPS", "mips64": "GOMIPS64", "mips64le": "GOMIPS64", "ppc64": "GOPPC64",
        "ppc64le": "GOPPC64", "riscv64": "GORISCV64", "wasm": "GOWASM",
    ]

    private init(_ version: String, _ target: (String, String), _ level: String, _ experiments: [String]?) {
        self.version = version
        (system, architecture) = target
        self.level = level
        self.experiments = experiments
    }

    /// Creates the target of builds that make packages of an origin.
    init(_ origin: PackageOrigin) {
        let target = (origin.system, origin.architecture)
        self.init(origin.version, target, origin.level, origin.experiments)
    }

    /// Creates the target of builds in an environment, or returns `nil` if the environment does not tell it.
    init?(_ here: GoEnvironment) {
        if let origin = here.origin {
            self.init(origin)
            return
        }
        guard let version = here.variables["GOVERSION"], let system = here.variables["GOOS"],
            let architecture = here.variables["GOARCH"]
        else { return nil }
        let name = Self.levelNames[architecture]
        let level = name.flatMap { name in here.variables[name].map { "\(name)=\($0)" } } ?? ""
        self.init(version, (system, architecture), level, nil)
    }

    /// The settings of the target as `go env` names them, without experiments.
    var environment: GoEnvironment {
        var result = GoEnvironment(variables: [
            "GOVERSION": version, "GOOS": system, "GOARCH": architecture,
        ])
        if let name = Self.levelNames[architecture] {
            result.variables[name] = String(level.drop { $0 != "=" }.dropFirst())
        }
        return result
    }

    /// The target in words, for example `go1.25.5 linux/amd64`.
    var words: String { "\(version) \(system)/\(architecture)" }

    /// Returns whether packages of an origin serve builds for the target, as far as both are known.
    func isServed(by origin: PackageOrigin) -> Bool { distance(to: origin) == 0 }

    /// Returns the origin that serves builds for the target or differs in the least, and of those the most
    /// frequent; `nil` if there are none.
    func nearest(among origins: [PackageOrigin]) -> PackageOrigin? {
        origins.min { (distance(to: $0), -$0.packages) < (distance(to: $1), -$1.packages) }
    }

    /// Returns the differences, weighed so that people hear of the fewest settings to change.
    private func distance(to origin: PackageOrigin) -> Int {
        (origin.version == version ? 0 : 4) + (origin.system == system ? 0 : 4)
            + (origin.architecture == architecture ? 0 : 4) + (hasLevel(of: origin) ? 0 : 2)
            + (hasExperiments(of: origin) ? 0 : 1)
    }

    /// Returns whether the levels agree, as far as both are known.
    private func hasLevel(of origin: PackageOrigin) -> Bool {
        guard origin.architecture == architecture, !level.isEmpty, !origin.level.isEmpty else { return true }
        // Go writes what a level implies behind it: `GOARM=7,hardfloat`, `GOARM64=v9.0,lse`.
        let isExact = experiments != nil
        return origin.level == level || !isExact && origin.level.hasPrefix("\(level),")
    }

    /// Returns whether the experiments agree, as far as both are known; versions and targets have their own.
    private func hasExperiments(of origin: PackageOrigin) -> Bool {
        guard let experiments, origin.version == version, origin.system == system,
            origin.architecture == architecture
        else { return true }
        return Set(experiments) == Set(origin.experiments)
    }

    /// Writes an origin into the environment of a job, in the words that make it equal to the environment
    /// here where both agree.
    ///
    /// - Parameters:
    ///   - origin: The origin.
    ///   - here: The environment here.
    ///   - job: The environment that is changed.
    func write(_ origin: PackageOrigin, over here: GoEnvironment, to job: inout GoEnvironment) {
        job.variables["GOVERSION"] = origin.version == version ? here.variables["GOVERSION"] : origin.version
        job.variables["GOOS"] = origin.system
        job.variables["GOARCH"] = origin.architecture
        if let name = Self.levelNames[origin.architecture] {
            let parts = origin.level.split(separator: "=", maxSplits: 1)
            let value = parts.count == 2 ? String(parts[1]) : job.variables[name]
            job.variables[name] = hasLevel(of: origin) ? here.variables[name] : value
        }
        job.variables["GOEXPERIMENT"] =
            hasExperiments(of: origin)
            ? here["GOEXPERIMENT"] : experimentWords(of: origin, from: here["GOEXPERIMENT"])
    }

    /// Returns the value of GOEXPERIMENT that would give an origin's experiments here.
    private func experimentWords(of origin: PackageOrigin, from value: String) -> String {
        var words = value.split(separator: ",").map(String.init)
        func replace(_ name: String, by other: String) {
            if words.contains(name) { words.removeAll { $0 == name } } else { words.append(other) }
        }
        for name in origin.experiments where experiments?.contains(name) == false {
            replace("no\(name)", by: name)
        }
        for name in experiments ?? [] where !origin.experiments.contains(name) {
            replace(name, by: "no\(name)")
        }
        return words.joined(separator: ",")
    }
}
