import SystemPackage

/// The warnings of a pack: circumstances that may be mistakes.
struct PackWarnings {
    let options: Pack.Options
    let caches: GoCaches
    /// The environment that was recorded.
    let environment: GoEnvironment
    /// The whole pack in figures.
    let totals: ArchiveTotals
    let leftOut: [LeftOut]
    /// The numbers of members that are not packed because they were not used.
    let unused: (entries: Int, modules: Int)

    /// Returns the warnings.
    ///
    /// - Parameters:
    ///   - base: A base that holds another pack with the same label, if there is one.
    ///   - zipped: The modules that travel as zips because of their names.
    /// - Returns: The warnings.
    func all(sharingLabel base: FilePath?, zipped: [ModuleKey]) -> [Warning] {
        var warnings: [Warning] = []
        if let base {
            let fault =
                "`\(base.shown)` holds another pack labelled `\(options.label)`, so the two can't be united"
            warnings.append(Warning(code: .duplicateLabel, message: fault, remedy: .relabelPack))
        }
        if !options.environment.isKnown {
            let loss = "nothing can tell later whether these entries will hit"
            warnings.append(
                Warning(code: .noEnvironment, message: "no Go environment was recorded, so \(loss)")
            )
        }
        warnings += [originWarning, moduleCacheWarning, fuzzWarning].compactMap(\.self)
        if !zipped.isEmpty {
            let names = zipped.prefix(5).map { "`\($0.unescaped)`" } + (zipped.count > 5 ? ["…"] : [])
            let message =
                "\(zipped.count == 1 ? "a module has" : "\(zipped.count) modules have") a file whose name "
                + "begins with `.wh.`, which image layers take for a removal: "
                + "\(names.joined(separator: ", ")); such a module travels as its zip, which Go unpacks when "
                + "a build needs it, so builds that need it must be able to write to GOMODCACHE"
            warnings.append(Warning(code: .whiteoutName, message: message))
        }
        return warnings + emptyWarnings
    }

    /// The warning that other toolchains or targets compiled the packages than `go env` states.
    private var originWarning: Warning? {
        let origins = environment.origins
        guard environment.isComplete, let first = origins.first, !origins.contains(where: isStated) else {
            return nil
        }
        let others = origins.count > 1 ? ", and by \(origins.count - 1) more" : ""
        let built = [first.version, first.target, first.level].filter { !$0.isEmpty }.joined(separator: " ")
        let count =
            first.packages == 1
            ? "1 compiled package states" : "\(first.packages) compiled packages state"
        let stated = "\(environment["GOVERSION"]) \(environment["GOOS"])/\(environment["GOARCH"])"
        return Warning(
            code: .packageOrigins,
            message:
                "\(count) that `\(built)` compiled them\(others), but "
                + "`go env` states `\(stated)`: only builds with the former hit",
            remedy: .packWhereBuilt
        )
    }

    /// The warning that packages were compiled under another GOMODCACHE.
    private var moduleCacheWarning: Warning? {
        let (built, expected) = (environment["GOMODCACHE"], options.environment["GOMODCACHE"])
        guard built != expected else { return nil }
        return Warning(
            code: .moduleCachePath,
            message:
                "packages of modules state that GOMODCACHE was `\(built)` when they were compiled, and not "
                + "`\(expected)`: without -trimpath, they hit only where GOMODCACHE is `\(built)`, so that "
                + "path is recorded; have GOMODCACHE there where builds use the archive, or build under the "
                + "path that it has there"
        )
    }

    /// Returns whether `go env` states an origin, as far as it tells.
    private func isStated(_ origin: PackageOrigin) -> Bool {
        guard origin.version == environment["GOVERSION"], origin.system == environment["GOOS"],
            origin.architecture == environment["GOARCH"]
        else { return false }
        let parts = origin.level.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { return true }
        let stated = environment[String(parts[0])]
        return stated.isEmpty || BuildTarget.states(origin.level, "\(parts[0])=\(stated)")
    }

    /// The warning that the user's own data in GOCACHE are not packed.
    private var fuzzWarning: Warning? {
        guard let corpora = leftOut.first(where: { $0.reason == .fuzzCorpus }) else { return nil }
        let message = "`\(corpora.path)` holds \(corpora.explanation), and Go does not make them again"
        return Warning(code: .fuzzCorpus, message: message, remedy: .keepCorpora)
    }

    /// Whether the job may need modules that are not in its checkout, as far as is known.
    private var mayNeedModules: Bool {
        guard let checkout = options.checkout else { return true }
        return (try? CheckoutModules(of: checkout).mayNeedOthers) ?? true
    }

    private var emptyWarnings: [Warning] {
        var warnings: [Warning] = []
        // With a base, an archive without members says nothing about the caches.
        guard options.bases.isEmpty else { return warnings }
        // A cache of which nothing was used is not empty.
        if let path = caches.buildCache, totals.byKind[.action] == nil, unused.entries == 0 {
            let message = "`\(path)` holds no entries of a build cache"
            warnings.append(Warning(code: .emptyCache, message: message))
        }
        if let path = caches.moduleCache, totals.byKind[.tree] == nil, totals.byKind[.mod] == nil,
            unused.modules == 0, mayNeedModules
        {
            warnings.append(Warning(code: .emptyCache, message: "`\(path)` holds no modules"))
        }
        return warnings
    }
}
