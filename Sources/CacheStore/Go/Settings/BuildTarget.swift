/// The toolchain and the target of builds, with which the origins of packages are compared.
struct BuildTarget {
    /// The version, for example `go1.25.5`.
    private let version: String
    private let system: String
    private let architecture: String

    /// The level as packages state it, for example `GOARM=7,hardfloat`; empty if none is known.
    private let level: String

    /// The value of the level's variable, for example `7`; `nil` if it is not known.
    ///
    /// Keys hold the value as it was given, so that `7` and `7,hardfloat` differ (Go's
    /// cmd/go/internal/work/exec.go, `buildActionID`).
    private let value: String?

    /// The experiments that are on; `nil` if they are not known.
    private let experiments: [String]?

    /// The name of the variable for an architecture's level, by the architecture.
    private static let levelNames = [
        "386": "GO386", "amd64": "GOAMD64", "arm": "GOARM", "arm64": "GOARM64", "mips": "GOMIPS",
        "mipsle": "GOMIPS", "mips64": "GOMIPS64", "mips64le": "GOMIPS64", "ppc64": "GOPPC64",
        "ppc64le": "GOPPC64", "riscv64": "GORISCV64", "wasm": "GOWASM",
    ]

    /// Returns the word that Go writes behind a level that implies it (Go's internal/buildcfg/cfg.go, `goarm`
    /// and `ParseGoarm64`).
    private static func implied(by variable: String) -> Substring? {
        if variable.hasPrefix("GOARM=5") { return "softfloat" }
        if variable.hasPrefix("GOARM=6") || variable.hasPrefix("GOARM=7") { return "hardfloat" }
        // From v8.1 on, the level has the atomic instructions.
        let isLarge = variable.hasPrefix("GOARM64=") && !variable.hasPrefix("GOARM64=v8.0")
        return isLarge ? "lse" : nil
    }

    private init(
        _ version: String,
        _ target: (String, String),
        _ level: String,
        _ value: String?,
        _ experiments: [String]?
    ) {
        self.version = version
        (system, architecture) = target
        self.level = level
        self.value = value
        self.experiments = experiments
    }

    /// Creates the target of builds that make packages of an origin.
    ///
    /// - Parameters:
    ///   - origin: The origin.
    ///   - job: The environment that was recorded with the packages.
    init(_ origin: PackageOrigin, in job: GoEnvironment) {
        let target = (origin.system, origin.architecture)
        let value = Self.value(of: origin, in: job)
        self.init(origin.version, target, origin.level, value, origin.experiments)
    }

    /// Creates the target of builds in an environment, or returns `nil` if the environment does not tell it.
    init?(_ here: GoEnvironment) {
        if let origin = here.origin {
            let target = (origin.system, origin.architecture)
            // Builds here take the variable, even if packages do not state the level in its words.
            let value = Self.levelNames[origin.architecture].flatMap { Setting.level($0, in: here) }
            self.init(origin.version, target, origin.level, value, origin.experiments)
            return
        }
        guard let version = here.variables["GOVERSION"], let system = here.variables["GOOS"],
            let architecture = here.variables["GOARCH"]
        else { return nil }
        let name = Self.levelNames[architecture]
        let value = name.flatMap { Setting.level($0, in: here) }
        let level = name.flatMap { name in here.variables[name].map { "\(name)=\($0)" } } ?? ""
        self.init(version, (system, architecture), level, value, nil)
    }

    /// The settings of the target as `go env` names them, without experiments.
    var environment: GoEnvironment {
        var result = GoEnvironment(variables: [
            "GOVERSION": version, "GOOS": system, "GOARCH": architecture,
        ])
        if let name = Self.levelNames[architecture] {
            result.variables[name] = value ?? String(level.drop { $0 != "=" }.dropFirst())
        }
        return result
    }

    /// The target in words, for example `go1.25.5 linux/amd64`.
    var words: String { "\(version) \(system)/\(architecture)" }

    /// Returns whether packages of an origin in a job serve builds for the target, as far as both are known.
    func isServed(by origin: PackageOrigin, of job: GoEnvironment) -> Bool { distance(to: origin, job) == 0 }

    /// Returns the origin of a job's packages that serves builds for the target or differs in the least, and
    /// of those the most frequent; `nil` if there are none.
    func nearest(in job: GoEnvironment) -> PackageOrigin? {
        job.origins.min { (distance(to: $0, job), -$0.packages) < (distance(to: $1, job), -$1.packages) }
    }

    /// Returns the differences, weighed so that people hear of the fewest settings to change.
    private func distance(to origin: PackageOrigin, _ job: GoEnvironment) -> Int {
        (origin.version == version ? 0 : 4) + (origin.system == system ? 0 : 4)
            + (origin.architecture == architecture ? 0 : 4) + (hasLevel(of: origin, job) ? 0 : 2)
            + (hasExperiments(of: origin) ? 0 : 1)
    }

    /// Returns the value of the level's variable in a job; `nil` if it is not known.
    ///
    /// The value that was recorded counts if the packages do not contradict it. Some state no level: those of
    /// GORISCV64 up to Go 1.25, those of GOWASM from Go 1.26 on, and those whose GOWASM was empty.
    private static func value(of origin: PackageOrigin, in job: GoEnvironment) -> String? {
        guard let name = levelNames[origin.architecture], let value = Setting.level(name, in: job) else {
            return nil
        }
        guard origin.level.isEmpty else {
            return states(origin.level, "\(name)=\(value)") ? value : nil
        }
        let minor = GoRelease.minor(of: origin.version) ?? .max
        // Earlier releases do not know these variables.
        if ["GOARM64", "GORISCV64"].contains(name), minor < 23 { return nil }
        return name == "GOWASM" && minor < 26 ? "" : value
    }

    /// Returns whether packages state a level if a variable has a value, both with the variable's name.
    ///
    /// Packages also state what the value implies, as in `GOARM64=v9.0,lse` (Go's internal/buildcfg/cfg.go).
    static func states(_ level: String, _ variable: String) -> Bool {
        let words = Set(variable.split(separator: ","))
        let stated = Set(level.split(separator: ","))
        return stated == words || implied(by: variable).map { stated == words.union([$0]) } ?? false
    }

    /// Returns whether the levels agree, as far as both are known.
    private func hasLevel(of origin: PackageOrigin, _ job: GoEnvironment) -> Bool {
        guard origin.architecture == architecture else { return true }
        if let value, let other = Self.value(of: origin, in: job) { return value == other }
        guard !level.isEmpty, !origin.level.isEmpty else { return true }
        let isExact = experiments != nil
        return origin.level == level || !isExact && Self.states(origin.level, level)
    }

    /// Returns whether the experiments agree, as far as both are known; versions and targets have their own.
    private func hasExperiments(of origin: PackageOrigin) -> Bool {
        guard let experiments, origin.version == version, origin.system == system,
            origin.architecture == architecture
        else { return true }
        return Set(experiments) == Set(origin.experiments)
    }

    /// Writes an origin into the environment of a job.
    ///
    /// Where both agree, the environment gets the words of the environment here, so that they are equal.
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
            let stated = parts.count == 2 ? String(parts[1]) : job.variables[name]
            let value = Self.value(of: origin, in: job) ?? stated
            job.variables[name] = hasLevel(of: origin, job) ? here.variables[name] : value
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
