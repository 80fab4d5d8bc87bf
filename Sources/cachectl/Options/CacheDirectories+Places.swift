import CacheStore
import FoundationEssentials
import SystemPackage

extension CacheDirectories {
    /// Refuses places where no cache can be: files and links that lead nowhere.
    ///
    /// - Parameter caches: The directories, which may be missing.
    /// - Throws: ``AdvisedError``, or `CacheStoreError` as the system says.
    func check(_ caches: GoCaches) throws {
        for (variable, path) in Self.pairs(caches) { _ = try isThere(variable, path) }
    }

    /// Leaves out the caches that no build has made.
    ///
    /// A vendored job, for example, never makes GOMODCACHE. A directory that the command line names must be
    /// there, because the name may be wrong.
    ///
    /// - Parameters:
    ///   - caches: The directories.
    ///   - program: The program that keeps the entries of Go's builds here instead of GOCACHE, if there is
    ///     one: see ``cacheProgram(askingGo:)``.
    ///   - mayNeedModules: Whether the job may need GOMODCACHE; otherwise its absence is no warning.
    /// - Returns: The directories that are there, and a warning for each that is not.
    /// - Throws: ``AdvisedError`` if a directory that the command line names is missing or all are missing,
    ///   or the errors of ``check(_:)``.
    func existing(
        _ caches: GoCaches,
        program: String? = nil,
        mayNeedModules: Bool = true
    ) throws -> (caches: GoCaches, warnings: [CacheStore.Warning]) {
        let cause = program.map {
            "`GOCACHEPROG` is set, so Go keeps its entries with the program `\($0)`, and not in GOCACHE: "
                + "build without `GOCACHEPROG` in jobs that are packed"
        }
        var found = caches
        var warnings: [CacheStore.Warning] = []
        for (variable, path) in Self.pairs(caches) where try !isThere(variable, path) {
            if option(variable) != nil {
                throw AdvisedError(
                    CacheStoreError(.notFound, "`\(variable.option)` names no directory", path: path),
                    advice: (variable == .buildCache ? cause : nil)
                        ?? "name the directory that a build has filled, as `go env \(variable.rawValue)` "
                        + "prints it there, or leave \(variable.noun) out with `\(variable.leavingOutOption)`"
                )
            }
            if variable == .buildCache || mayNeedModules { warnings.append(Self.absence(variable, path)) }
            switch variable {
            case .buildCache: found.buildCache = nil
            case .moduleCache: found.moduleCache = nil
            }
        }
        guard found.buildCache != nil || found.moduleCache != nil else {
            let places = Self.pairs(caches).map { "\($0.rawValue) `\($1)`" }.joined(separator: " nor ")
            throw AdvisedError(
                .notFound,
                "there is nothing to pack: no build has made \(places)",
                advice: cause
                    ?? "pack in the job that builds, as the same user and after its builds, or name the "
                    + "directories with `--gocache DIR` and `--gomodcache DIR`"
            )
        }
        return (found, warnings)
    }

    private static func pairs(_ caches: GoCaches) -> [(CacheVariable, FilePath)] {
        [(CacheVariable.buildCache, caches.buildCache), (.moduleCache, caches.moduleCache)]
            .compactMap { variable, path in path.map { (variable, $0) } }
    }

    private static func absence(_ variable: CacheVariable, _ path: FilePath) -> CacheStore.Warning {
        let loss =
            variable == .buildCache
            ? "the archive holds no entries, and builds that use it compile everything"
            : "the archive holds no modules, and builds that need modules download them"
        let message = "no build has made `\(path)`, which is \(variable.rawValue) here, so \(loss)"
        return CacheStore.Warning(code: .emptyCache, message: message)
    }

    /// Returns whether a directory is there, or nothing is.
    private func isThere(_ variable: CacheVariable, _ path: FilePath) throws -> Bool {
        let fault: String
        switch try Place(at: path) {
        case .directory: return true
        case .nothing: return false
        case .file: fault = "a file stands"
        case .special: fault = "a special file stands"
        case .brokenLink: fault = "a symbolic link that leads nowhere stands"
        }
        throw AdvisedError(
            CacheStoreError(.io, "\(fault) where \(variable.noun) should be", path: path),
            advice: "remove it, or name a directory with `\(variable.option) DIR`"
        )
    }
}

// MARK: - GOCACHEPROG

extension CacheDirectories {
    /// Returns the program that keeps the entries of Go's builds here instead of GOCACHE, if there is one.
    ///
    /// Go 1.24 and later ask such a program, and earlier versions do in an experiment. Where Go can't be
    /// asked, the variable counts.
    ///
    /// - Parameter asksGo: Whether the Go command may be asked.
    /// - Returns: The program, with its arguments.
    /// - Throws: ``Interruption``, or `CacheStoreError` if the machine is at fault.
    func cacheProgram(askingGo asksGo: Bool) async throws -> String? {
        let environment = ProcessInfo.processInfo.environment
        let variable = environment["GOCACHEPROG"] ?? ""
        let isExperiment = (environment["GOEXPERIMENT"] ?? "").contains("cacheprog")
        var program = variable
        if asksGo {
            do {
                program = try await asking(advice: "") { [goCommand] in
                    try await goCommand.variables(["GOCACHEPROG"])["GOCACHEPROG"] ?? ""
                }
                if program.isEmpty, isExperiment { program = variable }
            } catch is AdvisedError {
                // There is no Go here.
            }
        }
        return program.isEmpty ? nil : program
    }

    /// Returns the warning that a pack of GOCACHE may lack what this job has built.
    static func packWarning(of program: String, _ buildCache: FilePath) -> CacheStore.Warning {
        CacheStore.Warning(
            code: .cacheProgram,
            message: "`GOCACHEPROG` is set, so Go keeps what this job builds with the program `\(program)` "
                + "and not in `\(buildCache)`: the archive may lack it, and builds compile it again; build "
                + "without `GOCACHEPROG` in jobs that are packed"
        )
    }

    /// Returns the warning that builds here will not look into a GOCACHE that was restored.
    static func restoreWarning(of program: String, _ buildCache: FilePath) -> CacheStore.Warning {
        CacheStore.Warning(
            code: .cacheProgram,
            message: "`GOCACHEPROG` is set, so builds here ask the program `\(program)` and not "
                + "`\(buildCache)`: they will not hit what was restored; unset `GOCACHEPROG` for these builds"
        )
    }
}
