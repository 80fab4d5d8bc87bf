/// A checkout that jobs had at other places than here, so that its packages can't hit without `-trimpath`.
struct MovedCheckout {
    /// The directory of the checkout here.
    let here: String

    /// The directories of the checkout in the jobs, each with the sources that built there.
    let recorded: [Finding.Recorded]

    /// The import paths of the packages that no job built at their place here.
    let packages: Set<String>

    /// Compares the directories of packages with those in which an archive's packages were compiled.
    ///
    /// A compiled package names the directory of its sources. The key of a package that is compiled without
    /// `-trimpath` contains that directory (Go's cmd/go/internal/work/exec.go, `buildActionID`).
    ///
    /// The result is `nil` if the directories do not explain why a package misses.
    ///
    /// - Parameters:
    ///   - packages: Packages of the main modules that miss.
    ///   - built: The directories in which packages of their ``names(of:)`` were compiled.
    init?(_ packages: [PackageCommand.Listed], _ built: BuiltPlaces) {
        /// Returns the directories in which a package of this name was compiled.
        func places(_ package: PackageCommand.Listed) -> [String] {
            Array(built.places[Self.name(of: package), default: [:]].keys)
        }
        let elsewhere = packages.filter { !$0.directory.isEmpty && !places($0).contains($0.directory) }
        // Every program is called `main`, so its name tells less than that of another package.
        let libraries = elsewhere.filter { $0.name != "main" && !places($0).isEmpty }
        var pairs: [String: [String: Set<SourceSetNumber>]] = [:]
        for package in libraries.isEmpty ? elsewhere : libraries {
            let all = places(package)
            // Of several programs, those in a directory of the same name may be this one.
            let alike = all.filter { Self.roots(package.directory, $0).shared > 0 }
            for place in package.name == "main" && !alike.isEmpty ? alike : all {
                let (root, other, _) = Self.roots(package.directory, place)
                let sources = built.places[Self.name(of: package)]?[place] ?? []
                pairs[root, default: [:]][other, default: []].formUnion(sources)
            }
        }
        let best = pairs.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }
        guard let best else { return nil }
        here = best.key
        recorded = best.value.sorted { $0.key.precedes($1.key) }.map { place, sources in
            Finding.Recorded(value: place, sources: built.labels(of: sources))
        }
        let roots = pairs.keys
        self.packages = Set(
            elsewhere.filter { package in
                roots.contains { package.directory == $0 || package.directory.hasPrefix("\($0)/") }
            }
            .map(\.importPath)
        )
    }

    /// Returns the names that the compiled packages of some packages state.
    static func names(of packages: [PackageCommand.Listed]) -> Set<String> { Set(packages.map(name)) }

    private static func name(of package: PackageCommand.Listed) -> String {
        package.name == "main" ? "main" : package.importPath
    }

    /// Returns two paths without the elements at the end that they share, and the number of those elements.
    static func roots(_ first: String, _ second: String) -> (String, String, shared: Int) {
        let one = first.split(separator: "/"), other = second.split(separator: "/")
        // A path keeps at least one element.
        let limit = min(one.count, other.count) - 1
        let pairs = zip(one.reversed(), other.reversed()).prefix(max(0, limit))
        let shared = pairs.prefix { $0 == $1 }.count
        return (
            "/" + one.dropLast(shared).joined(separator: "/"),
            "/" + other.dropLast(shared).joined(separator: "/"), shared
        )
    }

    /// The finding that tells of the move.
    var finding: Finding {
        let place = recorded.first?.value ?? ""
        let isOne = recorded.count == 1
        let places = isOne ? "at `\(place)`" : "at `\(place)` and elsewhere"
        let target = isOne ? places : "where the job built it"
        return Finding(
            code: .checkoutPath,
            setting: Doctor.checkoutPath,
            recorded: recorded,
            here: here,
            severity: .someMiss,
            loss:
                "this checkout is at `\(here)`, and the jobs built \(places): without "
                + "-trimpath, packages of a checkout hit only where the job built them",
            mend: "check out \(target) here, or build with -trimpath in the jobs and here"
        )
    }
}
